/** Which message a delivery is: by its type, as the only one that can be there, or by its shape. */
import type { ConsumeMessage } from "amqplib";
import { expect, test } from "vitest";
import { contextiq } from "../../topology/systems/contextiq.js";
import { stage7 } from "../../topology/systems/stage7.js";
import { identifier, reaching } from "./identify.js";

const messages = reaching(contextiq);
const delivery = (type?: string): ConsumeMessage => ({ properties: { type } }) as unknown as ConsumeMessage;
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const session = { session_id: "s", event: "created", data: {}, timestamp: "now" };

test("the same messages reach a queue as the types say", () => {
  const names = (queue: string): string[] | undefined => messages.get(queue)?.map(({ name }) => name);
  expect(names("extraction.requests")).toEqual(["extraction.request"]);
  expect(names("events.analytics")).toEqual(["session.event", "memory.event"]);
  expect(names("dead_letter")).toBeUndefined();
  expect(
    reaching(stage7)
      .get("{serviceType}-{serviceId}")
      ?.map(({ name }) => name),
  ).toEqual(["message", "broadcast", "request"]);
});

test("by its type, else by its shape", () => {
  const identify = identifier(messages.get("events.analytics") ?? []);
  expect(identify(delivery("session.event"), json(session))).toMatchObject({ ok: true, name: "session.event" });
  expect(identify(delivery(), json(session))).toMatchObject({ ok: true, name: "session.event" });
  expect(identify(delivery("stranger"), json({ ...session, memory_id: "m" }))).toMatchObject({ ok: true });
  expect(identify(delivery("memory.event"), json(session))).toMatchObject({ ok: false, reason: "invalid" });
  expect(identify(delivery(), json({}))).toMatchObject({ ok: false, reason: "invalid" });
});

test("a fault names the field and never the value", () => {
  const identify = identifier(messages.get("extraction.requests") ?? []);
  const found = identify(delivery(), json({ session_id: "", user_id: 12345 }));
  expect(found).toMatchObject({ ok: false, reason: "invalid" });
  expect(JSON.stringify(found)).toMatch(/session_id.*user_id/);
  expect(JSON.stringify(found)).not.toContain("12345");
  expect(identify(delivery(), Buffer.from("{secret"))).toEqual({ ok: false, reason: "malformed", fault: "its body of 7 bytes is no JSON" });
});

test("where no message is known, any JSON is a body", () => {
  expect(identifier([])(delivery("extraction.request"), json([1]))).toEqual({ ok: true, name: "extraction.request", body: [1] });
});
