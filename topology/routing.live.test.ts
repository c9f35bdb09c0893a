/** The model against a real broker: random topologies are declared, messages published, and every queue's content compared. */
import amqp from "amqplib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { brokerApi, scratchVhost } from "../testing/broker.js";
import type { PlannedBinding, PlannedExchange, PlannedPolicy, PlannedQueue } from "./compile/plan.js";
import type { ExchangeType } from "./model.js";
import { router } from "./routing.js";

/** Fixed, so that a red run is a change of the code; other seeds by the environment. */
const SEED = Number(process.env["WARREN_TEST_SEED"] ?? 20260101);
const RUNS = Number(process.env["WARREN_TEST_RUNS"] ?? 40);

interface Sent {
  readonly exchange: string;
  readonly key: string;
  readonly headers: { readonly [name: string]: unknown };
  readonly cc: readonly string[];
}

interface Network {
  readonly exchanges: readonly PlannedExchange[];
  readonly queues: readonly PlannedQueue[];
  readonly bindings: readonly PlannedBinding[];
  readonly policies: readonly PlannedPolicy[];
  readonly messages: readonly Sent[];
}

const EXCHANGES = ["e0", "e1", "e2", "e3", "e4"] as const;
const QUEUES = ["q0", "q1", "q2", "q3"] as const;
const SOURCES = [...EXCHANGES, "amq.topic", "amq.headers"] as const;

const key = fc.array(fc.constantFrom("a", "a", "b", "", "*"), { maxLength: 3 }).map((words) => words.join("."));
const pattern = fc
  .array(fc.constantFrom("a", "b", "", "*", "#", "#"), { maxLength: 3 })
  .filter((words) => words.filter((word) => word === "#").length <= 2)
  .map((words) => words.join("."));
const value = fc.constantFrom<unknown>(1, 2, "1", "", true, false, 0.5, null, ["x"], ["y"]);
const headers = fc.dictionary(fc.constantFrom("h", "k", "x-h"), value, { maxKeys: 3 });
const match = fc.constantFrom(undefined, "all", "any", "all-with-x", "any-with-x");
const type = fc.constantFrom<ExchangeType>("direct", "fanout", "topic", "topic", "headers", "headers", "x-consistent-hash");

const network: fc.Arbitrary<Network> = fc
  .record({
    types: fc.tuple(type, type, type, type, type),
    internal: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean()),
    alternates: fc.array(
      fc.record({ of: fc.constantFrom(...SOURCES), to: fc.constantFrom(...EXCHANGES, "nowhere", "amq.topic", ""), byPolicy: fc.boolean() }),
      { maxLength: 4 },
    ),
    bindings: fc.array(
      fc.record({
        source: fc.constantFrom(...SOURCES),
        to: fc.constantFrom(...EXCHANGES, ...QUEUES, ...QUEUES),
        pattern,
        headers,
        match,
        weight: fc.constantFrom("1", "3"),
      }),
      { minLength: 8, maxLength: 30, size: "max" },
    ),
    messages: fc.array(
      fc.record({
        exchange: fc.constantFrom("e0", "e0", ...SOURCES, "", ""),
        key: fc.oneof(key, key, fc.constantFrom(...QUEUES)),
        headers,
        cc: fc.array(key, { maxLength: 2 }),
      }),
      {
        minLength: 8,
        size: "max",
        maxLength: 20,
      },
    ),
  })
  .map(({ types, internal, alternates, bindings, messages }) => {
    // One alternate for each; the built-in exchanges cannot have one as an argument.
    const alternate = new Map(alternates.map((entry) => [entry.of, { ...entry, byPolicy: entry.byPolicy || entry.of.startsWith("amq.") }]));
    const argumentOf = (name: (typeof SOURCES)[number]): { "alternate-exchange"?: string } => {
      const found = alternate.get(name);
      return found && !found.byPolicy ? { "alternate-exchange": found.to } : {};
    };
    const typeOf = (name: string): ExchangeType =>
      name === "amq.topic" ? "topic" : name === "amq.headers" ? "headers" : (types[EXCHANGES.indexOf(name as "e0")] ?? "fanout");
    const isInternal = (name: string): boolean => internal[EXCHANGES.indexOf(name as "e0") - 1] ?? false;
    return {
      exchanges: EXCHANGES.map((name) => ({
        name,
        type: typeOf(name),
        durable: true,
        autoDelete: false,
        internal: isInternal(name),
        arguments: argumentOf(name),
        origin: "",
      })),
      queues: QUEUES.map((name) => ({
        name,
        type: "classic",
        durable: true,
        autoDelete: false,
        arguments: {},
        role: { kind: "queue" },
        origin: "",
      })),
      bindings: bindings.map(({ source, to, pattern, headers, match, weight }) => ({
        source,
        destination: to,
        destinationType: to.startsWith("q") ? "queue" : "exchange",
        routingKey: typeOf(source) === "x-consistent-hash" ? weight : pattern,
        arguments: { ...headers, ...(match === undefined ? {} : { "x-match": match }) },
        origin: "",
      })),
      policies: [...alternate.values()]
        .filter(({ byPolicy, to }) => byPolicy && to !== "")
        .map(({ of, to }) => ({
          name: of,
          pattern: `^${of.replace(".", "\\.")}$`,
          applyTo: "exchanges",
          priority: 1,
          definition: { "alternate-exchange": to },
          origin: "",
        })),
      messages: messages.filter(({ exchange }) => !isInternal(exchange)),
    };
  });

