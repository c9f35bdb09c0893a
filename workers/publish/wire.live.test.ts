/** What is written past amqplib's encoder arrives as amqplib would have written it: in its order, with its properties, each confirmed. */
import amqp, { type ConsumeMessage } from "amqplib";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { until } from "../../testing/until.js";
import { workerGround } from "../../testing/worker-live.js";
import { topology } from "../../topology/define.js";
import { connect, type PublishError } from "../index.js";

const post = topology({
  name: "post",
  exchanges: { post: { type: "topic" }, gone: { type: "fanout" } },
  queues: { letters: { type: "quorum", from: { post: "letter.#" } }, parcels: { type: "classic" } },
  messages: {
    letter: { to: "post", key: "letter.{to}", schema: z.string() },
    card: { to: "post", key: "letter.card", schema: z.string(), headers: { stamp: "é" }, expiration: "1 hour", priority: 3 },
    nowhere: { to: "post", key: "away", schema: z.string() },
    ghost: { to: "gone", schema: z.string() },
  },
  services: { sender: { publishes: ["letter", "card", "nowhere", "ghost"] }, reader: { consumes: ["letters", "parcels"] } },
});

interface Sent {
  readonly message: "letter" | "card" | "nowhere";
  readonly to: string;
  readonly body: string;
  readonly options: Readonly<Record<string, unknown>>;
}

const id = fc.uuid();
const options = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  fc.record({ messageId: fc.oneof(id, fc.constantFrom("ü".repeat(18), "ü".repeat(36), "short", "x".repeat(36))) }),
  fc.record({ correlationId: fc.string({ minLength: 1, maxLength: 20 }) }),
  fc.record({ headers: fc.constant({ tenant: "a" }) }),
  fc.record({ priority: fc.constantFrom(1, 3) }),
  fc.record({ persistent: fc.boolean() }),
  fc.record({ expiration: fc.constantFrom("2 hours", "1 hour") }),
);
const sent: fc.Arbitrary<Sent> = fc.record({
  message: fc.constantFrom("letter", "letter", "card", "nowhere"),
  to: fc.constantFrom("ann", "bob", "zoë", "x".repeat(100)),
  body: fc.oneof(
    { weight: 5, arbitrary: fc.string({ maxLength: 200 }) },
    fc.constantFrom("", "é".repeat(900), "y".repeat(20_000), "z".repeat(33_000), "w".repeat(200_000)),
  ),
  options,
});

test("any mixture arrives in its order, as it was published", { timeout: 120_000 }, async () => {
  const ground = await workerGround(post);
  const bus = await connect(ground.topology, { service: "sender", url: ground.url("sender") });
  onTestFinished(() => bus.close());
  const reader = await amqp.connect(ground.url("reader"));
  onTestFinished(() => reader.close());
  const channel = await reader.createChannel();
  let got: ConsumeMessage[] = [];
  await channel.consume("letters", (message) => message && got.push(message), { noAck: true });
  await fc.assert(
    fc.asyncProperty(fc.array(sent, { minLength: 1, maxLength: 60 }), async (all) => {
      got = [];
      const from = Math.floor(Date.now() / 1000);
      const results = await Promise.allSettled(
        all.map(({ message, to, body, options: given }) =>
          message === "letter" ? bus.publish(message, body, { ...given, key: { to } }) : bus.publish(message, body, given),
        ),
      );
      const codes = results.map((result) => (result.status === "fulfilled" ? "confirmed" : (result.reason as PublishError).code));
      expect(codes).toEqual(all.map(({ message }) => (message === "nowhere" ? "unroutable" : "confirmed")));
      const routed = all.flatMap((each, at) => (each.message === "nowhere" ? [] : [{ ...each, result: results[at] }]));
      await until(() => got.length >= routed.length);
      const shown = got.map(({ content, fields: { routingKey }, properties }) => ({
        body: JSON.parse(content.toString()) as unknown,
        routingKey,
        ...properties,
      }));
      expect(shown).toEqual(
        routed.map(({ message, to, body, options: given, result }) => ({
          body,
          routingKey: message === "card" ? "letter.card" : `letter.${to}`,
          contentType: "application/json",
          contentEncoding: undefined,
          headers: { ...(message === "card" ? { stamp: "é" } : {}), ...((given["headers"] as object | undefined) ?? {}) },
          deliveryMode: given["persistent"] === false ? 1 : 2,
          priority: given["priority"] ?? (message === "card" ? 3 : undefined),
          correlationId: given["correlationId"],
          replyTo: undefined,
          expiration: given["expiration"] === "2 hours" ? "7200000" : (given["expiration"] ?? message === "card") ? "3600000" : undefined,
          messageId: given["messageId"] ?? (result?.status === "fulfilled" ? result.value.messageId : undefined),
          timestamp: expect.toSatisfy((time: number) => time >= from && time <= Date.now() / 1000) as number,
          type: message,
          userId: undefined,
          appId: "post.sender",
          clusterId: undefined,
        })),
      );
    }),
    { numRuns: 40 },
  );
});

test("a channel that is closed in the middle loses nothing, and no confirm meets another message", { timeout: 60_000 }, async () => {
  const ground = await workerGround(post);
  const bus = await connect(ground.topology, { service: "sender", url: ground.url("sender") });
  onTestFinished(() => bus.close());
  await ground.api("DELETE", `/api/exchanges/${encodeURIComponent(ground.vhost)}/gone`);
  const letters = Array.from({ length: 3000 }, (_, at) => bus.publish("letter", String(at), { key: { to: "ann" } }));
  // The broker closes a channel on which a message goes to an exchange that is not there, whatever else is on its way.
  const closing = bus.publish("ghost", "").catch((error: PublishError) => error.code);
  const more = Array.from({ length: 3000 }, (_, at) => bus.publish("letter", String(3000 + at), { key: { to: "ann" } }));
  const settled = await Promise.allSettled([...letters, ...more]);
  expect(await closing).toBe("refused");
  expect(settled.filter(({ status }) => status === "rejected")).toEqual([]);
  expect(await ground.depth("letters")).toBeGreaterThanOrEqual(6000);
});
