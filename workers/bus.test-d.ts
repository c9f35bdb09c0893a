/** What the compiler refuses of a service's program; checked by `tsc` alone, with TypeScript 6 and 7. */
import { contextiq } from "../topology/systems/contextiq.js";
import { stage7 } from "../topology/systems/stage7.js";
import { connect, park } from "./index.js";

export async function sessions(): Promise<void> {
  const bus = await connect(contextiq, { service: "sessions-api" });
  await bus.publish("extraction.request", { session_id: "s", user_id: "u" });
  const reply = await bus.request("extraction.request", { session_id: "s", user_id: "u" }, { timeout: 1000 });
  const success: boolean = reply.success;
  void success;
  await bus.publish(
    "session.event",
    { session_id: "s", event: "created", data: {}, timestamp: "now" },
    { key: { event: "created" }, priority: 9 },
  );

  // @ts-expect-error a message that the topology does not have
  await bus.publish("extraction.requests", { session_id: "s", user_id: "u" });
  // @ts-expect-error a message that another service publishes
  await bus.publish("extraction.result", { session_id: "s", memories_extracted: 1, success: true });
  // @ts-expect-error a field is missing
  await bus.publish("extraction.request", { session_id: "s" });
  // @ts-expect-error a field of another type
  await bus.publish("extraction.request", { session_id: 1, user_id: "u" });
  // @ts-expect-error the word of its key is missing
  await bus.publish("session.event", { session_id: "s", event: "created", data: {}, timestamp: "now" });
  // @ts-expect-error another word than the key has
  await bus.publish("session.event", { session_id: "s", event: "created", data: {}, timestamp: "now" }, { key: { evnt: "created" } });
  // @ts-expect-error a key that has no words
  await bus.publish("extraction.request", { session_id: "s", user_id: "u" }, { key: { event: "created" } });
  // @ts-expect-error a message without a reply
  await bus.request("session.event", { session_id: "s", event: "created", data: {}, timestamp: "now" }, { key: { event: "created" } });
  // @ts-expect-error a duration without a unit
  await bus.publish("extraction.request", { session_id: "s", user_id: "u" }, { expiration: "5" });
  // @ts-expect-error it consumes nothing
  await bus.consume("extraction.requests", () => undefined);
}

export async function worker(): Promise<void> {
  const bus = await connect(contextiq, { service: "extraction-worker" });
  await bus.consume("extraction.requests", ({ name, body }) => {
    const message: "extraction.request" = name;
    const user: string = body.user_id;
    return user === "" ? park(message) : undefined;
  });
  await bus.answer("extraction.requests", () => ({ success: true }));
  // @ts-expect-error a queue of another service
  await bus.consume("extraction.results", () => undefined);
  // @ts-expect-error a field that the body does not have
  await bus.consume("extraction.requests", ({ body }) => void body.document_id);
  // @ts-expect-error no outcome
  await bus.consume("extraction.requests", () => "done");
  // @ts-expect-error a reply that does not fit
  await bus.answer("extraction.requests", () => ({ success: "yes" }));
  // @ts-expect-error a service that the topology does not have
  await connect(contextiq, { service: "extraction-wroker" });
}

export async function analytics(): Promise<void> {
  const bus = await connect(contextiq, { service: "analytics" });
  await bus.consume("events.analytics", (delivery) => {
    if (delivery.name === "memory.event") return void delivery.body.memory_id;
    // @ts-expect-error the other one has none
    return void delivery.body.memory_id;
  });
  // A dead letter may be anything.
  const undertaker = await connect(contextiq, { service: "dlq-handler" });
  await undertaker.consume("dead_letter", ({ body }) => {
    // @ts-expect-error nobody knows what it is
    void body.session_id;
  });
}

export async function member(): Promise<void> {
  const bus = await connect(stage7, { service: "brain" });
  const { queue } = await bus.join("inbox", { serviceId: "brain-1" }, ({ name, body }) => (name === "request" ? body : undefined));
  void queue;
  // @ts-expect-error a word is missing
  await bus.join("inbox", {}, () => undefined);
  // @ts-expect-error a template that the topology does not have
  await bus.join("outbox", { serviceId: "brain-1" }, () => undefined);
}
