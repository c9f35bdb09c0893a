// The model of NetworkPolicies, against the sentences of the API's documentation.
import { describe, expect, it } from "vitest";
import type { KubernetesObject } from "../objects.js";
import { allows, inBlock, selects, type Attempt, type Pod } from "./evaluate.js";

const policy = (namespace: string, spec: object): KubernetesObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "p", namespace },
  spec,
});
const pod = (namespace: string, app: string): Pod => ({ namespace, labels: { app }, ports: { http: 8080 }, ip: "10.0.0.7" });
const attempt = (from: Attempt["from"], to: Attempt["to"], port = 80): Attempt => ({ from, to, port });
const [a, b] = [pod("x", "a"), pod("x", "b")];

describe("a NetworkPolicy", () => {
  it("that is none lets everything through", () => {
    expect(allows([], attempt(a, b))).toBe(true);
  });

  it("isolates the pods that it selects, in its namespace and for its directions alone", () => {
    const deny = policy("x", { podSelector: { matchLabels: { app: "b" } }, policyTypes: ["Ingress"] });
    expect(allows([deny], attempt(a, b))).toBe(false);
    expect(allows([deny], attempt(b, a))).toBe(true);
    expect(allows([deny], attempt(a, pod("y", "b")))).toBe(true);
    expect(allows([policy("x", { podSelector: {}, policyTypes: ["Egress"] })], attempt(a, pod("y", "b")))).toBe(false);
    expect(allows([policy("x", { podSelector: {} })], attempt(pod("y", "c"), a))).toBe(false);
  });

  it("adds to others: one that lets it through is enough, on each side", () => {
    const deny = policy("x", { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    const into = policy("x", {
      podSelector: { matchLabels: { app: "b" } },
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ podSelector: {} }] }],
    });
    const out = policy("x", { podSelector: { matchLabels: { app: "a" } }, policyTypes: ["Egress"], egress: [{}] });
    expect(allows([deny, into], attempt(a, b))).toBe(false);
    expect(allows([deny, out], attempt(a, b))).toBe(false);
    expect(allows([deny, into, out], attempt(a, b))).toBe(true);
  });

  it("means its own namespace with a podSelector alone, both with both, every pod there with a namespaceSelector alone", () => {
    const from = (peer: object) => policy("x", { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ from: [peer] }] });
    const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": "y" } };
    const podSelector = { matchLabels: { app: "a" } };
    expect(allows([from({ podSelector })], attempt(a, b))).toBe(true);
    expect(allows([from({ podSelector })], attempt(pod("y", "a"), b))).toBe(false);
    expect(allows([from({ namespaceSelector })], attempt(pod("y", "z"), b))).toBe(true);
    expect(allows([from({ namespaceSelector, podSelector })], attempt(pod("y", "z"), b))).toBe(false);
    expect(allows([from({ namespaceSelector, podSelector })], attempt(pod("y", "a"), b))).toBe(true);
    expect(allows([from({ namespaceSelector: { matchLabels: { team: "t" } } })], attempt(pod("y", "a"), b), { y: { team: "t" } })).toBe(
      true,
    );
  });

  it("takes a port by number, by name and as a range, and of its protocol alone", () => {
    const on = (port: object) => policy("x", { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ ports: [port] }] });
    expect(allows([on({ port: "http" })], attempt(a, b, 8080))).toBe(true);
    expect(allows([on({ port: "http" })], attempt(a, b, 80))).toBe(false);
    expect(allows([on({ port: 6000, endPort: 6500 })], attempt(a, b, 6500))).toBe(true);
    expect(allows([on({ port: 6000, endPort: 6500 })], attempt(a, b, 6501))).toBe(false);
    expect(allows([on({ port: 53, protocol: "UDP" })], attempt(a, b, 53))).toBe(false);
    expect(allows([on({ protocol: "UDP" })], { ...attempt(a, b, 53), protocol: "UDP" })).toBe(true);
  });

  it("knows blocks of addresses and their holes", () => {
    const out = policy("x", {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [{ to: [{ ipBlock: { cidr: "192.168.0.0/16", except: ["192.168.7.0/24"] } }] }],
    });
    expect(allows([out], attempt(a, { ip: "192.168.8.1" }))).toBe(true);
    expect(allows([out], attempt(a, { ip: "192.168.7.1" }))).toBe(false);
    expect(allows([out], attempt(a, { ip: "192.169.0.1" }))).toBe(false);
    expect(inBlock("10.0.0.1", "0.0.0.0/0")).toBe(true);
    expect(inBlock("10.0.0.1", "10.0.0.1/32")).toBe(true);
  });

  it("selects with expressions", () => {
    const of = (operator: string, ...values: string[]) => ({ matchExpressions: [{ key: "app", operator, values }] });
    expect([of("In", "a"), of("NotIn", "a"), of("Exists"), of("DoesNotExist")].map((each) => selects(each, { app: "a" }))).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect([of("In", "a"), of("NotIn", "a"), of("Exists"), of("DoesNotExist")].map((each) => selects(each, {}))).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(() => selects(of("Like"), {})).toThrow("Like");
  });
});
