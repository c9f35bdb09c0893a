/** The dev stack with its monitoring: all targets up, every query of rules and dashboards has its series, and faults raise their alerts. Exits 0 if so. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "amqplib";
import { readEndpoint } from "../broker/address.js";
import { targetsOf, topologyScript } from "../docker/monitoring-files.js";
import { monitoring, queriesOf, type Query } from "../monitoring/index.js";
import type { Topology } from "../topology/model.js";
import { debias } from "../topology/systems/debias.js";
import type { Opening } from "../ui/protocol.js";
import { configWords, docker, StackRun } from "./stack-run.js";

const PORTS = {
  ...{ amqpPort: 5740, managementPort: 15740, metricsPort: 15840, amqpsPort: 5739, httpsPort: 15739 },
  ...{ prometheusPort: 9190, alertmanagerPort: 9193, uiPort: 15749 },
} as const;

/** Beside a system with workers, what can be filled and mishandled at will. */
const TRIAL: Topology = {
  name: "trial",
  exchanges: { trial: { type: "topic" } },
  queues: { small: { type: "quorum", maxLength: 10, from: { trial: "small" } }, storm: { type: "classic", from: { trial: "storm" } } },
};
/** A node twice, two workers, the exporter. */
const TARGETS = 2 + 2 + 1;
const installation = { topologies: [debias as Topology, TRIAL] };

/** Queries that have no result on this stack, by what they are of, and why. Their series are there all the same. */
const EMPTY: readonly (readonly [RegExp, string])[] = [
  [/^dashboard workers, debias: event-api, /, "a service that only publishes has no container; the load that stands for it has no metrics"],
];
/** What is wrong with a query; `undefined`: nothing. */
async function faultOf(run: StackRun, { of, expr, series }: Query, present: ReadonlySet<string>): Promise<string | undefined> {
  const missing = series.filter((name) => !present.has(name));
  if (missing.length > 0) return `${of}: no series ${missing.join(", ")}`;
  try {
    // An alert's expression is empty while all is well.
    if ((await run.ask(expr)).length > 0 || of.startsWith("alert ") || EMPTY.some(([known]) => known.test(of))) return undefined;
  } catch (error) {
    return `${of}: ${(error as Error).message}`;
  }
  return `${of}: no result: ${expr}`;
}

async function allQueries(run: StackRun): Promise<void> {
  const { nodes, ...targets } = targetsOf(1);
  const queries = queriesOf(monitoring(installation, { name: run.prefix, nodes, ...targets, workers: ["any:9090"] }));
  const present = new Set(
    (await run.ask('count by (__name__) (last_over_time({__name__=~".+"}[15m]))')).map(({ metric }) => metric["__name__"] ?? ""),
  );
  let faults: string[] = [];
  // Rates need some scrapes.
  await run
    .until(
      "all queries",
      async () => {
        faults = [];
        for (const query of queries) {
          const fault = await faultOf(run, query, present);
          if (fault !== undefined) faults.push(fault);
        }
        return faults.length === 0;
      },
      20_000,
    )
    .catch(() => undefined);
  assert.deepEqual(faults, []);
  run.tell(`${queries.length} queries have their series`);
}

/** The live page: for whoever has the token, which nothing tells but the checkout's file and the secret output. */
async function page(run: StackRun, output: string): Promise<void> {
  const address = `http://127.0.0.1:${PORTS.uiPort}`;
  const token = readFileSync(join(run.clone.directory, ".warren/ui-token"), "utf8").trim();
  assert.ok(output.includes(`live page      ${address} `) && !output.includes(token), output);
  const scene = (given: string): Promise<Response> => fetch(`${address}/api/scene`, { headers: { authorization: `Bearer ${given}` } });
  await run.until("the page", async () => (await scene(token)).status === 200);
  assert.equal((await scene("another")).status, 401);
  const { scene: drawn, alertmanager } = (await (await scene(token)).json()) as Opening;
  assert.deepEqual([...new Set(drawn.nodes.map(({ vhost }) => vhost))].sort(), ["debias", "trial"]);
  assert.equal(alertmanager, true);
  const container = `${run.prefix}-ui`;
  const known = [...docker("inspect", container), ...docker("logs", container)].join("\n");
  assert.ok(!known.includes(token) && !known.includes(run.clone.password), "Docker tells the page's secrets");
  await run.until("its health", async () => docker("inspect", "--format", "{{.State.Health.Status}}", container)[0] === "healthy");
  run.tell("the page is up");
}