/** Declares a network, publishes its messages, and gives the messages that each queue got and those that came back; then removes the network. */
async function run(
  vhost: string,
  connection: amqp.ChannelModel,
  { exchanges, queues, bindings, policies, messages }: Network,
): Promise<{ got: string[][]; returned: number[] }> {
  const policyPath = (name: string): string => `/api/policies/${vhost}/${encodeURIComponent(name)}`;
  const channel = await connection.createConfirmChannel();
  const returned: number[] = [];
  channel.on("return", (message) => returned.push(Number(message.properties.messageId)));
  try {
    for (const { name, pattern, applyTo, priority, definition } of policies)
      await brokerApi("PUT", policyPath(name), { pattern, "apply-to": applyTo, priority, definition });
    for (const { name, type, internal, arguments: args } of exchanges)
      await channel.assertExchange(name, type, { internal, arguments: args });
    for (const { name } of queues) await channel.assertQueue(name);
    for (const { source, destination, destinationType, routingKey, arguments: args } of bindings) {
      if (destinationType === "queue") await channel.bindQueue(destination, source, routingKey, args);
      else await channel.bindExchange(destination, source, routingKey, args);
    }
    messages.forEach(({ exchange, key, headers, cc }, index) => {
      // Half of the further keys go as BCC.
      const [CC, BCC] = index % 2 === 0 ? [cc, []] : [[], cc];
      channel.publish(exchange, key, Buffer.from(""), { messageId: String(index), headers, mandatory: true, CC: [...CC], BCC: [...BCC] });
    });
    await channel.waitForConfirms();
    const got: string[][] = messages.map(() => []);
    for (const { name } of queues) {
      for (let message = await channel.get(name, { noAck: true }); message; message = await channel.get(name, { noAck: true }))
        got[Number(message.properties.messageId)]?.push(name);
    }
    return { got, returned };
  } finally {
    for (const { name } of queues) await channel.deleteQueue(name);
    for (const { name } of exchanges) await channel.deleteExchange(name);
    await channel.close();
    for (const { name } of policies) await brokerApi("DELETE", policyPath(name));
  }
}

