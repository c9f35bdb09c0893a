/**
 * The dev stack of three nodes under faults, with a ledger: each node killed, one cut off, a disk full, a certificate expired, Prometheus stopped.
 * Each fault raises its alert in Alertmanager, and nothing that was confirmed is lost. Exits 0 if so.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { Management } from "../broker/index.js";
import { conform } from "../conformance/index.js";
import type { Faults } from "../conformance/target.js";
import { makeServer } from "../docker/certificates.js";
import { TLS_FOLDER } from "../docker/files.js";
import { topologyScript } from "../docker/monitoring-files.js";
import { INSIDE } from "../docker/nodes.js";
import type { Topology } from "../topology/model.js";
import { debias } from "../topology/systems/debias.js";
import { verdict } from "../workers/faults/ledger.js";
import { faultsOf } from "./faults-of.js";
import { ledgerTopology, RunningLedger } from "./running-ledger.js";
import { configWords, docker, StackRun } from "./stack-run.js";

const PORTS = {
  ...{ amqpPort: 5760, managementPort: 15760, metricsPort: 15860, amqpsPort: 5759, httpsPort: 15759 },
  ...{ prometheusPort: 9290, alertmanagerPort: 9293 },
} as const;
const NODES = [0, 1, 2] as const;
/** Three nodes twice, two workers, the exporter. */
const TARGETS = 3 + 3 + 2 + 1;
/** Longest time without a confirm while one node is away; while publishers are blocked there is none. */
const GAP_MS = 30_000;

/** For the conformance suite, which wants queues that nobody uses. */
const trial: Topology = {
  name: "trial",
  exchanges: { jobs: { type: "topic" } },
  queues: { jobs: { type: "quorum", from: { jobs: "job.*" }, maxLength: 10_000 } },
  messages: { job: { to: "jobs", key: "job.{kind}" } },
  services: { web: { publishes: ["job"] } },
};
const installation = { topologies: [debias as Topology, ledgerTopology as Topology, trial] };

/** The containers of the stack's nodes, with the right to take them down. */
class StackNodes implements Faults {
  readonly nodes = NODES.map((index) => `rabbit@broker-${index}`);

  constructor(private readonly run: StackRun) {}

  async kill(node: string): Promise<void> {
    docker("kill", "--signal", "KILL", this.#container(node));
  }

  async start(node: string): Promise<void> {
    docker("start", this.#container(node));
  }

  /** In the network namespace of its container: clients come from outside, and reach it. */
  async partition(node: string): Promise<void> {
    for (const other of this.nodes.filter((name) => name !== node)) this.#rule("--append", node, this.#address(other));
  }

  async heal(node: string): Promise<void> {
    for (const other of this.nodes.filter((name) => name !== node)) this.#rule("--delete", node, this.#address(other));
  }

  #container(node: string): string {
    return `${this.run.prefix}-${node.replace("rabbit@", "")}`;
  }

  #inspect(node: string, format: string): string {
    return docker("inspect", "--format", format, this.#container(node))[0] ?? "";
  }

  #address(node: string): string {
    return this.#inspect(node, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");
  }

  #rule(what: string, node: string, other: string): void {
    const inside = ["--target", this.#inspect(node, "{{.State.Pid}}"), "--net", "iptables", "--wait", what];
    for (const rule of [
      ["INPUT", "--source", other],
      ["OUTPUT", "--destination", other],
    ])
      execute("nsenter", ...inside, ...rule, "--jump", "DROP");
  }
}

function execute(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ["ignore", "ignore", "pipe"] });
}

/** How many nodes run, as one of them sees it. */
async function runningAt({ clone }: StackRun, index: number): Promise<number> {
  const management = new Management({
    ...{ endpoint: `http://127.0.0.1:${PORTS.managementPort + index}`, username: "warren", password: clone.password },
    ...{ connectTimeoutMs: 3000, answerTimeoutMs: 3000 },
  });
  try {
    return (await management.nodes()).filter(({ running }) => running).length;
  } finally {
    await management.close();
  }
}

