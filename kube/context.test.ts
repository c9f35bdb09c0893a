// Which cluster is meant: only the one that is named, and only while it is the current one.
import { KubeConfig } from "@kubernetes/client-node";
import { expect, it } from "vitest";
import { kubeConfig } from "./context.js";

function contexts(current: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: "c", server: "https://127.0.0.1:1" }],
    users: [{ name: "u", token: "hidden" }],
    contexts: ["staging", "production"].map((name) => ({ name, cluster: "c", user: "u" })),
    currentContext: current,
  });
  return config;
}

it("is given where it is the current one", () => {
  expect(kubeConfig("production", contexts("production")).getCurrentContext()).toBe("production");
});

it.each([
  [undefined, "production", /kubeContext is not set[^]*allowed: staging, production/],
  ["prod", "production", /no such context[^]*allowed: staging, production/],
  [
    "production",
    "staging",
    /current context is "staging", and warren:kubeContext is "production": nothing is done[^]*use-context production/,
  ],
])("%s while %s is the current one is refused, with what to do", (named, current, message) => {
  expect(() => kubeConfig(named, contexts(current))).toThrow(message);
  expect(() => kubeConfig(named, contexts(current))).not.toThrow(/hidden/);
});
