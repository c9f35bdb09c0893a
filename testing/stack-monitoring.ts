/** The dev stack with its monitoring: all targets up, every query of rules and dashboards has its series, and faults raise their alerts. Exits 0 if so. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "amqplib";
import { readEndpoint } from "../broker/address.js";
import { targetsOf, topologyScript } from "../docker/monitoring-files.js";
import { monitoring, queriesOf, type Query } from "../monitoring/index.js";
import type { Topology } from "../topology/model.js";
import { debias } from "../topology/systems/debias.js";
import { Clone } from "./clone.js";

const stack = process.env["WARREN_STACK"] ?? "";
const prefix = `warren-${stack}`;
const PORTS = {
  ...{ amqpPort: 5740, managementPort: 15740, metricsPort: 15840, amqpsPort: 5739, httpsPort: 15739 },
  ...{ prometheusPort: 9190, alertmanagerPort: 9193 },
} as const;
const PROMETHEUS = `http://127.0.0.1:${PORTS.prometheusPort}`;
const ALERTMANAGER = `http://127.0.0.1:${PORTS.alertmanagerPort}`;
const WAIT_MS = 75_000;

/** Beside a system with workers, what can be filled and mishandled at will. */
const TRIAL: Topology = {
  name: "trial",
  exchanges: { trial: { type: "topic" } },
  queues: { small: { type: "quorum", maxLength: 10, from: { trial: "small" } }, storm: { type: "classic", from: { trial: "storm" } } },
};
const installation = { topologies: [debias as Topology, TRIAL] };