/** A node's certificate as a client on this machine is shown it: when it ends. */
function expiryOf(node: number): Promise<Date> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: "127.0.0.1", port: PORTS.amqpsPort - node, rejectUnauthorized: false }, () => {
      resolve(new Date(socket.getPeerCertificate().valid_to));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

/** A certificate that has ended a moment ago, on the node and in the checkout, as if nobody had run an update for too long. */
async function expireCertificate(run: StackRun): Promise<void> {
  const folder = join(run.clone.directory, ".warren/tls");
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const authority = { cert: read("ca.pem"), key: read("ca.key") };
  const { cert, key } = await makeServer(authority, ["DNS:broker-0", "DNS:localhost", "IP:127.0.0.1"], 0);
  for (const [name, there, text] of [
    ["broker-0.key", "server.key", key],
    ["broker-0.pem", "server.pem", cert],
  ] as const) {
    writeFileSync(join(folder, name), text);
    // The broker's user has to read it, and a copy keeps the mode.
    const copy = join(run.clone.directory, there);
    writeFileSync(copy, text, { mode: 0o644 });
    docker("cp", copy, `${run.prefix}-broker-0:${TLS_FOLDER}/${there}`);
    rmSync(copy);
  }
  run.rabbitmqctl(0, "eval", "ssl:clear_pem_cache().");
}

async function main(run: StackRun): Promise<void> {
  const { clone, tell } = run;
  writeFileSync(join(clone.directory, "ledger.cjs"), topologyScript(installation));
  const settings = { ...PORTS, memoryMb: 640, scrapeInterval: 2, alertHold: 0.02 };
  await clone.up("--system", "./ledger.cjs", "--nodes", "3", "--tls", "--monitoring", "--workers", "--load", ...configWords(settings));
  tell("up: three nodes, TLS, monitoring, workers, load");
  await run.targetsUp(TARGETS);
  const urls = NODES.map((index) => `amqp://127.0.0.1:${PORTS.amqpPort + index}`);
  const book = await RunningLedger.begin({ nodes: urls, passwords: await run.passwords() });
  const nodes = new StackNodes(run);
  const whole = (): Promise<void> =>
    run.until(
      "three nodes",
      async () => (await Promise.all(NODES.map((index) => runningAt(run, index)))).every((count) => count === 3),
      120_000,
    );
  const steady = (what: string): void => {
    tell(`${what}: longest time without a confirm ${book.longestGap} ms`);
    assert.ok(book.longestGap < GAP_MS, `for ${book.longestGap} ms nothing was confirmed`);
    book.forget();
  };
  await run.quiet();

  for (const index of NODES) {
    const node = `rabbit@broker-${index}`;
    book.forget();
    await nodes.kill(node);
    await run.fires([`NodeDown broker-${index}:${INSIDE.metrics}`], { label: "instance" });
    await nodes.start(node);
    await whole();
    await run.over("NodeDown");
    steady(`${node} killed`);
  }

  await nodes.partition("rabbit@broker-2");
  // Nodes notice after 60 seconds without a word.
  await run.fires(["ClusterPartitioned"], { ms: 120_000 });
  await nodes.heal("rabbit@broker-2");
  await whole();
  await run.over("ClusterPartitioned");
  steady("rabbit@broker-2 cut off");

  run.rabbitmqctl(1, "set_disk_free_limit", "900000000000000");
  await run.fires(["DiskAlarm"]);
  run.rabbitmqctl(1, "set_disk_free_limit", "256MB");
  await run.over("DiskAlarm");
  tell(`disk full: longest time without a confirm ${book.longestGap} ms`);
  book.forget();

  await expireCertificate(run);
  assert.ok((await expiryOf(0)).getTime() <= Date.now(), "the node shows its old certificate");
  // The exporter looks at certificates every few minutes, and when it starts.
  docker("restart", "-t", "5", `${run.prefix}-exporter`);
  await run.fires(["CertificateExpires"]);
  await clone.up();
  tell("up: a new certificate");
  assert.ok((await expiryOf(0)).getTime() > Date.now() + 86_400_000, "the node has no new certificate");
  await whole();
  docker("restart", "-t", "5", `${run.prefix}-exporter`);
  await run.over("CertificateExpires");
  steady("certificate expired and renewed");

  run.stop("prometheus");
  await run.fires(["PrometheusDown"]);
  run.start("prometheus");
  await run.over("PrometheusDown");
  await run.targetsUp(TARGETS);
  steady("Prometheus stopped");

  const report = await conform(
    {
      installation: { topologies: [trial] },
      management: { endpoint: `http://127.0.0.1:${PORTS.managementPort}`, username: "warren", password: clone.password },
      amqpUrl: `amqp://127.0.0.1:${PORTS.amqpPort}`,
      nodes: NODES.length,
      nodeUrls: Object.fromEntries(NODES.map((index) => [`rabbit@broker-${index}`, `amqp://127.0.0.1:${PORTS.amqpPort + index}`])),
      faults: nodes,
    },
    { profile: "full", only: ["node-killed", "node-partitioned"] },
  );
  assert.equal(faultsOf(report), "");
  assert.ok(report.probes.every(({ result }) => result === "success"));
  tell(`conformance: ${report.probes.map(({ name, cases }) => `${name} ${cases.length}`).join(", ")}`);

  await book.end();
  const { sent, confirmed, failed, processed, lost, waiting, discarded, unexpected, duplicates } = verdict(book.entries);
  tell(`sent ${sent}, confirmed ${confirmed}, failed ${failed}, processed ${processed}, duplicates ${duplicates}, lost ${lost.length}`);
  assert.deepEqual([lost, waiting, discarded, unexpected], [[], [], [], []]);
  assert.ok(confirmed > 5000, "the ledger hardly published");
  const used = run.memory();
  const total = [...used.values()].reduce((sum, one) => sum + one, 0);
  tell(`${total} MB: ${[...used].map(([name, mb]) => `${name} ${mb}`).join(", ")}`);
  assert.ok(total < 8192, "more than 8 GiB");
  tell(`${run.provoked.size} alerts provoked`);
}

StackRun.hold(PORTS, main);
