/** The five systems on the dev stack as a user runs them: `npm run up -- --all`, then each service by `warren work` as its own user. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contextiq } from "../topology/systems/contextiq.js";
import { hashOf } from "../workers/reference/cgcg/keys.js";
import { Clone } from "./clone.js";
import { postOfficeClient } from "./post-office-client.js";
import { http } from "./reference-live.js";
import { until } from "./until.js";
import { storeProcess } from "./store-process.js";
import { workerProcess, type Line } from "./worker-process.js";

const WAIT = 60_000;

let clone: Clone;
beforeAll(async () => {
  clone = new Clone();
  await clone.up("--all");
});
afterAll(() => clone.remove());

/** No broker is named: it is the dev stack of the directory, where the service works as its own user. Gives where it serves. */
async function work(system: string, service: string, environment: Record<string, string> = {}): Promise<Line> {
  const words = ["work", system, "--service", service];
  const worker = workerProcess(
    words,
    { HOME: process.env["HOME"] ?? "/", ...environment },
    clone.directory,
    join(clone.directory, "bin/warren.cjs"),
  );
  return await worker.line("service.open");
}

async function depth(vhost: string, queue: string): Promise<number> {
  const answer = await clone.api("GET", `/queues/${vhost}/${queue}?disable_stats=true&enable_queue_totals=true`);
  return ((await answer.json()) as { messages: number }).messages;
}

/** What is done is acknowledged after that, and the broker's count is up to 5 seconds old. */
const isEmptied = (vhost: string, queue: string): Promise<void> => until(async () => (await depth(vhost, queue)) === 0, WAIT);

const deadLetters = async (system: string): Promise<string> => (await clone.warren("dlq", "list", system)).output;

test("fo-analytics: a document is processed; one that fails is retried three times, then found among the dead letters", async () => {
  const [storage, parser] = await Promise.all([storeProcess("storage"), storeProcess("parser")]);
  const urls = { STORAGE_URL: storage.url, DOCUMENTS_URL: storage.url, PARSER_URL: parser.url, MODEL_URL: parser.url };
  const [{ api }] = await Promise.all([work("fo-analytics", "api", urls), work("fo-analytics", "worker", urls)]);
  const upload = async (content: string): Promise<string> =>
    (await http("POST", `${api}/documents`, { user_id: randomUUID(), content })).body.document_id as string;
  const status = async (id: string): Promise<unknown> => (await http("GET", `${api}/documents/${id}`)).body;
  const good = await upload("The market is calm. Buy bonds now.");
  await until(async () => ((await status(good)) as { status: string }).status === "processed", WAIT);
  await parser.behave({ failureRate: 1 });
  const bad = await upload("Sell everything.");
  await until(async () => ((await status(bad)) as { status: string }).status === "failed", WAIT);
  expect(await status(bad)).toMatchObject({ attempt: 4 });
  expect((await clone.warren("dlq", "show", "document_processing_dlq")).output).toMatch(/exhausted/);
  await isEmptied("fo-analytics", "document_processing");
});

test("contextiq: a session goes through extraction and consolidation, every subscriber hears of it, and malformed bodies are dead letters", async () => {
  const store = await storeProcess("memory store");
  const stores = { MEMORY_STORE_URL: store.url, MODEL_URL: store.url, WEBHOOK_URL: `${store.url}/webhook` };
  const services = Object.keys(contextiq.services).filter((name) => name !== "monitoring");
  const places = new Map<string, Line>();
  // The other documented way to a password: asked for once, for it costs more than the service's start.
  const answer = await clone.npm("pulumi", "--", ..."stack output passwords --show-secrets --json".split(" "));
  const passwords = JSON.parse(answer.stdout) as Record<string, string>;
  for (const service of [...services, "extraction-worker"]) {
    const user = `contextiq.${service}`;
    const own = { RABBITMQ_USERNAME: user, RABBITMQ_PASSWORD: passwords[user] ?? "" };
    places.set(service, await work("contextiq", service, { ...stores, ...own }));
  }
  const sessions = places.get("sessions-api")?.api;
  const made = await http("POST", `${sessions}/sessions`, { user_id: "ann", events: ["Prefers tea", "Lives in Oslo"] });
  expect(made).toMatchObject({ status: 202 });
  await until(async () => (await store.client.counts())["results"]?.records === 2, WAIT);
  const asked = await http("POST", `${sessions}/sessions/${made.body.session_id}/extraction`, { user_id: "ann", timeout: 5000 });
  expect(asked).toEqual({ status: 200, body: { success: true, memories_extracted: 2 } });
  await http("POST", `${places.get("memory-api")?.api}/memories`, { user_id: "ann", text: "Plays chess" });
  await until(async () => ((await store.client.counts())["events"]?.records ?? 0) >= 2, WAIT);
  await isEmptied("contextiq", "events.logging");
  await clone.api("POST", "/exchanges/contextiq/contextiq.extraction/publish", {
    ...{ properties: {}, routing_key: "extraction.request", payload: "{", payload_encoding: "string" },
  });
  await until(async () => (await depth("contextiq", "dead_letter")) > 0, WAIT);
  expect(await deadLetters("contextiq")).toMatch(/malformed/);
});

