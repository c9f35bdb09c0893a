/** What is read from a dead letter's headers, and what it looks like when it is put back. */
import type { ConsumeMessage } from "amqplib";
import { describe, expect, test } from "vitest";
import { letterOf, ownHeaders } from "./letter.js";
import { placeOf, revived } from "./requeue.js";

const message = (headers: Record<string, unknown>, properties: Record<string, unknown> = {}): ConsumeMessage =>
  ({
    fields: { exchange: "dlx", routingKey: "k" },
    properties: { headers, ...properties },
    content: Buffer.alloc(0),
  }) as unknown as ConsumeMessage;

const death = (queue: string, reason: string, exchange: string, key: string, seconds = 1000): object => ({
  queue,
  reason,
  exchange,
  "routing-keys": [key],
  count: 1,
  time: { "!": "timestamp", value: seconds },
});

const RUNG = death("orders.retry.1", "expired", "orders.retry", "1", 900);

describe("where it comes from", () => {
  test("the broker's last death, and the place of the first", () => {
    const letter = letterOf(
      message({ "x-death": [death("orders", "rejected", "in", "a.b"), death("early", "expired", "first", "a", 500)] }),
    );
    expect(letter).toMatchObject({ reason: "rejected", from: "orders", origin: { exchange: "first", key: "a" }, diedAt: 1_000_000 });
  });

  test("the worker's word comes before the broker's", () => {
    const headers = {
      "warren-queue": "orders",
      "warren-reason": "exhausted",
      "warren-exchange": "in",
      "warren-key": "a.b",
      "x-death": [RUNG],
    };
    expect(letterOf(message(headers))).toMatchObject({ reason: "exhausted", from: "orders", origin: { exchange: "in", key: "a.b" } });
  });

  test("a rung of a ladder is no origin", () => {
    expect(letterOf(message({ "x-death": [death("orders", "delivery_limit", "", "orders"), RUNG] })).origin).toEqual({
      exchange: "",
      key: "orders",
    });
    expect(letterOf(message({ "x-death": [RUNG] })).origin).toBeUndefined();
  });

  test("nothing but the first death's own headers", () => {
    expect(letterOf(message({ "x-first-death-queue": "orders", "x-first-death-reason": "maxlen" }))).toMatchObject({
      from: "orders",
      reason: "maxlen",
    });
  });

  test("nothing at all, and headers that are not what they should be", () => {
    const nothing = {
      reason: undefined,
      from: undefined,
      origin: undefined,
      diedAt: undefined,
      attempt: undefined,
      requeued: 0,
      history: [],
      deaths: [],
    };
    expect(letterOf(message({}))).toMatchObject(nothing);
    const odd = {
      "x-death": [null, 3, { reason: "x" }],
      "warren-history": "no",
      "warren-queue": 3,
      "warren-attempt": -1,
      "warren-requeued": "many",
    };
    expect(letterOf(message(odd))).toMatchObject(nothing);
  });

  test("it died when the latest of its failures was", () => {
    const history = [
      { attempt: 1, at: "1970-01-01T00:20:00Z", reason: "x", service: "s" },
      { attempt: 4, at: "1970-01-01T01:00:00Z", reason: "x", service: "s" },
    ];
    expect(letterOf(message({ "x-death": [RUNG], "warren-history": history, "warren-attempt": 3 }))).toMatchObject({
      diedAt: 3_600_000,
      attempt: 4,
    });
  });
});

describe("put back", () => {
  const headers = {
    "x-death": [death("orders", "rejected", "in", "a.b")],
    "x-first-death-queue": "orders",
    "x-last-death-reason": "rejected",
    "x-delivery-count": 2,
    "warren-queue": "orders",
    "warren-reason": "exhausted",
    "warren-attempt": 3,
    "warren-history": [],
    "warren-requeued": 1,
    "x-tenant": "acme",
    CC: ["other"],
  };
  const dead = message(headers, { messageId: "a", type: "order", userId: "somebody", expiration: undefined, deliveryMode: 2, priority: 3 });

  test("without the protocol's and the broker's headers, with its own and a count", () => {
    expect(ownHeaders(headers)).toEqual({ "warren-requeued": 1, "x-tenant": "acme", CC: ["other"] });
    expect(revived(dead, letterOf(dead), { to: "source" }, "run/1", "me", 5_000)).toEqual({
      messageId: "a",
      type: "order",
      deliveryMode: 2,
      priority: 3,
      headers: {
        "x-tenant": "acme",
        "warren-exchange": "in",
        "warren-key": "a.b",
        "warren-requeued": 2,
        "warren-requeue": "run/1",
        "warren-requeued-at": 5_000,
      },
    });
  });

  test("copies only where they were meant for; the user only if it is the same", () => {
    const at = (to: "source" | "origin", user: string) => revived(dead, letterOf(dead), { to }, "run/1", user);
    expect(at("source", "somebody")).toMatchObject({ userId: "somebody" });
    expect(at("source", "somebody").headers).not.toHaveProperty("CC");
    expect(at("origin", "me").headers).toMatchObject({ CC: ["other"] });
  });

  test("the place", () => {
    expect(placeOf(letterOf(dead), { to: "source" })).toEqual({ exchange: "", key: "orders" });
    expect(placeOf(letterOf(dead), { to: "origin" })).toEqual({ exchange: "in", key: "a.b" });
    expect(placeOf(letterOf(dead), { to: "exchange", exchange: "x", key: "y" })).toMatchObject({ exchange: "x", key: "y" });
    expect(placeOf(letterOf(message({})), { to: "source" })).toBeUndefined();
  });
});
