/** The exporter without a broker: what it watches by the topology, what it makes of what it sees, that it serves while nobody answers. */
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { connect, createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Management } from "../broker/management.js";
import { run } from "../cli/main.js";
import { listenAddress } from "../cli/verbs/exporter.js";
import { makeCertificates } from "../testing/certificates.js";
import { compileInstallation } from "../topology/compile/compile.js";
import { topology } from "../topology/define.js";
import type { Topology } from "../topology/model.js";
import { systems } from "../topology/systems/index.js";
import { letterOf, type BrokerSettings } from "../workers/dead-letters/index.js";
import { certificateEndpoint, expiryOf, firstExpiry } from "./certificates.js";
import { Choice } from "./choice.js";
import { Copies } from "./copies.js";
import { Faults } from "./faults.js";
import { driftCounts, headAges, liveConsumers } from "./readings.js";
import { metrics, SERIES } from "./series.js";
import { deathOf, REASONS, subjects, type Subject } from "./subjects.js";
import { Watcher } from "./watcher.js";

const one = (of: Topology | undefined): Subject => {
  const [subject] = of ? subjects({ topologies: [of] }) : [];
  if (!subject) throw new Error("no subject");
  return subject;
};

test("each system: its dead-letter queues with their bindings, no ladder, no default exchange", () => {
  const watched = Object.values(systems).flatMap((system) =>
    one(system).watched.map(({ queue, bindings }) => [queue, ...bindings.map(({ exchange, key }) => `${exchange}:${key}`)]),
  );
  expect(watched).toEqual([
    ["dead_letter", "contextiq.dlx:dead_letter"],
    ["events.dlq", "events.dlx:"],
    ["document_processing_dlq", "fo_analytics:document.failed"],
    ["tasks.dead", "cgcg.dlx:"],
    ["stage7.dead_letters", "stage7.dlx:"],
  ]);
});

test("what may die there begins at 0: by the settings of the queue and by who consumes it", () => {
  const { deaths, notes } = one(
    topology({
      name: "t",
      exchanges: { in: { type: "topic" }, dlx: { type: "direct" } },
      queues: {
        a: {
          type: "quorum",
          from: { in: "a" },
          messageTtl: "1 hour",
          deadLetterTo: { exchange: "dlx", routingKey: "a" },
          retry: ["1 second"],
        },
        b: { type: "classic", from: { in: "b" }, maxLength: 5, deadLetterTo: { exchange: "dlx", routingKey: "b" } },
        c: { type: "quorum", from: { in: "c" }, deliveryLimit: -1, deadLetterTo: { queue: "c.dead" } },
        // Its rungs bring back what is there already.
        "a.dead": { type: "quorum", from: { dlx: "a" }, retry: ["1 second"] },
        "b.dead": { type: "classic", from: { dlx: "b" } },
        "c.dead": { type: "classic" },
      },
      services: { s: { consumes: ["a"] } },
    }),
  );
  const of = (queue: string) => deaths.filter((death) => death.queue === queue).map(({ source, reason }) => `${source} ${reason}`);
  expect(of("a.dead")).toEqual(
    ["rejected", "expired", "delivery_limit", "exhausted", "malformed", "invalid", "parked"].map((why) => `a ${why}`),
  );
  expect(of("b.dead")).toEqual(["b rejected", "b maxlen"]);
  expect(of("c.dead")).toEqual([]);
  expect(notes).toEqual([expect.stringMatching(/"c\.dead" are not counted.*default exchange/)]);
});

test("labels have few values, whatever a message says of itself", () => {
  const subject = one(systems["stage7"]);
  const known = new Set([...subject.deaths.map(({ source }) => source), "other", "stage7.dead_letters"]);
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom("warren-queue", "warren-reason", "x-first-death-queue", "x-first-death-reason"), fc.string()),
      (headers) => {
        const letter = letterOf({
          fields: { exchange: "", routingKey: "" },
          properties: { headers, messageId: undefined, type: undefined },
        });
        const death = deathOf(subject, "stage7.dead_letters", letter);
        expect([...REASONS, "other"]).toContain(death.reason);
        expect(known.has(death.source)).toBe(true);
      },
    ),
  );
});

