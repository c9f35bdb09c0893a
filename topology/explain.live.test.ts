/** `explain` against a real broker: in random nets of dead letters every message ends where it says. */
import amqp from "amqplib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { scratchVhost } from "../testing/broker.js";
import { compile } from "./compile/compile.js";
import type { Plan } from "./compile/plan.js";
import { explain, type Departure } from "./explain.js";
import type { DeadLetterTo, Keys, Queue, Topology } from "./model.js";

const SEED = Number(process.env["WARREN_TEST_SEED"] ?? 20260101);
const RUNS = Number(process.env["WARREN_TEST_RUNS"] ?? 60);
const TTL = "30 ms";
const SETTLED_MS = 3000;

const NAMES = ["a", "b", "c", "d"] as const;

const queue = fc.record({
  type: fc.constantFrom("classic", "classic", "quorum"),
  ttl: fc.boolean(),
  to: fc.constantFrom<DeadLetterTo | undefined>(
    "x",
    "y",
    "h",
    "none",
    undefined,
    { exchange: "x", routingKey: "k" },
    ...NAMES.map((name) => ({ queue: name })),
  ),
  x: fc.constantFrom<Keys | undefined>(undefined, "", "k", ["a", "b"]),
  y: fc.boolean(),
  h: fc.constantFrom(undefined, "expired", "rejected"),
});

const net = fc.tuple(queue, queue, queue, queue).map((given): Omit<Topology, "name"> => ({
  settings: "arguments",
  exchanges: { x: { type: "direct", alternateExchange: "y" }, y: { type: "fanout", internal: true }, h: { type: "headers" } },
  queues: Object.fromEntries(
    given.map(({ type, ttl, to, x, y, h }, index): [string, Queue] => [
      NAMES[index] ?? "",
      {
        type,
        from: {
          ...(x === undefined ? {} : { x }),
          ...(y ? { y: "" } : {}),
          ...(h === undefined ? {} : { h: { headers: { "x-last-death-reason": h }, match: "any-with-x" } }),
        },
        ...(ttl ? { messageTtl: TTL } : {}),
        ...(to === undefined ? {} : { deadLetterTo: to }),
      } as Queue,
    ]),
  ),
}));

/** The queues in which a message ends, one entry for each copy. */
const ends = ({ effect, stops = [] }: Departure): string[] =>
  effect === "dropped" ? [] : stops.flatMap(({ queue, then, next }) => (then === "cycle" ? [] : next ? ends(next) : [queue]));

async function declare(channel: amqp.Channel, plan: Plan, name: (own: string) => string): Promise<void> {
  const renamed = (args: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(args).map(([key, value]) => {
        const named =
          key === "alternate-exchange" ||
          key === "x-dead-letter-exchange" ||
          (key === "x-dead-letter-routing-key" && args["x-dead-letter-exchange"] === "");
        return [key, named && value !== "" ? name(String(value)) : value];
      }),
    );
  for (const { name: own, type, internal, arguments: args } of plan.exchanges)
    await channel.assertExchange(name(own), type, { internal, arguments: renamed(args) });
  for (const { name: own, arguments: args } of plan.queues) await channel.assertQueue(name(own), { arguments: renamed(args) });
  for (const { source, destination, routingKey, arguments: args } of plan.bindings) {
    // A message has its queue's name as key, so that bindings to those keys match what keeps its key as a dead letter.
    const key = NAMES.includes(routingKey as "a") ? name(routingKey) : routingKey;
    await channel.bindQueue(name(destination), name(source), key, args);
  }
}

/** Gets the one message of a queue, without an answer yet. */
async function take(channel: amqp.Channel, queue: string): Promise<amqp.GetMessage> {
  for (const started = Date.now(); ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const message = await channel.get(queue);
    if (message) return message;
    if (Date.now() - started > 5000) throw new Error(`The message did not come to ${queue}.`);
  }
}

test(`messages end where explain says, in ${RUNS} random nets of dead letters`, { timeout: 60_000 + RUNS * 1000 }, async () => {
  const { vhostUrl } = await scratchVhost();
  const connection = await amqp.connect(vhostUrl);
  try {
    const channel = await connection.createConfirmChannel();
    const expected = new Map<string, string[]>();
    const publish = (queue: string): boolean => channel.publish("", queue, Buffer.from(""), { messageId: queue });
    const expiring: string[] = [];
    const held: amqp.GetMessage[] = [];
    for (const [index, topology] of fc.sample(net, { numRuns: RUNS, seed: SEED }).entries()) {
      const plan = compile({ name: "t", ...topology });
      const name = (own: string): string => `${index}.${own}`;
      await declare(channel, plan, name);
      for (const own of NAMES) {
        const [fate] = explain(plan, "", own).fates;
        if (!fate?.rejected) throw new Error(`nothing gets to ${own}`);
        expected.set(
          name(own),
          ends(fate.expired?.departure ?? fate.rejected)
            .map(name)
            .sort(),
        );
        if (fate.expired) expiring.push(name(own));
        else {
          publish(name(own));
          held.push(await take(channel, name(own)));
        }
      }
    }
    // Nothing moves before every message that is to be rejected is in hand: later a queue may hold others' dead letters too.
    for (const message of held) channel.reject(message, false);
    expiring.forEach(publish);
    await channel.waitForConfirms();
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
    const actual = new Map<string, string[]>([...expected.keys()].map((id) => [id, []]));
    for (const queue of expected.keys()) {
      for (let message = await channel.get(queue, { noAck: true }); message; message = await channel.get(queue, { noAck: true }))
        actual.get(String(message.properties.messageId))?.push(queue);
    }
    for (const [id, queues] of expected) expect(actual.get(id)?.sort(), `the message of ${id}`).toEqual(queues);
    // Nets in which everything is lost would agree with anything.
    expect([...expected.values()].filter((queues) => queues.length > 0).length).toBeGreaterThan(expected.size / 5);
    expect(Math.min(held.length, expiring.length)).toBeGreaterThan(RUNS);
  } finally {
    await connection.close();
  }
});
