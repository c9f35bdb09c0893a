// Configuration, the checkout's own secrets, the summary.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { compileInstallation } from "../topology/compile/compile.js";
import { localSecret } from "./local-secrets.js";
import { monitoringPorts } from "./monitoring-settings.js";
import { readSettings, toolPorts } from "./settings.js";
import { summaryText } from "./summary.js";

const configure = (values: Readonly<Record<string, string>>, secret: readonly string[] = []): void => {
  const named = (key: string): string => `warren:${key}`;
  process.env["PULUMI_CONFIG_SECRET_KEYS"] = JSON.stringify(secret.map(named));
  pulumi.runtime.setAllConfig(Object.fromEntries(Object.entries(values).map(([key, value]) => [named(key), value])), secret.map(named));
};
afterEach(() => configure({}));

describe("the configuration", () => {
  it("is complete without a word, and the empty defaults of Pulumi.yaml are none", () => {
    for (const values of [{}, { environment: "", image: "", amqpPort: "", adminPassword: "", secrets: "{}", brokerVersion: "" }]) {
      configure(values);
      expect(readSettings()).toMatchObject({
        system: "contextiq",
        broker: {
          kind: "docker",
          nodes: 1,
          listeners: { tls: true, plain: true },
          image: "rabbitmq:4.3-management",
          ports: { amqp: 5672, management: 15672, metrics: 15692 },
        },
        allowDataLoss: false,
        strict: false,
        secrets: {},
        passwords: {},
      });
    }
  });

  it.each<[Record<string, string>, RegExp]>([
    [{ broker: "dockr" }, /warren:broker is "dockr"[^]*allowed: docker, external/],
    [{ amqpPort: "70000" }, /warren:amqpPort is "70000"[^]*from 1 to 65535/],
    [{ managementPort: "1.5" }, /warren:managementPort is "1\.5"/],
    [{ allowDataLoss: "yes" }, /warren:allowDataLoss is "yes"[^]*true, false/],
    [{ brokerVersion: "3.13" }, /warren:brokerVersion is "3\.13"[^]*4\.0, 4\.1/],
    [{ secrets: "[1]" }, /warren:secrets is not an object/],
    [{ passwords: "{" }, /warren:passwords is not an object/],
    [{ nodes: "2" }, /warren:nodes is "2"[^]*allowed: 1, 3, 5/],
    [{ plain: "false", tls: "false" }, /warren:plain and warren:tls are false: the broker would listen nowhere/],
    [{ nodes: "3", metricsPort: "15673" }, /Port 15673 would be the metrics of broker-0 and the management of broker-1 port/],
    [
      { monitoring: "true", prometheusPort: "9093" },
      /Port 9093 would be the prometheus and the alertmanager port[^]*warren:prometheusPort, warren:alertmanagerPort$/,
    ],
    [{ monitoring: "true", alertmanagerPort: "15672" }, /Port 15672 would be the management of broker-0 and the alertmanager port/],
    [{ monitoring: "true", grafanaImage: "g", grafanaPort: "9090" }, /Port 9090 would be the prometheus and the grafana port/],
    [{ ui: "true", uiPort: "15674", nodes: "3" }, /Port 15674 would be the management of broker-2 and the ui port[^]*warren:uiPort/],
    [{ ui: "true", uiPort: "9090", monitoring: "true" }, /Port 9090 would be the prometheus and the ui port/],
    [{ ui: "true", uiPort: "0" }, /warren:uiPort is "0"/],
    [{ workers: "true", workerReplicas: "0" }, /warren:workerReplicas is "0"/],
    [{ monitoring: "true", alertHold: "-1" }, /warren:alertHold is "-1"[^]*from 0 to 100/],
    [{ monitoring: "true", scrapeInterval: "0" }, /warren:scrapeInterval is "0"/],
    [{ monitoring: "true", alertWebhook: "ftp://token@host" }, /warren:alertWebhook is "\(no such address\)"[^]*http:\/\//],
    [{ certificateDays: "0" }, /warren:certificateDays is "0"/],
    [{ broker: "external" }, /warren:endpoint is not set/],
    [{ broker: "external", endpoint: "http://a", username: "u" }, /warren:password is not set[^]*--secret/],
  ])("is refused with the key and what could stand there: %j", (values, message) => {
    configure(values);
    expect(() => readSettings()).toThrow(message);
  });

  it("has a monitoring that is switched on, with the tools' own ports", () => {
    configure({ monitoring: "true", alertHold: "0.02", prometheusPort: "9190", grafanaImage: "" });
    const { broker } = readSettings();
    expect(broker).toMatchObject({
      monitoring: {
        ports: { prometheus: 9190, alertmanager: 9093 },
        hold: 0.02,
        interval: 15,
        images: { prometheus: "prom/prometheus:v3.5.0" },
      },
    });
    const monitoring = broker.kind === "docker" ? broker.monitoring : undefined;
    // Grafana listens nowhere without an image.
    expect(monitoring && monitoringPorts(monitoring)).toEqual([
      { tool: "prometheus", key: "warren:prometheusPort", port: 9190 },
      { tool: "alertmanager", key: "warren:alertmanagerPort", port: 9093 },
    ]);
    configure({});
    expect(readSettings().broker).toMatchObject({ monitoring: undefined });
  });

  it("has a live page that is switched on; ports of what is off are nobody's", () => {
    configure({ ui: "true" });
    const { broker } = readSettings();
    expect(broker).toMatchObject({ uiPort: 15680 });
    expect(broker.kind === "docker" && toolPorts(broker)).toEqual([{ tool: "ui", key: "warren:uiPort", port: 15680 }]);
    configure({ uiPort: "5672", prometheusPort: "5672", grafanaPort: "9090" });
    expect(readSettings().broker).toMatchObject({ uiPort: undefined, monitoring: undefined });
    configure({ monitoring: "true", grafanaPort: "9090" });
    expect(() => readSettings()).not.toThrow();
  });

  it.each(["adminPassword", "salt", "secrets", "passwords"])("is refused where %s stands in clear", (key) => {
    const value = key === "secrets" || key === "passwords" ? '{"a":"sekret"}' : "sekret";
    configure({ [key]: value });
    expect(() => readSettings()).toThrow(new RegExp(`warren:${key} stands in clear`));
    expect(() => readSettings()).not.toThrow(/sekret/);
    configure({ [key]: value }, [key]);
    expect(() => readSettings()).not.toThrow();
  });
});

describe("a secret of the checkout", () => {
  it("is made once, random, for its owner alone", () => {
    const folder = mkdtempSync(join(tmpdir(), "warren-secrets-"));
    const made = localSecret(folder, "salt");
    expect(made).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(localSecret(folder, "salt")).toBe(made);
    expect(localSecret(folder, "other")).not.toBe(made);
    expect(readFileSync(join(folder, ".warren/salt"), "utf8").trim()).toBe(made);
    expect(statSync(join(folder, ".warren/salt")).mode & 0o777).toBe(0o600);
    writeFileSync(join(folder, ".warren/salt"), "");
    expect(() => localSecret(folder, "salt")).toThrow(/cannot be used \(it is empty\)/);
    rmSync(folder, { recursive: true });
  });

  it("is not made where the state is shared: others need the same", () => {
    const folder = mkdtempSync(join(tmpdir(), "warren-secrets-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    vi.stubEnv("WARREN_SHARED_STATE", "true");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(() => localSecret(folder, "salt")).toThrow(/no \.warren\/salt, and it is not made here/);
    expect(readdirSync(folder)).toEqual([]);
    mkdirSync(join(folder, ".warren"));
    writeFileSync(join(folder, ".warren/salt"), "a copy\n");
    expect(localSecret(folder, "salt")).toBe("a copy");
  });
});

it("the summary says what is there and where to look", () => {
  const plan = compileInstallation({
    topologies: [
      {
        name: "orders",
        exchanges: { x: { type: "topic" } },
        queues: { a: { type: "quorum", from: { x: "#" } }, b: { type: "classic" } },
        users: { me: {} },
      },
      { name: "a-longer-name" },
    ],
  });
  const text = summaryText(plan, {
    system: "all",
    managementUrl: "http://127.0.0.1:15672",
    amqpUrl: undefined,
    administrator: "warren",
    passwordIn: "a/file",
    pulumi: "pulumi",
    page: "http://127.0.0.1:15680",
    monitoring: { prometheusUrl: "http://p", alertmanagerUrl: "http://a", grafana: "left out: no image" },
  });
  expect(text.split("\n")).toEqual([
    "vhost          exchanges  queues  bindings  policies  users",
    "orders                 1       2         1         0      1",
    "a-longer-name          0       0         0         0      0",
    "",
    "management UI  http://127.0.0.1:15672  (user warren, password in a/file)",
    "Prometheus     http://p",
    "Alertmanager   http://a",
    "Grafana        left out: no image",
    "live page      http://127.0.0.1:15680  (the address with its token: pulumi stack output uiUrl --show-secrets)",
    "users          me",
    "",
    "npx warren graph orders     the flow of its messages",
    "npx warren drift orders     the live broker against the topology",
    "pulumi stack output passwords --show-secrets     the users' passwords",
  ]);
});
