/** The dev stack grows to three nodes, restarts, takes TLS and shrinks while a service publishes; then every message is counted. Exits 0 if none is lost. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import amqp from "amqplib";
import { Management } from "../broker/index.js";
import { topology } from "../topology/index.js";
import { connect } from "../workers/index.js";
import { configWords, docker, StackRun } from "./stack-run.js";

const PORTS = { amqpPort: 5730, managementPort: 15730, metricsPort: 15830, amqpsPort: 5729, httpsPort: 15729 } as const;
/** No publisher waits longer for a promise while the nodes restart one after the other. */
const GAP_MS = 15_000;
/** In the queue before anything is changed, and every so many milliseconds one more. */
const BEFORE = 2000;
const PAUSE_MS = 10;

const TOPOLOGY = {
  name: "ledger",
  queues: {
    entries: { type: "quorum", maxLength: 1_000_000 },
    kept: { type: "quorum", maxLength: 1000 },
    log: { type: "stream", maxAge: "1 day" },
    notes: { type: "classic", maxLength: 100_000 },
  },
  messages: { entry: { to: { queue: "entries" } }, line: { to: { queue: "log" } }, note: { to: { queue: "notes" } } },
  services: { writer: { publishes: ["entry", "line", "note"] }, reader: { consumes: ["entries", "log", "notes"] } },
} as const;
const ledger = topology(TOPOLOGY);

/** Nodes' containers' time of start. */
const started = (run: StackRun, node: number): string =>
  docker("inspect", "--format", "{{.State.StartedAt}}", `${run.prefix}-broker-${node}`)[0] ?? "";

const management = ({ clone }: StackRun): Management =>
  new Management({ endpoint: `http://127.0.0.1:${PORTS.managementPort}`, username: "warren", password: clone.password });

/** The sizes of all replicated queues' groups. */
async function groups(run: StackRun): Promise<string[]> {
  const broker = management(run);
  const replicated = (await broker.placements()).filter(({ type }) => type !== "classic");
  const sizes = replicated.map(({ name, members = [], online = [] }) => `${name} ${members.length} ${online.length}`);
  await broker.close();
  return sizes.sort();
}

async function until(run: StackRun, expected: readonly string[]): Promise<void> {
  let found: readonly string[] = [];
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(500)) {
    found = await groups(run).catch(() => []);
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
  }
  assert.deepEqual(found, expected);
}

/** How many nodes are drained at once, at most, while something is done. */
async function drainedDuring({ clone }: StackRun, work: () => Promise<unknown>): Promise<number> {
  const headers = { authorization: `Basic ${Buffer.from(`warren:${clone.password}`).toString("base64")}` };
  const look = async (node: number): Promise<number> => {
    const url = `http://127.0.0.1:${PORTS.managementPort + node}/api/nodes?columns=name,being_drained`;
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(2000) });
    return ((await answer.json()) as { being_drained?: boolean }[]).filter((one) => one.being_drained).length;
  };
  let [most, looks, over] = [0, 0, false];
  const watching = (async () => {
    while (!over) {
      for (const found of await Promise.allSettled([0, 1, 2].map(look))) {
        if (found.status === "rejected") continue;
        looks++;
        most = Math.max(most, found.value);
      }
      await sleep(250);
    }
  })();
  await work().finally(() => (over = true));
  await watching;
  assert.ok(looks > 10, "the nodes were hardly looked at");
  return most;
}

/** The ids of all messages of a queue or a stream. */
async function drain(url: string, ca: string, queue: string, options: amqp.Options.Consume): Promise<Set<string>> {
  const connection = await amqp.connect(url, { ca: [ca] });
  const channel = await connection.createChannel();
  await channel.prefetch(200);
  const found = new Set<string>();
  await channel.consume(
    queue,
    (message) => {
      if (!message) return;
      found.add(String(message.properties.messageId));
      channel.ack(message);
    },
    options,
  );
  for (let size = -1; size !== found.size; await sleep(2000)) size = found.size;
  await connection.close();
  return found;
}

const urls = (count: number, user: string, secret: string): string[] =>
  Array.from({ length: count }, (_, index) => `amqp://${user}:${secret}@127.0.0.1:${PORTS.amqpPort + index}/ledger`);

