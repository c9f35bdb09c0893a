/**
 * `npm run check:prod`: the prod stack on the lab's cluster. Conformance, workers with their autoscalers, an update, a pod killed and a machine drained
 * under load, a rotation, and nothing left at the end. Exits 0 if all of it holds and nothing that was confirmed is lost.
 */
import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { brokerNames, brokerSelector } from "../k8s/names.js";
import { downCluster, isPresent } from "../lab/kubernetes/down.js";
import { kubectl } from "../lab/kubernetes/kubectl.js";
import { nodeAddress } from "../lab/kubernetes/layout.js";
import { upCluster } from "../lab/kubernetes/up.js";
import { WarrenError } from "../topology/errors.js";
import { topologyScript } from "../topology/script.js";
import { contextiq } from "../topology/systems/contextiq.js";
import { verdict, type Entry } from "../workers/faults/ledger.js";
import { connect } from "../workers/index.js";
import { storeServer } from "../workers/reference/stores/index.js";
import { BROKER, ProdRun, WORKERS } from "./kubernetes/prod-run.js";
import { ledgerTopology, RunningLedger } from "./running-ledger.js";

const options = new Command("npm run check:prod --")
  .description("Puts the prod stack with contextiq on the lab's cluster, tries it under faults and load, and takes it away again.")
  .option("--only <parts...>", "conformance, faults, scaling, rotation, scale, guard (default: all)")
  .option("--measured <file>", "keep the run of the autoscaler: CSV of time, depth, replicas, messages")
  .option("--svg <file>", "draw that run beside its simulation")
  .option("--keep", "leave the cluster up")
  .addHelpText("after", "\nNeeds Linux and root. Exit codes: 0 all is as it should be, 1 something is not.\n")
  .parse()
  .opts<{ only?: string[]; measured?: string; svg?: string; keep?: true }>();

process.env["WARREN_STACK"] = "prod";
process.env["CI"] = "true";

const SYSTEM = "./both.cjs";
const QUEUE = "extraction.requests";
const WORKER = "contextiq-extraction-worker";
const STORE = { host: nodeAddress(1), port: 7011 } as const;
/** Milliseconds before each of the three answers that an extraction asks for: 2 s of handler, as its load says. */
const STORE_DELAY = 650;
/** Longest time without a confirm while one node of the broker is away. */
const GAP_MS = 30_000;

/** One replica of ten handlers does 5 of these in a second; a hundred of them ask for one more. */
const BURST = 1500;
const STEADY = { rate: 20, seconds: 90 } as const;
const SCALE = { min: 2, max: 10, perReplica: 100 } as const;
/** On machines that are played. */
const WIDE = 20;
const SMALL = { resources: { cpu: "20m", memory: "160Mi" } } as const;

const ownStore = { MEMORY_STORE_URL: `http://${STORE.host}:${STORE.port}`, MODEL_URL: `http://${STORE.host}:${STORE.port}` };
const worker = { env: ownStore, replicas: SCALE, ...SMALL };
/** On so little CPU as they are promised here, CPU would ask for more and more of them. */
const merging = { replicas: { min: 2, max: 4, perReplica: 1000 }, ...SMALL };
const complete = {
  workers: { store: true, load: 0 },
  services: { contextiq: { "extraction-worker": worker, "consolidation-worker": merging } },
};