test("the worker's history is believed before the broker's: a rung of the ladder is not where it died", () => {
  const subject = one(systems["debias"]);
  const headers = {
    "warren-queue": "events.neo4j",
    "warren-reason": "exhausted",
    "x-first-death-queue": "events.neo4j.retry.1",
    "x-first-death-reason": "expired",
  };
  const letter = letterOf({ fields: { exchange: "", routingKey: "" }, properties: { headers, messageId: undefined, type: undefined } });
  expect(deathOf(subject, "events.dlq", letter)).toEqual({ queue: "events.dlq", source: "events.neo4j", reason: "exhausted" });
});

test("consumers are counted by user: somebody else's are none of the service's", () => {
  const subject = one(systems["debias"]);
  const consumer = (queue: string, user?: string) => ({
    consumer_tag: "t",
    queue: { vhost: "debias", name: queue },
    channel_details: user === undefined ? {} : { user },
  });
  const counts = liveConsumers(subject, [
    ...[
      consumer("events.neo4j", "debias.neo4j-worker"),
      consumer("events.neo4j", "debias.neo4j-worker"),
      consumer("events.neo4j", "admin"),
    ],
    ...[consumer("events.qdrant"), consumer("events.qdrant", "debias.neo4j-worker")],
  ]);
  expect(counts.map(({ queue, service, count }) => [queue, service, count])).toEqual([
    ["events.neo4j", "neo4j-worker", 2],
    ["events.qdrant", "qdrant-worker", 0],
  ]);
});

test("a change of a password gives a service its second user: the consumers of both are the service's", () => {
  const queue = { vhost: "t", name: "q" };
  const countsOf = (services: NonNullable<Topology["services"]>, users: readonly string[]) =>
    liveConsumers(
      one({ name: "t", queues: { q: { type: "quorum" } }, services }),
      users.map((user) => ({ consumer_tag: "t", queue, channel_details: { user } })),
    ).map(({ service, count }) => [service, count]);
  const consumes = ["q"];
  expect(countsOf({ s: { consumes } }, ["t.s.2", "t.s.2"])).toEqual([["s", 2]]);
  expect(countsOf({ s: { consumes } }, ["t.s", "t.s.2", "t.s.3", "t.2"])).toEqual([["s", 2]]);
  expect(countsOf({ s: { consumes, user: "mine" } }, ["mine.2", "mine", "t.s", "t.s.2"])).toEqual([["s", 2]]);
  // Another service is no second user.
  expect(countsOf({ s: { consumes }, "s.2": { consumes } }, ["t.s.2"])).toEqual([
    ["s", 0],
    ["s.2", 1],
  ]);
});

test("consumers of a super stream are counted for each partition; a service that may have no replica is not expected", () => {
  const subject = one(
    topology({
      name: "t",
      queues: { orders: { type: "super-stream", partitions: 2 }, q: { type: "quorum" } },
      services: { s: { consumes: ["orders"] }, off: { consumes: ["q"], replicas: { min: 0, max: 2 } } },
    }),
  );
  const consumers = [{ consumer_tag: "t", queue: { vhost: "t", name: "orders-0" }, channel_details: { user: "t.s" } }];
  expect(liveConsumers(subject, consumers).map(({ queue, service, count }) => [queue, service, count])).toEqual([
    ["orders-0", "s", 1],
    ["orders-1", "s", 0],
  ]);
});

test("ages: none without a timestamp, none of a foreign queue or an instance's, none below 0", () => {
  const subject = one(
    topology({
      name: "t",
      queues: { a: { type: "classic" }, b: { type: "classic" }, c: { type: "classic" } },
      templates: { i: { name: "i-{n}", type: "classic" } },
    }),
  );
  const heads = [
    { name: "a", head_message_timestamp: 900 },
    { name: "b", head_message_timestamp: "" as const },
    { name: "c", head_message_timestamp: 5000 },
    { name: "z", head_message_timestamp: 1 },
    { name: "i-1", head_message_timestamp: 1 },
  ];
  expect([...headAges(subject, heads, 1_000_000)]).toEqual([
    ["a", 100],
    ["c", 0],
  ]);
  expect([subject.stamped.size, one(systems["debias"]).stamped.size]).toEqual([3, 0]);
});