async function main(run: StackRun): Promise<void> {
  const { clone } = run;
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

  const settings = { ...PORTS, scrapeInterval: 2, certificateDays: 2, alertWebhook: webhook };
  const { output } = await clone.up(
    "--system",
    "./trial.cjs",
    "--monitoring",
    "--ui",
    "--workers",
    "--load",
    "--tls",
    ...configWords(settings),
  );
  run.tell("up");
  for (const line of [`Prometheus     ${run.prometheus}`, `Alertmanager   ${run.alertmanager}`, "Grafana        "])
    assert.ok(output.includes(line), output);
  assert.equal(readEndpoint(clone.directory)?.alertmanagerUrl, run.alertmanager);
  await run.targetsUp(TARGETS);
  await page(run, output);

  const scraped = async (): Promise<number> => Number((await run.ask('count_over_time(up{job="rabbitmq"}[1h])'))[0]?.value[1] ?? 0);
  const before = await scraped();
  const changed = await clone.up("--config", "alertHold=0.02");
  assert.match(changed.output, /replaced/);
  run.tell("other rules");
  await run.targetsUp(TARGETS);
  assert.ok((await scraped()) > before, "what Prometheus knew is gone");
  assert.match((await clone.up()).output, /unchanged/);
  run.tell("again: nothing changes");
  // Its certificates end in two days.
  await run.quiet(/^CertificateExpires/);

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
  run.stop("debias-qdrant-worker-0");
  run.stop("debias-neo4j-worker-0");
  for (let count = 0; count < 20; count++)
    events.publish("events", "", Buffer.from("{}"), { persistent: true, contentType: "application/json" });
  await run.fires([
    "CertificateExpires",
    "QueueFilling",
    "MessagesUnroutable",
    "QueueWithoutConsumers",
    "ServiceNotConsuming",
    "TargetDown",
  ]);
  await run.fires(["RedeliveryStorm"]);
  // Given back once, then taken.
  await storm.consume("small", (message) => message && (message.fields.redelivered ? storm.ack(message) : storm.nack(message)));
  await events.cancel(consumerTag);
  await events.close();
  clearInterval(nowhere);

  run.rabbitmqctl(0, "set_vm_memory_high_watermark", "0.00001");
  run.rabbitmqctl(0, "set_disk_free_limit", "900000000000000");
  await run.fires(["MemoryAlarm", "DiskAlarm"]);
  // It has dead letters to publish.
  run.start("debias-neo4j-worker-0");
  await run.fires(["PublishersBlocked"]);
  run.rabbitmqctl(0, "set_disk_free_limit", "256MB");
  run.rabbitmqctl(0, "set_vm_memory_high_watermark", "0.6");
  storming = false;
  // During an alarm the broker does not read from a connection that has published.
  await storm.close();
  run.start("debias-qdrant-worker-0");
  await run.fires(["DeadLettersArriving"]);
  await run.over("MemoryAlarm", "DiskAlarm", "PublishersBlocked", "QueueWithoutConsumers", "ServiceNotConsuming");
  // Handlers fail, and their messages are retried.
  run.stop("store");
  await sleep(5000);
  run.start("store");
  await run.targetsUp(TARGETS);
  await allQueries(run);

  const known = await run.firing();
  run.stop("exporter");
  await run.fires(["TargetDown warren-exporter"]);
  assert.ok(!known.has("NodeDown"));
  run.stop("broker-0");
  await run.fires(["NodeDown", "QuorumLost"]);
  assert.ok(heard.has("CertificateExpires") && heard.has("QueueFilling"), `the webhook heard of ${[...heard].join(", ")}`);
  run.tell(`${run.provoked.size} alerts, the webhook heard of ${heard.size}`);
  hook.close();
  hook.closeAllConnections();
}

StackRun.hold(PORTS, main);