test("debias: both databases get every event, and an outage of one holds back only its own queue", async () => {
  const [graph, vectors] = await Promise.all([storeProcess("graph"), storeProcess("vectors")]);
  const [{ api }] = await Promise.all([
    work("debias", "event-api"),
    work("debias", "neo4j-worker", { NEO4J_URL: graph.url }),
    work("debias", "qdrant-worker", { QDRANT_URL: vectors.url }),
  ]);
  const batch = (count: number, from: number) => ({
    events: Array.from({ length: count }, (_, n) => ({ user_id: n + from, product_id: 1, event_type: "view", user_session: "s" })),
  });
  const stored = async (store: typeof graph, kind: string): Promise<number> => (await store.client.counts())[kind]?.records ?? 0;
  expect((await http("POST", `${api}/events/batch`, batch(300, 0))).body).toMatchObject({ queued: 300, failed: [] });
  await until(async () => (await stored(graph, "interactions")) === 300 && (await stored(vectors, "profiles")) === 300, WAIT);
  await vectors.kill();
  await http("POST", `${api}/events/batch`, batch(100, 1000));
  await until(async () => (await stored(graph, "interactions")) === 400, WAIT);
  await until(async () => (await depth("debias", "events.qdrant.retry.1")) > 0, WAIT);
  await isEmptied("debias", "events.neo4j");
  await vectors.start();
  await until(async () => (await stored(vectors, "profiles")) === 400, WAIT);
  expect((await http("GET", `${api}/rabbitmq/health`)).body).toMatchObject({ status: "healthy" });
});

test("cgcg: tasks are submitted, watched and revoked; a key that may not is refused", async () => {
  const keys = (["reader", "publisher"] as const).map((role) => ({ id: role, role, hash: hashOf(`key-of-${role}`) }));
  const on = { RABBITMQ_ENABLED: "true", RABBITMQ_MANAGEMENT_ENABLED: "true", CGCG_API_KEYS: JSON.stringify(keys) };
  const [{ api }] = await Promise.all([work("cgcg", "api", on), work("cgcg", "worker", on)]);
  const as = (role: string) => ({ "x-api-key": `key-of-${role}` });
  const submit = (role: string, task: object) => http("POST", `${api}/rabbitmq/tasks/submit`, task, as(role));
  const look = async (id: string) => (await http("GET", `${api}/rabbitmq/tasks/${id}`, undefined, as("reader"))).body as { status: string };
  await until(async () => (await http("GET", `${api}/health`)).body.messaging === "connected", WAIT);
  const { task_id } = (await submit("publisher", { task_name: "sum", args: [2, 3] })).body as { task_id: string };
  await until(async () => (await look(task_id)).status === "SUCCESS", WAIT);
  expect(await look(task_id)).toMatchObject({ result: { sum: 5 } });
  const slow = (await submit("publisher", { task_name: "wait", kwargs: { seconds: 30 } })).body as { task_id: string };
  await until(async () => (await look(slow.task_id)).status === "PROGRESS", WAIT);
  await http("DELETE", `${api}/rabbitmq/tasks/${slow.task_id}`, undefined, as("publisher"));
  await until(async () => (await look(slow.task_id)).status === "REVOKED", WAIT);
  expect((await submit("reader", { task_name: "sum", args: [1] })).status).toBe(403);
  expect((await submit("nobody", { task_name: "sum", args: [1] })).status).toBe(401);
});

test("stage7: a client of the post office reaches one by its id, two by their type, and gets a reply", async () => {
  const registry = await storeProcess("registry");
  const shared = { REGISTRY_URL: registry.url, STAGE7_TOKEN: "members", STAGE7_CLIENT_SECRET: "a secret of this test" };
  const places = await Promise.all([
    work("stage7", "brain", { ...shared, STAGE7_SERVICE_ID: "brain1" }),
    work("stage7", "brain", { ...shared, STAGE7_SERVICE_ID: "brain2" }),
    work("stage7", "librarian", { ...shared, STAGE7_SERVICE_ID: "librarian1" }),
    work("stage7", "post-office", shared),
  ]);
  // They serve at once, over HTTP, and join the broker when it is there.
  for (const { health } of places)
    await until(async () => {
      const { connections, consumers } = (await http("GET", `${health}/health/ready`)).body;
      return connections?.publish === "open" && consumers?.[0]?.state === "consuming";
    }, WAIT);
  const office = places[3];
  const { ask, told } = await postOfficeClient(office.api, shared.STAGE7_CLIENT_SECRET, "ann");
  const heard = () => told.filter(({ kind }) => kind === "message").length;
  expect(await ask({ id: "1", recipient: "brain2", type: "note", content: "id" })).toMatchObject({ kind: "accepted", by: "broker" });
  await until(() => heard() === 1);
  await ask({ id: "2", recipient: "brain", type: "note", content: "type" });
  await until(() => heard() === 3);
  await ask({ id: "3", recipient: "all", type: "note", content: "all" });
  await until(() => heard() === 6);
  expect(await ask({ id: "4", recipient: "librarian1", type: "ask", content: 1, request: true })).toMatchObject({
    kind: "reply",
    by: "broker",
  });
});