test("which dead letters are looked at: those that expire, where no look counts; of the others it is said", () => {
  expect(one(systems["stage7"]).lettered).toEqual(["stage7.dead_letters"]);
  const dead = { type: "quorum", from: { dead: "" }, messageTtl: "1 day" } as const;
  const { lettered, notes } = one(
    topology({
      name: "t",
      exchanges: { dead: { type: "fanout" } },
      queues: {
        work: { type: "quorum", deadLetterTo: "dead" },
        limited: dead,
        free: { ...dead, deliveryLimit: -1 },
        lasting: { type: "quorum", from: { dead: "" }, deliveryLimit: -1 },
        old: { ...dead, type: "classic" },
        alone: { ...dead, deliveryLimit: -1, singleActiveConsumer: true },
      },
    }),
  );
  expect(lettered).toEqual(["free", "old"]);
  expect(notes).toEqual([expect.stringMatching(/"limited" .*deliveryLimit: -1/), expect.stringMatching(/"alone" /)]);
});

test("nodes: the one that answered last is asked first; what all refuse is asked once", async () => {
  const asked: string[] = [];
  const choice = new Choice(["a", "b", "c"], (error) => (error as Error).message !== "refused");
  const ask = (answers: readonly string[], why = "away") =>
    choice.ask((node) => {
      asked.push(node);
      return answers.includes(node) ? Promise.resolve(node) : Promise.reject(new Error(`${why}`));
    });
  expect(await ask(["b"])).toBe("b");
  expect(await ask(["a", "b"])).toBe("b");
  expect(asked.splice(0)).toEqual(["a", "b", "b"]);
  expect(await ask(["c"])).toBe("c");
  expect(asked.splice(0)).toEqual(["b", "a", "c"]);
  await expect(ask([], "refused")).rejects.toThrow("refused");
  expect(asked).toEqual(["c"]);
});

/** A node without a broker: what it answers is set by the test. */
function watched(answers: { critical?: () => Promise<string | undefined> }) {
  const away = () => Promise.reject(new Error("away"));
  const node = {
    endpoint: "http://node",
    placements: () => Promise.resolve([]),
    consumers: () => Promise.resolve([]),
    heads: () => Promise.resolve([]),
    overview: () => Promise.resolve({ node: "rabbit@one" }),
    health: () => (answers.critical ?? (() => Promise.resolve("critical")))(),
  } as unknown as Management;
  const kept = metrics();
  const installation = { topologies: [topology({ name: "t", queues: { q: { type: "quorum" } } })] };
  const watcher = new Watcher({
    ...{ metrics: kept, faults: new Faults(() => undefined), plan: compileInstallation(installation), subjects: subjects(installation) },
    ...{ nodes: [node], copies: new Map([["t", { ensure: away } as unknown as Copies]]), certificates: [], tls: {}, slowInterval: 1 },
  });
  const values = async (name: "warren_exporter_look_up" | "warren_node_quorum_critical"): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await kept[name].get()).values.map(({ labels, value }) => {
        const { look, node: of } = labels as Readonly<Record<string, string>>;
        return [look ?? of ?? "", value];
      }),
    );
  return { watcher, values };
}

test("each look has a value from the start, and says which one brings nothing", async () => {
  const { watcher, values } = watched({});
  expect(await values("warren_exporter_look_up")).toEqual({ queues: 0, drift: 0, consumers: 0, "dead letters": 0, quorum: 0 });
  await watcher.round();
  expect(await values("warren_exporter_look_up")).toEqual({ queues: 1, drift: 0, consumers: 1, "dead letters": 0, quorum: 1 });
});

test("a node that says no more whether it is critical is not called critical any more", async () => {
  const answers: { critical?: () => Promise<string | undefined> } = {};
  const { watcher, values } = watched(answers);
  await watcher.round();
  expect(await values("warren_node_quorum_critical")).toEqual({ "rabbit@one": 1 });
  answers.critical = () => Promise.reject(new Error("no answer"));
  await watcher.round();
  expect(await values("warren_node_quorum_critical")).toEqual({});
  expect((await values("warren_exporter_look_up"))["quorum"]).toBe(0);
});