/** Queries that have no result on this stack, by what they are of, and why. Their series are there all the same. */
const EMPTY: readonly (readonly [RegExp, string])[] = [
  [/^dashboard workers, debias: event-api, /, "a service that only publishes has no container; the load that stands for it has no metrics"],
];
const began = Date.now();
const tell = (text: string): void => console.log(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)}s  ${text}`);
const docker = (...args: readonly string[]): string[] => execFileSync("docker", args, { encoding: "utf8" }).split("\n").filter(Boolean);
const rabbitmqctl = (...args: readonly string[]): void =>
  void docker("exec", "--user", "rabbitmq", `${prefix}-broker-0`, "rabbitmqctl", "--quiet", ...args);
const stop = (name: string): void => void docker("stop", "-t", "5", `${prefix}-${name}`);
const start = (name: string): void => void docker("start", `${prefix}-${name}`);
const left = (): string[] => [
  ...docker("ps", "--all", "--quiet", "--filter", `label=warren.stack=${stack}`),
  ...docker("volume", "ls", "--quiet", "--filter", `label=warren.stack=${stack}`),
  ...docker("network", "ls", "--quiet", "--filter", `label=warren.stack=${stack}`),
];

async function until(what: string, holds: () => Promise<boolean | undefined>, ms = WAIT_MS): Promise<void> {
  for (const deadline = Date.now() + ms; Date.now() < deadline; await sleep(500)) if (await holds().catch(() => false)) return;
  throw new Error(`${what}: not within ${ms / 1000} seconds`);
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** Throws with what Prometheus says of a query that it does not take. */
async function ask(query: string): Promise<Sample[]> {
  const answer = await fetch(`${PROMETHEUS}/api/v1/query`, { method: "POST", body: new URLSearchParams({ query }) });
  const { status, error, data } = (await answer.json()) as { status: string; error?: string; data?: { result: Sample[] } };
  if (status !== "success" || !data) throw new Error(`${error}: ${query}`);
  return data.result;
}

/** The alerts that Alertmanager has, by name, and by name and job. */
async function firing(): Promise<Set<string>> {
  const answer = await fetch(`${ALERTMANAGER}/api/v2/alerts?active=true`);
  return new Set(
    ((await answer.json()) as { labels: { alertname: string; job?: string } }[]).flatMap(({ labels }) => [
      labels.alertname,
      `${labels.alertname} ${labels.job}`,
    ]),
  );
}

const provoked = new Set<string>();
async function fires(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await until(`alert ${name}`, async () => (await firing()).has(name));
    provoked.add(name);
    tell(`${name} fires`);
  }
}

async function targetsUp(): Promise<void> {
  let down: readonly string[] = ["none asked"];
  const expected = 2 + 2 + 1;
  try {
    await until("all targets", async () => {
      const { data } = (await (await fetch(`${PROMETHEUS}/api/v1/targets`)).json()) as {
        data: { activeTargets: { scrapeUrl: string; health: string; lastError: string }[] };
      };
      down = data.activeTargets.filter(({ health }) => health !== "up").map((target) => `${target.scrapeUrl} ${target.lastError}`);
      return data.activeTargets.length === expected && down.length === 0;
    });
  } catch (error) {
    throw new Error(`targets are down: ${down.join("; ")}`, { cause: error });
  }
  tell(`${expected} targets are up`);
}

/** What is wrong with a query; `undefined`: nothing. */
async function faultOf({ of, expr, series }: Query, present: ReadonlySet<string>): Promise<string | undefined> {
  const missing = series.filter((name) => !present.has(name));
  if (missing.length > 0) return `${of}: no series ${missing.join(", ")}`;
  try {
    // An alert's expression is empty while all is well.
    if ((await ask(expr)).length > 0 || of.startsWith("alert ") || EMPTY.some(([known]) => known.test(of))) return undefined;
  } catch (error) {
    return `${of}: ${(error as Error).message}`;
  }
  return `${of}: no result: ${expr}`;
}

async function allQueries(): Promise<void> {
  const { nodes, ...targets } = targetsOf(1);
  const queries = queriesOf(monitoring(installation, { name: prefix, nodes, ...targets, workers: ["any:9090"] }));
  const present = new Set(
    (await ask('count by (__name__) (last_over_time({__name__=~".+"}[15m]))')).map(({ metric }) => metric["__name__"] ?? ""),
  );
  let faults: string[] = [];
  // Rates need some scrapes.
  await until(
    "all queries",
    async () => {
      faults = [];
      for (const query of queries) {
        const fault = await faultOf(query, present);
        if (fault !== undefined) faults.push(fault);
      }
      return faults.length === 0;
    },
    20_000,
  ).catch(() => undefined);
  assert.deepEqual(faults, []);
  tell(`${queries.length} queries have their series`);
}

async function main(clone: Clone): Promise<void> {
  symlinkSync(join(resolve(__dirname, ".."), "node_modules"), join(clone.directory, "node_modules"));
  writeFileSync(join(clone.directory, "trial.cjs"), topologyScript(installation));
  // On the bridge between containers and this machine.
  const [gateway = ""] = docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}");
  const heard = new Set<string>();
  const hook = createServer((request, response) => {
    let body = "";
    request.on("data", (more) => (body += String(more)));
    request.on("end", () => {
      for (const { labels } of (JSON.parse(body) as { alerts: { labels: { alertname: string } }[] }).alerts) heard.add(labels.alertname);
      response.end();
    });
  });
  await new Promise<void>((listening) => hook.listen(0, gateway, listening));
  const address = hook.address();
  const webhook = `http://${gateway}:${address !== null && typeof address === "object" ? address.port : 0}/`;

  assert.deepEqual(left(), []);
  const settings = { ...PORTS, scrapeInterval: 2, certificateDays: 2, alertWebhook: webhook };
  const config = Object.entries(settings).flatMap(([key, value]) => ["--config", `${key}=${value}`]);
  const { output } = await clone.up("--system", "./trial.cjs", "--monitoring", "--workers", "--load", "--tls", ...config);
  tell("up");
  for (const line of [`Prometheus     ${PROMETHEUS}`, `Alertmanager   ${ALERTMANAGER}`, "Grafana        "])
    assert.ok(output.includes(line), output);
  assert.equal(readEndpoint(clone.directory)?.alertmanagerUrl, ALERTMANAGER);
  await targetsUp();

  const scraped = async (): Promise<number> => Number((await ask('count_over_time(up{job="rabbitmq"}[1h])'))[0]?.value[1] ?? 0);
  const before = await scraped();
  const changed = await clone.up("--config", "alertHold=0.02");
  assert.match(changed.output, /replaced/);
  tell("other rules");
  await targetsUp();
  assert.ok((await scraped()) > before, "what Prometheus knew is gone");
  assert.match((await clone.up()).output, /unchanged/);
  tell("again: nothing changes");
  // Its certificates end in two days.
  await until("quiet", async () => [...(await firing())].every((name) => name.startsWith("CertificateExpires")));

  const open = (vhost: string) => connect(`amqp://warren:${encodeURIComponent(clone.password)}@127.0.0.1:${PORTS.amqpPort}/${vhost}`);
  const trial = await open("trial");
  const system = await open("debias");
  // The broker is stopped at the end.
  for (const connection of [trial, system]) connection.on("error", () => undefined);
  const [publisher, storm, events] = [await trial.createChannel(), await trial.createChannel(), await system.createChannel()];
  for (let count = 0; count < 10; count++) publisher.publish("trial", "small", Buffer.from("x"));
  // Of a classic queue the exporter tells the age of the message that waits at its head.
  for (let count = 0; count < 2; count++)
    publisher.publish("trial", "storm", Buffer.from("x"), { timestamp: Math.floor(Date.now() / 1000) });
  await storm.prefetch(1);
  let storming = true;
  await storm.consume("storm", (message) => message && setTimeout(() => storming && storm.nack(message), 10));
  const nowhere = setInterval(() => publisher.publish("trial", "nowhere", Buffer.from("x")), 1000);
  // Another consumer than the service that promises it; nothing is acked.
  await events.prefetch(1);
  const { consumerTag } = await events.consume("events.qdrant", () => undefined);
  stop("debias-qdrant-worker-0");
  stop("debias-neo4j-worker-0");
  for (let count = 0; count < 20; count++)
    events.publish("events", "", Buffer.from("{}"), { persistent: true, contentType: "application/json" });
  await fires("CertificateExpires", "QueueFilling", "MessagesUnroutable", "QueueWithoutConsumers", "ServiceNotConsuming", "TargetDown");
  await fires("RedeliveryStorm");
  // Given back once, then taken.
  await storm.consume("small", (message) => message && (message.fields.redelivered ? storm.ack(message) : storm.nack(message)));
  await events.cancel(consumerTag);
  await events.close();
  clearInterval(nowhere);

  rabbitmqctl("set_vm_memory_high_watermark", "0.00001");
  rabbitmqctl("set_disk_free_limit", "900000000000000");
  await fires("MemoryAlarm", "DiskAlarm");
  // It has dead letters to publish.
  start("debias-neo4j-worker-0");
  await fires("PublishersBlocked");
  storming = false;
  await storm.close();
  rabbitmqctl("set_disk_free_limit", "256MB");
  rabbitmqctl("set_vm_memory_high_watermark", "0.6");
  start("debias-qdrant-worker-0");
  await fires("DeadLettersArriving");
  await until("the end of the alarms", async () => {
    const now = await firing();
    return !["MemoryAlarm", "DiskAlarm", "PublishersBlocked", "QueueWithoutConsumers", "ServiceNotConsuming"].some((name) => now.has(name));
  });
  tell("what is over fires no more");
  // Handlers fail, and their messages are retried.
  stop("store");
  await sleep(5000);
  start("store");
  await targetsUp();
  await allQueries();

  const known = await firing();
  stop("exporter");
  await fires("TargetDown warren-exporter");
  assert.ok(!known.has("NodeDown"));
  stop("broker-0");
  await fires("NodeDown", "QuorumLost");
  assert.ok(heard.has("CertificateExpires") && heard.has("QueueFilling"), `the webhook heard of ${[...heard].join(", ")}`);
  tell(`${provoked.size} alerts, the webhook heard of ${heard.size}`);
  hook.close();
  hook.closeAllConnections();
}

const clone = new Clone();
void main(clone)
  .then(() => 0)
  .catch((error: unknown) => {
    console.error(error);
    return 1;
  })
  .then(async (code) => {
    await clone.remove();
    const rest = left();
    if (rest.length > 0) console.error(`left: ${rest.join(", ")}`);
    else tell("down, nothing is left");
    process.exit(rest.length > 0 ? 1 : code);
  });