describe("the routing model agrees with the broker", () => {
  test(`in ${RUNS} random topologies`, { timeout: 60_000 + RUNS * 2_000 }, async () => {
    const { vhost, vhostUrl } = await scratchVhost();
    const connection = await amqp.connect(vhostUrl);
    let compared = 0;
    let delivered = 0;
    try {
      await fc.assert(
        fc.asyncProperty(network, async (network) => {
          const model = router({ ...network, templates: [] });
          const { got, returned } = await run(vhost, connection, network);
          network.messages.forEach(({ exchange, key, headers, cc }, index) => {
            const { queues, certain, choices, unroutable, mayBeUnroutable, paths } = model.route(exchange, key, { headers, cc });
            const actual = got[index] ?? [];
            const told = `message ${index} to ${JSON.stringify({ exchange, key, headers, cc })}`;
            if (choices.length === 0) expect(actual.sort(), told).toEqual([...queues].sort());
            expect(queues, told).toEqual(expect.arrayContaining(actual));
            expect(actual, told).toEqual(expect.arrayContaining([...certain]));
            if (actual.length === 0) expect(mayBeUnroutable, told).toBe(true);
            if (unroutable) expect(actual, told).toEqual([]);
            expect(returned.includes(index), `${told} is returned`).toBe(actual.length === 0);
            expect(new Set(paths.map((path) => path.at(-1)?.to)), told).toEqual(new Set(queues));
            compared++;
            delivered += actual.length;
          });
        }),
        { numRuns: RUNS, seed: SEED },
      );
    } finally {
      await connection.close();
    }
    // A broker that delivers next to nothing would agree with anything.
    expect(delivered).toBeGreaterThan(compared / 2);
  });

  test("in every topic pattern and key of up to three words", { timeout: 60_000 }, async () => {
    const { vhostUrl } = await scratchVhost();
    const connection = await amqp.connect(vhostUrl);
    const channel = await connection.createConfirmChannel();
    const all = (words: readonly string[]): string[] => {
      const lists = [
        [],
        ...words.map((a) => [a]),
        ...words.flatMap((a) => words.map((b) => [a, b])),
        ...words.flatMap((a) => words.flatMap((b) => words.map((c) => [a, b, c]))),
      ];
      return [...new Set(lists.map((list) => list.join(".")))];
    };
    const patterns = all(["a", "", "*", "#"]).filter((text) => text.split("#").length <= 3);
    const keys = all(["a", "b", ""]);
    const origin = "";
    const queues = patterns.map(
      (text) =>
        ({ name: `q ${text}`, type: "classic", durable: true, autoDelete: false, arguments: {}, role: { kind: "queue" }, origin }) as const,
    );
    const bindings = patterns.map(
      (text) =>
        ({ source: "amq.topic", destination: `q ${text}`, destinationType: "queue", routingKey: text, arguments: {}, origin }) as const,
    );
    const model = router({ exchanges: [], queues, bindings, templates: [], policies: [] });
    try {
      for (const { name } of queues) await channel.assertQueue(name);
      for (const { destination, routingKey } of bindings) await channel.bindQueue(destination, "amq.topic", routingKey);
      for (const key of keys) channel.publish("amq.topic", key, Buffer.from(""));
      await channel.waitForConfirms();
      for (const { name } of queues) {
        const got: string[] = [];
        for (let message = await channel.get(name, { noAck: true }); message; message = await channel.get(name, { noAck: true }))
          got.push(message.fields.routingKey);
        expect(got, name).toEqual(keys.filter((key) => model.route("amq.topic", key).queues.includes(name)));
      }
    } finally {
      await connection.close();
    }
  });

  test("in what it refuses: an internal exchange, and one that does not exist", async () => {
    const { vhostUrl } = await scratchVhost();
    const connection = await amqp.connect(vhostUrl);
    try {
      const setup = await connection.createChannel();
      await setup.assertExchange("inside", "fanout", { internal: true });
      const inside: PlannedExchange = {
        name: "inside",
        type: "fanout",
        durable: true,
        autoDelete: false,
        internal: true,
        arguments: {},
        origin: "",
      };
      const model = router({ exchanges: [inside], queues: [], bindings: [], templates: [], policies: [] });
      for (const [exchange, code, refused] of [
        ["inside", 403, "internal-exchange"],
        ["outside", 404, "unknown-exchange"],
      ] as const) {
        const channel = await connection.createConfirmChannel();
        const closed = new Promise<number>((resolve) => channel.on("error", (error: { code: number }) => resolve(error.code)));
        channel.publish(exchange, "", Buffer.from(""));
        expect(await closed).toBe(code);
        expect(model.route(exchange, "").refused).toBe(refused);
      }
    } finally {
      await connection.close();
    }
  });
});