test("a copy that the broker ended is made anew, and its channel closed: it would stay open with the connection", async () => {
  const channels: (EventEmitter & { closed: number })[] = [];
  const channel = (): Promise<unknown> => {
    const made = Object.assign(new EventEmitter(), {
      closed: 0,
      close: () => Promise.resolve(void made.closed++),
      assertQueue: () => Promise.resolve({ queue: "amq.gen-1" }),
      bindQueue: () => Promise.resolve({}),
      consume: () => Promise.resolve({ consumerTag: "t" }),
    });
    channels.push(made);
    return Promise.resolve(made);
  };
  const connection = { lost: undefined, channel, close: () => Promise.resolve() };
  const brokers = { ask: () => Promise.resolve(connection) } as unknown as Choice<BrokerSettings>;
  const watching = [{ queue: "dead", bindings: [{ exchange: "dlx", key: "", arguments: {} }] }];
  const copies = new Copies(brokers, watching, () => undefined);
  const there = new Set(["dead"]);
  await copies.ensure(there);
  await copies.ensure(there);
  expect(channels).toHaveLength(1);
  channels[0]?.emit("cancel");
  await copies.ensure(there);
  expect(channels.map(({ closed }) => closed)).toEqual([1, 0]);
  await copies.close();
});

test("a look that hangs brings nothing, long before it ends", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const told: boolean[] = [];
  void new Faults(() => undefined).during(
    "x",
    () => new Promise(() => undefined),
    (up) => void told.push(up),
  );
  await vi.advanceTimersByTimeAsync(61_000);
  expect(told).toEqual([false]);
});

test("drift: an object once, users apart, a vhost under its name", () => {
  const at = (kind: "queue" | "user" | "vhost", vhost: string | null, name: string) => ({ kind, vhost, name, path: "" });
  const field = { expected: 1, actual: 2 };
  const counts = driftCounts(
    {
      version: 1,
      missing: [at("vhost", null, "gone"), at("user", null, "u")],
      mismatched: [
        { ...at("queue", "v", "q"), field: "a", ...field },
        { ...at("queue", "v", "q"), field: "b", ...field },
      ],
      extra: [],
    },
    ["v", "gone"],
  );
  expect(counts.filter(({ count }) => count > 0)).toEqual([
    { vhost: "", kind: "missing", count: 1 },
    { vhost: "gone", kind: "missing", count: 1 },
    { vhost: "v", kind: "mismatched", count: 1 },
  ]);
  expect(counts).toHaveLength(9);
});

test("the series are those that are promised", async () => {
  const { registry } = metrics();
  expect((await registry.getMetricsAsJSON()).map(({ name }) => name).sort()).toEqual(Object.keys(SERIES).sort());
});

test("a fault is told when it begins, changes, and ends; no credentials", async () => {
  const log: string[] = [];
  const faults = new Faults((line) => void log.push(line));
  const fail = (why: string) => faults.during("x", () => Promise.reject(new Error(why)));
  expect(await fail("amqp://u:secret@h is away\nmore")).toBeUndefined();
  await fail("amqp://u:secret@h is away");
  await fail("other");
  expect(await faults.during("x", () => Promise.resolve(7))).toBe(7);
  await faults.during("x", () => Promise.resolve(7));
  expect(log).toEqual(["x: amqp://h is away", "x: other", "x: seen again"]);
});