async function conformance({ clone, tell }: ProdRun): Promise<void> {
  const { code, stdout, output } = await clone.npm("conformance", "--", "--profile", "full", "--json");
  assert.match(stdout, /^\{/m, output);
  const report = JSON.parse(stdout.slice(stdout.search(/^\{/m))) as {
    readonly probes: readonly { readonly cases: readonly { readonly result: string }[] }[];
  };
  const results = report.probes.flatMap(({ cases }) => cases.map(({ result }) => result));
  tell(`conformance full: ${results.filter((result) => result === "success").length} of ${results.length} promises kept`);
  assert.equal(code, 0, output);
}

async function again(run: ProdRun, file: string): Promise<void> {
  const { output } = await run.up(SYSTEM, file);
  assert.match(output, /Resources:\n\s+\d+ unchanged\n/);
}

/** What the stack made is what it has written down, its own users among it. */
async function undrifted({ clone, tell }: ProdRun): Promise<void> {
  const { code, stdout, output } = await clone.warrenInStack("drift", "./.warren/topology.prod.cjs");
  assert.equal(code, 0, output);
  tell(`drift: ${stdout.trim().split("\n").at(-1)}`);
}

/** The broker's nodes go one after the other, for three reasons, while a ledger is written. */
async function faults(run: ProdRun): Promise<void> {
  const book = await RunningLedger.begin({ nodes: [run.amqpsUrl], passwords: await run.passwords(), ca: run.ca });
  const steady = (what: string): void => {
    run.tell(`${what}: longest time without a confirm ${book.longestGap} ms`);
    assert.ok(book.longestGap < GAP_MS, `for ${book.longestGap} ms nothing was confirmed`);
    book.forget();
  };
  const set = brokerNames(BROKER.cluster).statefulSet;
  const revision = (): Promise<string> => run.field(BROKER.namespace, ["statefulset", set], "{.status.updateRevision}");

  const before = await revision();
  book.forget();
  await run.up(SYSTEM, run.settings("restarted", { ...complete, cluster: { config: "collect_statistics_interval = 4000" } }));
  await run.until("a new revision of the broker's pods", async () => (await revision()) !== before, 120_000);
  await run.wholeBroker();
  steady("rolling restart");

  await kubectl("Killing a pod", ["-n", BROKER.namespace, "delete", "pod", `${set}-1`, "--force", "--grace-period=0"]);
  await sleep(2000);
  await run.wholeBroker();
  steady(`${set}-1 killed`);

  const node = await run.field(BROKER.namespace, ["pod", `${set}-2`], "{.spec.nodeName}");
  await kubectl("Draining a machine", ["drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=300s"], {
    limit: 310_000,
  });
  run.tell(`${node} is drained`);
  await sleep(10_000);
  await kubectl("Giving the machine back", ["uncordon", node]);
  await run.wholeBroker();
  steady(`${node} drained`);

  await book.end();
  const { sent, confirmed, failed, processed, lost, waiting, discarded, unexpected, duplicates } = verdict(book.entries);
  run.tell(`sent ${sent}, confirmed ${confirmed}, failed ${failed}, processed ${processed}, duplicates ${duplicates}, lost ${lost.length}`);
  assert.deepEqual([lost, waiting, discarded, unexpected], [[], [], [], []]);
  assert.ok(confirmed > 3000, "the ledger hardly published");
}

/** Sessions whose extraction is asked for: one at a time, each with something worth remembering. */
async function publishing(run: ProdRun): Promise<{ send: (ids: readonly string[]) => Promise<Entry[]>; close: () => Promise<void> }> {
  const user = "contextiq.sessions-api";
  const url = new URL("/contextiq", run.amqpsUrl);
  url.username = user;
  url.password = (await run.passwords())[user] ?? "";
  const bus = await connect(contextiq, { service: "sessions-api", url: url.href, tls: { ca: run.ca } });
  const send = async (ids: readonly string[]): Promise<Entry[]> =>
    await Promise.all(
      ids.map(async (id): Promise<Entry> => {
        await bus.publish("extraction.request", { session_id: id, user_id: "ann" });
        return { kind: "confirmed", id, at: Date.now() };
      }),
    );
  return { send, close: () => bus.close() };
}

/** What went through an autoscaler, point by point. */
class Course {
  readonly rows: string[] = ["time,depth,replicas,rate,messages"];
  readonly #began = Date.now();
  most = 0;
  redelivered = 0;

  constructor(private readonly run: ProdRun) {}

  get seconds(): number {
    return (Date.now() - this.#began) / 1000;
  }

  /** Messages a second from now on, and messages that come at once, where they change. */
  async look(rate?: number, burst?: number): Promise<{ readonly depth: number; readonly replicas: number }> {
    const [{ messages: depth, redelivered }, replicas] = await Promise.all([this.run.queue("contextiq", QUEUE), this.run.ready(WORKER)]);
    this.most = Math.max(this.most, replicas);
    this.redelivered = redelivered;
    this.rows.push([this.seconds.toFixed(1), depth, replicas, rate ?? "", burst ?? ""].join(","));
    return { depth, replicas };
  }

  /** To the next of the moments at which one looks. */
  async pause(): Promise<void> {
    await sleep(2000 - ((Date.now() - this.#began) % 2000));
  }
}

/** The autoscaler on the real depth of a queue with real pods: 2 to 10 and back; nothing that was begun is begun again. */
async function scaling(run: ProdRun): Promise<void> {
  const ids = Array.from({ length: BURST + STEADY.rate * STEADY.seconds }, (_, index) => `session-${index}`);
  const sessions = Object.fromEntries(ids.map((id) => [id, { user_id: "ann", events: [`Remembers ${id}`] }]));
  const store = await storeServer({ ...STORE, behaviour: { delay: STORE_DELAY }, records: { sessions } });
  const { send, close } = await publishing(run);
  try {
    await run.until("two workers", async () => (await run.ready(WORKER)) === SCALE.min, 120_000);
    const { redelivered } = await run.queue("contextiq", QUEUE);
    const entries: Entry[] = ids.map((id) => ({ kind: "sent", id, at: 0 }));
    const course = new Course(run);
    await course.look(STEADY.rate, BURST);
    entries.push(...(await send(ids.slice(0, BURST))));
    let sent = BURST;
    for (let ended = false; ; await course.pause()) {
      const due = Math.min(ids.length, BURST + Math.floor(course.seconds * STEADY.rate));
      entries.push(...(await send(ids.slice(sent, due))));
      sent = due;
      const { depth, replicas } = await course.look(sent === ids.length && !ended ? 0 : undefined);
      ended ||= sent === ids.length;
      if (ended && depth === 0 && replicas === SCALE.min) break;
      assert.ok(course.seconds < 900, `after ${course.seconds} s there are ${replicas} workers, and ${depth} messages`);
    }
    const kept = async (path: string): Promise<unknown> => await (await fetch(`${store.url}${path}`)).json();
    const { records } = (await kept("/collections/memories")) as {
      readonly records: readonly { readonly value: { readonly session_id: string } }[];
    };
    for (const { value } of records) entries.push({ kind: "effect", id: value.session_id, at: Date.now() });
    const { memories } = (await kept("/counts")) as { readonly memories: { readonly writes: number } };
    const { lost, processed } = verdict(entries);
    const twice = memories.writes - processed;
    const redeliveries = course.redelivered - redelivered;
    const way = `${SCALE.min} -> ${course.most} -> ${SCALE.min} workers in ${Math.round(course.seconds)}s`;
    run.tell(`${way}: ${processed} of ${ids.length} handled, ${lost.length} lost, ${twice} handled twice, ${redeliveries} redelivered`);
    const measured = join(run.clone.directory, "measured.csv");
    writeFileSync(measured, `${course.rows.join("\n")}\n`);
    if (options.measured) copyFileSync(measured, options.measured);
    await compared(run, measured);
    assert.equal(course.most, SCALE.max);
    // Twice is what a store that took too long is asked again; a pod that is ended with work in its hands would be a redelivery.
    assert.deepEqual([lost, redeliveries], [[], 0]);
  } finally {
    await close();
    await store.close();
  }
}

/** The same minutes as `warren size` sees them, of a service with these handlers and an autoscaler with these rules. */
async function compared(run: ProdRun, measured: string): Promise<void> {
  const { clone, tell } = run;
  const { services } = contextiq;
  const scaled = { ...contextiq, services: { ...services, "extraction-worker": { ...services["extraction-worker"], replicas: SCALE } } };
  writeFileSync(join(clone.directory, "scaled.cjs"), topologyScript({ topologies: [scaled] }));
  writeFileSync(join(clone.directory, "behavior.json"), await run.field(WORKERS, ["hpa", WORKER], "{.spec.behavior}"));
  const handler = (3 * STORE_DELAY) / 1000;
  const { code, stdout, output } = await clone.warren(
    ...["size", "./scaled.cjs", "--service", "extraction-worker", "--measured", measured, ...(options.svg ? ["--svg", options.svg] : [])],
    ...["--mean", `${handler}s`, "--p95", `${(1.1 * handler).toFixed(2)}s`, "--polling", "5s", "--behavior", "./behavior.json"],
  );
  assert.equal(code, 0, output);
  tell(`beside its simulation:\n${stdout}`);
}

/** The same autoscaler on machines that are played: 2 to 20 and back. Nobody consumes there. */
async function scale(run: ProdRun): Promise<void> {
  const tolerations = [{ key: "kwok.x-k8s.io/node", operator: "Exists" }];
  const wide = { replicas: { ...SCALE, max: WIDE }, resources: worker.resources };
  const workers = { store: false, load: 0, nodeSelector: { type: "kwok" }, tolerations };
  const played = { workers, services: { contextiq: { ...complete.services.contextiq, "extraction-worker": wide } } };
  await run.up(SYSTEM, run.settings("played", played));
  await run.until("two played workers", async () => (await run.ready(WORKER)) === SCALE.min, 120_000);
  const { send, close } = await publishing(run);
  const began = Date.now();
  const seconds = (): number => Math.round((Date.now() - began) / 1000);
  await send(Array.from({ length: WIDE * SCALE.perReplica }, (_, index) => `nobody-${index}`));
  await close();
  await run.until(`${WIDE} workers`, async () => (await run.ready(WORKER)) === WIDE, 600_000);
  run.tell(`${SCALE.min} -> ${WIDE} workers on played machines in ${seconds()}s`);
  await run.api("DELETE", `/queues/contextiq/${QUEUE}/contents`);
  await run.until("two workers again", async () => (await run.ready(WORKER)) === SCALE.min, 600_000);
  run.tell(`${WIDE} -> ${SCALE.min} in ${seconds()}s`);
}

/** A second generation of a service's credentials: its pods are replaced, nobody is refused, and the first user is used no more. */
async function rotation(run: ProdRun): Promise<void> {
  const users = async (): Promise<string[]> =>
    ((await run.api("GET", "/connections?columns=user,channels")) as { readonly user: string }[]).map(({ user }) => user);
  const user = "contextiq.analytics";
  assert.ok((await users()).includes(user));
  const since = new Date().toISOString();
  const next = run.settings("rotated", {
    ...complete,
    services: { contextiq: { ...complete.services.contextiq, analytics: { ...SMALL, generation: 2 } } },
  });
  await run.up(SYSTEM, next);
  await run.until(
    "only the second user",
    async () => {
      const now = await users();
      return now.includes(`${user}.2`) && !now.includes(user);
    },
    120_000,
  );
  const log = await kubectl("The broker's log", [
    ...["-n", BROKER.namespace, "logs", "--container", "rabbitmq", "--prefix", "--tail=-1", `--since-time=${since}`],
    ...["--selector", brokerSelector(BROKER.cluster)],
  ]);
  const refused = log.split("\n").filter((line) => /refused|invalid credentials/i.test(line));
  run.tell(`rotation: ${user} to ${user}.2, ${refused.length} connections refused`);
  assert.deepEqual(refused, []);
}

/** What would take messages away is refused before it begins. */
async function guard(run: ProdRun): Promise<void> {
  await run.api("POST", "/exchanges/ledger/amq.default/publish", {
    ...{ properties: { delivery_mode: 2 }, routing_key: "entries", payload: "{}", payload_encoding: "string" },
  });
  await run.until("a message", async () => (await run.queue("ledger", "entries")).messages === 1, 30_000);
  const { code, output } = await run.clone.npm("down", "--", "--stack", "prod");
  assert.notEqual(code, 0);
  assert.match(output, /entries[^]*1 message|1 message[^]*entries/);
  assert.equal(await run.field(BROKER.namespace, ["rabbitmqcluster", BROKER.cluster], "{.spec.replicas}"), String(BROKER.nodes));
  assert.equal((await run.queue("ledger", "entries")).messages, 1);
  run.tell("down with a message in a queue: refused, everything is there");
}

const PARTS = { conformance, faults, scaling, rotation, scale, guard } as const;
type Part = keyof typeof PARTS;

async function main(run: ProdRun, parts: readonly Part[]): Promise<void> {
  writeFileSync(join(run.clone.directory, SYSTEM), topologyScript({ topologies: [contextiq, ledgerTopology] }));
  // Conformance wants queues that nobody consumes from; the exporter reads a copy of dead letters.
  if (parts.includes("conformance")) {
    await run.up(SYSTEM, run.settings("bare", { workers: { deploy: false, load: 0 }, monitoring: { exporter: false } }));
    await conformance(run);
  }
  const whole = run.settings("whole", complete);
  await run.up(SYSTEM, whole);
  await again(run, whole);
  await undrifted(run);
  await run.open();
  for (const part of parts) if (part !== "conformance") await PARTS[part](run);
}

async function checked(): Promise<number> {
  const unknown = options.only?.find((name) => !Object.hasOwn(PARTS, name));
  if (unknown !== undefined) throw new WarrenError(`There is no part "${unknown}"`, { allowed: Object.keys(PARTS), exitCode: 2 });
  const parts = (Object.keys(PARTS) as Part[]).filter((name) => options.only?.includes(name) ?? true);
  const there = isPresent();
  const { kubeconfig } = await upCluster({ nodes: BROKER.nodes, kwok: 5 });
  process.env["KUBECONFIG"] = kubeconfig;
  const run = new ProdRun();
  let code = 0;
  try {
    await main(run, parts);
  } catch (error) {
    console.error(error);
    code = 1;
  }
  const left = await run.remove();
  if (left.length === 0) run.tell("down, nothing is left in the cluster");
  else console.error(`left: ${left.join(", ")}`);
  if (!options.keep && !there) await downCluster();
  return left.length > 0 ? 1 : code;
}

checked().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof WarrenError ? `error: ${error.message}` : error);
    process.exit(error instanceof WarrenError ? error.exitCode : 1);
  },
);