async function main(run: StackRun): Promise<void> {
  const { clone, tell } = run;
  const up = async (...args: readonly string[]): Promise<string> => {
    const { output } = await clone.up(...args);
    tell(`up ${args.join(" ")}`);
    return output;
  };
  writeFileSync(join(clone.directory, "ledger.json"), JSON.stringify(TOPOLOGY));
  await up("--no-tls", "--system", "./ledger.json", "--config", "memoryMb=512", ...configWords(PORTS));
  await until(run, ["entries 1 1", "kept 1 1", "log 1 1"]);
  const passwords = await run.passwords();
  const passwordOf = (user: string): string => passwords[user] ?? "";

  const writer = await connect(ledger, {
    service: "writer",
    url: urls(3, "ledger.writer", passwordOf("ledger.writer")),
    backoff: { min: 50, max: 500 },
  });
  const confirmed = { entry: new Set<string>(), line: new Set<string>(), note: new Set<string>() };
  let failed = 0;
  let stopped = false;
  let last = Date.now();
  let gap = 0;
  const publish = async (message: keyof typeof confirmed): Promise<void> => {
    try {
      confirmed[message].add(String((await writer.publish(message, { at: Date.now() })).messageId));
      if (message === "entry") gap = Math.max(gap, Date.now() - last);
      if (message === "entry") last = Date.now();
    } catch {
      // Not promised to the publisher, so not lost.
      failed++;
    }
  };
  await Promise.all(Array.from({ length: BEFORE }, () => publish("entry")));
  // Into the classic queue while its node, which is the first one, is not being restarted: nobody else has it.
  await Promise.all(Array.from({ length: BEFORE }, () => publish("note")));
  assert.deepEqual([confirmed.entry.size, confirmed.note.size], [BEFORE, BEFORE]);
  const publishing = (async () => {
    const flying = new Set<Promise<void>>();
    while (!stopped) {
      for (const message of ["entry", "line"] as const) {
        const one = publish(message).finally(() => flying.delete(one));
        flying.add(one);
      }
      await sleep(PAUSE_MS);
    }
    await Promise.all(flying);
  })();

  const first = started(run, 0);
  await up("--nodes", "3");
  await until(run, ["entries 3 3", "kept 3 3", "log 3 3"]);
  assert.equal(started(run, 0), first, "the first node restarted when others came");

  const before = [0, 1, 2].map((node) => started(run, node));
  gap = 0;
  const drained = await drainedDuring(run, () => up("--tls", "--config", "memoryMb=500"));
  tell(`longest time without a confirm ${gap} ms, nodes drained at once ${drained}`);
  assert.ok(gap < GAP_MS, `for ${gap} ms nothing was confirmed while the nodes restarted`);
  assert.equal(drained, 1, "more than one node was drained, or none");
  await until(run, ["entries 3 3", "kept 3 3", "log 3 3"]);
  const after = [0, 1, 2].map((node) => started(run, node));
  assert.ok(
    after.every((time, node) => time !== before[node]),
    "a node was not restarted",
  );
  assert.deepEqual([...after].sort(), after, "the nodes did not restart in their order");
  assert.match(await up(), /\d+ unchanged/);
  const ca = readFileSync(join(clone.directory, ".warren/tls/ca.pem"), "utf8");
  const secure = new Management({
    endpoint: `https://127.0.0.1:${PORTS.httpsPort - 2}`,
    username: "warren",
    password: clone.password,
    ca,
  });
  assert.equal((await secure.nodes()).length, 3);
  await secure.close();

  // As an engine leaves it that is killed between a node's drain and its restart.
  docker("exec", "--user", "rabbitmq", `${run.prefix}-broker-1`, "rabbitmq-upgrade", "--quiet", "drain");
  assert.match(await up(), /rabbit@broker-1 was left drained/);
  await until(run, ["entries 3 3", "kept 3 3", "log 3 3"]);

  await up("--nodes", "1");
  await until(run, ["entries 1 1", "kept 1 1", "log 1 1"]);
  assert.deepEqual(docker("volume", "ls", "--quiet", "--filter", `label=warren.stack=${run.stack}`), [`${run.prefix}-broker-0`]);

  stopped = true;
  await publishing;
  await writer.close();
  const url = `amqps://ledger.reader:${passwordOf("ledger.reader")}@127.0.0.1:${PORTS.amqpsPort}/ledger`;
  const reader = await connect(ledger, { service: "reader", url, tls: { ca } });
  const entries = new Set<string>();
  let twice = 0;
  await reader.consume("entries", ({ messageId = "" }) => {
    if (entries.has(messageId)) twice++;
    entries.add(messageId);
  });
  for (let size = -1; size !== entries.size; await sleep(2000)) size = entries.size;
  await reader.close();
  const found = {
    entry: entries,
    line: await drain(url, ca, "log", { arguments: { "x-stream-offset": "first" } }),
    note: await drain(url, ca, "notes", {}),
  };
  tell(`refused ${failed}, entries twice ${twice}`);
  for (const message of ["entry", "line", "note"] as const) {
    const lost = [...confirmed[message]].filter((id) => !found[message].has(id));
    tell(`${message}: confirmed ${confirmed[message].size}, found ${found[message].size}, lost ${lost.length}`);
    assert.equal(lost.length, 0, `messages "${message}" were lost`);
  }
  assert.ok(confirmed.entry.size > BEFORE + 500, "the publisher hardly published");
  assert.ok(confirmed.line.size > 500, "the publisher of the stream hardly published");
}

StackRun.hold(PORTS, main);