test("certificates: the first of the chain that expires, by a handshake, trusted or not", async () => {
  const now = Date.now();
  const { cert, key } = await makeCertificates(["IP:127.0.0.1"]);
  const server = createTlsServer({ cert, key }, (socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const expiry = await expiryOf(certificateEndpoint(`amqps://user:secret@127.0.0.1:${port}/v`));
  // Made for two days.
  expect(Math.abs(expiry * 1000 - now - 2 * 86_400_000)).toBeLessThan(60_000);
  const leaf = { valid_to: "Jan  2 00:00:00 2030 GMT" };
  const root = { valid_to: "Jan  1 00:00:00 2029 GMT" } as Record<string, unknown>;
  root["issuerCertificate"] = root;
  expect(firstExpiry({ ...leaf, issuerCertificate: root } as never)).toBe(Date.UTC(2029, 0, 1) / 1000);
  expect(firstExpiry({ valid_to: "Jan  1 00:00:00 2028 GMT", issuerCertificate: root } as never)).toBe(Date.UTC(2028, 0, 1) / 1000);

  const deaf = createServer((socket) => socket.end("HTTP")).listen(0, "127.0.0.1");
  await once(deaf, "listening");
  onTestFinished(() => void deaf.close());
  await expect(expiryOf(certificateEndpoint(`https://127.0.0.1:${(deaf.address() as { port: number }).port}`))).rejects.toThrow(
    /^No certificate of https:/,
  );
});

test("addresses: defaults, no credentials in labels, words for what is wrong", () => {
  expect(certificateEndpoint("amqps://u:p@[::1]")).toEqual({ host: "::1", port: 5671, label: "amqps://[::1]:5671" });
  expect(certificateEndpoint("https://h:15671/x").label).toBe("https://h:15671");
  expect(() => certificateEndpoint("amqp://u:secret@h")).toThrow(/amqps:\/\/host:5671/);
  expect(() => certificateEndpoint("amqp://u:secret@h")).not.toThrow(/secret/);
  expect(listenAddress("127.0.0.1:9419")).toEqual({ host: "127.0.0.1", port: 9419 });
  expect(listenAddress("[::1]:1")).toEqual({ host: "::1", port: 1 });
  expect(listenAddress(":9")).toEqual({ host: "0.0.0.0", port: 9 });
  for (const wrong of ["9419", "h:99999", "h:", "a:b:1"]) expect(() => listenAddress(wrong)).toThrow(/--listen/);
});

async function told(words: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  let text = "";
  const write = (more: string): void => void (text += `${more}\n`);
  const console = { out: write, error: write, style: (_: unknown, plain: string) => plain, cwd: __dirname, environment: {} };
  return { code: await run(["exporter", ...words], console, "0"), text };
}

const AWAY = ["debias", "--broker", "http://u:very-secret@127.0.0.1:1", "--amqp", "amqp://127.0.0.1:1"];

test("wrong use: exit code 2, and words that say what is allowed", async () => {
  const cases: [string[], RegExp][] = [
    [["debias"], /No broker is named/],
    [[...AWAY, "--interval", "0s"], /--interval.*\n.*from 1s/],
    [[...AWAY, "--interval", "5m"], /--interval.*\n.*to 60s/],
    [[...AWAY, "--certificate", "amqp://h"], /no address with a certificate/],
    [[...AWAY, "--node", "http://u:other-secret@h:15672"], /--node/],
    [[...AWAY, "--listen", "x"], /--listen/],
    [["nothing-such", ...AWAY.slice(1)], /nothing-such/],
  ];
  for (const [words, expected] of cases) {
    const { code, text } = await told(words);
    expect([code, text]).toEqual([2, expect.stringMatching(expected)]);
    expect(text).not.toContain("secret");
  }
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  onTestFinished(() => void taken.close());
  const { code, text } = await told([...AWAY, "--listen", `127.0.0.1:${(taken.address() as { port: number }).port}`]);
  expect([code, text]).toEqual([2, expect.stringMatching(/something else listens there/)]);
});

test("the command: starts without a broker, binds to loopback, serves, ends on SIGTERM with 0, prints no secret", async () => {
  const args = [join(__dirname, "../bin/warren.cjs"), "exporter", ...AWAY, "--listen", "127.0.0.1:0", "--interval", "1s"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => void (text += chunk.toString()));
  let url: string | undefined;
  for (const end = Date.now() + 15_000; url === undefined && Date.now() < end; await sleep(50)) url = /Metrics: (\S+)/.exec(text)?.[1];
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  const answer = await fetch(url ?? "");
  const body = await answer.text();
  expect(body).toContain('warren_queue_expected_consumers{vhost="debias",queue="events.neo4j",service="neo4j-worker"} 1');
  expect(body).not.toContain("warren_exporter_last_success_timestamp_seconds{");
  expect(body).toMatch(/^warren_exporter_look_up\{look="dead letters",vhost="debias",endpoint=""\} 0$/m);
  const at = new URL(url ?? "");
  expect((await fetch(new URL("/health/live", at))).status).toBe(200);
  expect((await fetch(new URL("/other", at))).status).toBe(404);
  expect((await fetch(at, { method: "POST" })).status).toBe(405);
  // A scraper that hangs does not keep it.
  const hanging = connect(Number(at.port), at.hostname).on("error", () => undefined);
  await once(hanging, "connect");
  child.kill("SIGTERM");
  const [code] = (await once(child, "exit")) as [number | null];
  expect(code).toBe(0);
  expect(text).toMatch(/queues: No broker answers at http:\/\/127\.0\.0\.1:1/);
  expect(text + body).not.toContain("very-secret");
}, 40_000);
