/** The retry protocol's headers. */
import type { ConsumeMessage } from "amqplib";
import { describe, expect, test } from "vitest";
import { contextiq } from "../../topology/systems/contextiq.js";
import { failuresOf, historyOf, withFailure, type Failure } from "./history.js";
import { wayOut } from "./way-out.js";

const message = (headers: Record<string, unknown>, properties: Record<string, unknown> = {}): ConsumeMessage =>
  ({
    content: Buffer.from("{}"),
    fields: { exchange: "contextiq.extraction", routingKey: "extraction.request", deliveryTag: 1 },
    properties: { messageId: "1", type: "extraction.request", ...properties, headers },
  }) as unknown as ConsumeMessage;

test("what others write there is no count", () => {
  for (const value of ["3", -1, 1.5, null, undefined, [1]]) expect(failuresOf({ "warren-attempt": value })).toBe(0);
  expect(failuresOf({ "warren-attempt": 3 })).toBe(3);
  for (const value of ["3", {}, null]) expect(historyOf({ "warren-history": value })).toEqual([]);
});

test("a history keeps the first failure and the last ones, each of bounded length", () => {
  let history: Failure[] = [];
  for (let attempt = 1; attempt <= 100; attempt++)
    history = withFailure(history, { attempt, at: "now", reason: "x".repeat(10_000), service: "a" });
  expect(history.length).toBe(20);
  expect([history[0]?.attempt, history[1]?.attempt, history.at(-1)?.attempt]).toEqual([1, 82, 100]);
  expect(history.every(({ reason }) => reason.length === 500)).toBe(true);
});

describe("the way out of a queue with a ladder of five", () => {
  const { rung, deadLetters } = wayOut("extraction.requests", contextiq.queues["extraction.requests"], "extraction-worker");

  test("leads over its rungs, each with its number", () => {
    for (let failures = 0; failures < 5; failures++)
      expect(rung(message(failures === 0 ? {} : { "warren-attempt": failures }), "no")).toMatchObject({
        exchange: "extraction.requests.retry",
        key: String(failures + 1),
        properties: { headers: { "warren-attempt": failures + 1 }, mandatory: true, deliveryMode: 2, messageId: "1" },
      });
    expect(rung(message({ "warren-attempt": 5 }), "no")).toBeUndefined();
  });

  test("keeps what the publisher wrote, and leaves out what the broker did and what would act again", () => {
    const first = rung(
      message(
        { shop: "a", "x-tenant": "b", CC: ["elsewhere"], "x-death": [{}], "x-delivery-count": 3, "x-first-death-queue": "q" },
        { priority: 7, expiration: "5", userId: "me", correlationId: "c" },
      ),
      "no",
    );
    const { headers, ...properties } = first?.properties as { headers: Record<string, unknown>; expiration?: string; userId?: string };
    expect(headers).toMatchObject({
      shop: "a",
      "x-tenant": "b",
      "warren-exchange": "contextiq.extraction",
      "warren-key": "extraction.request",
    });
    expect(Object.keys(headers).filter((name) => /^x-|CC/.test(name))).toEqual(["x-tenant"]);
    expect(properties).toMatchObject({ priority: 7, correlationId: "c" });
    expect([properties.expiration, properties.userId]).toEqual([undefined, undefined]);
  });

  test("ends at the dead letters, which know where it was published first", () => {
    const returned = message({ "warren-attempt": 5, "warren-exchange": "contextiq.extraction", "warren-key": "extraction.request" });
    returned.fields.exchange = "";
    returned.fields.routingKey = "extraction.requests";
    expect(deadLetters(returned, "exhausted", "no")).toMatchObject({
      ...{ exchange: "contextiq.dlx", key: "dead_letter" },
      properties: {
        headers: {
          ...{ "warren-reason": "exhausted", "warren-queue": "extraction.requests" },
          ...{ "warren-exchange": "contextiq.extraction", "warren-key": "extraction.request" },
        },
      },
    });
  });
});

test("a queue without dead letters has no way out", () => {
  expect(wayOut("dead_letter", contextiq.queues.dead_letter, "a").deadLetters(message({}), "parked", "no")).toBeUndefined();
});
