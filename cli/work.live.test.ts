/** `warren work`, `publish` and `load` on a real broker, as processes: they run, stop when they are told to, and end with the right code. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../testing/until.js";
import { storeProcess } from "../testing/store-process.js";
import { workerGround } from "../testing/worker-live.js";
import { workerProcess } from "../testing/worker-process.js";
import { contextiq } from "../topology/systems/contextiq.js";
import { debias } from "../topology/systems/debias.js";
import { connect } from "../workers/index.js";
import { run } from "./main.js";

const LIMIT = { timeout: 120_000 };
const EVENT = JSON.stringify({ user_id: 1, product_id: 2, event_type: "view", user_session: "s" });

/** A verb in this process. */
async function warren(words: readonly string[], environment: Record<string, string>) {
  let [out, error] = ["", ""];
  const console = {
    out: (text: string) => void (out += text),
    error: (text: string) => void (error += text),
    style: (_: string, text: string) => text,
  };
  const code = await run(words, { ...console, cwd: tmpdir(), environment }, "1");
  return { code, out, error };
}

test("a reference service works until SIGTERM, and finishes what is begun", LIMIT, async () => {
  const ground = await workerGround(debias);
  const store = await storeProcess("graph");
  const publisher = { RABBITMQ_URL: ground.url("event-api") };
  const worker = workerProcess(["work", "debias", "--service", "neo4j-worker"], {
    RABBITMQ_URL: ground.url("neo4j-worker"),
    NEO4J_URL: store.url,
  });
  const { health } = await worker.line("service.open");
  expect((await fetch(`${health}/health/ready`)).status).toBe(200);
  const many = await warren(["publish", "debias", "event", "--body", EVENT, "--count", "50"], publisher);
  expect(many).toMatchObject({ code: 0, out: "published 50 of 50 event" });
  await until(async () => (await store.client.counts())["interactions"]?.records === 50);
  expect(await (await fetch(`${health}/metrics`)).text()).toContain('queue="events.neo4j"');

  await store.behave({ delay: 1000 });
  await warren(["publish", "debias", "event", "--body", EVENT, "--count", "5"], publisher);
  await until(
    async () =>
      ((await (await fetch(`${health}/health/ready`)).json()) as { consumers: { inFlight: number }[] }).consumers[0]?.inFlight === 5,
  );
  worker.child.kill("SIGTERM");
  expect(await worker.ended).toEqual({ code: 0, signal: null, error: "" });
  expect((await store.client.counts())["interactions"]?.records).toBe(55);
  expect(await ground.depth("events.neo4j")).toBe(0);
  expect(worker.lines.map(({ event }) => event)).toEqual(expect.arrayContaining(["service.stop", "service.end"]));
  expect(JSON.stringify(worker.lines)).not.toContain(new URL(ground.url("neo4j-worker")).password);
});

test("a second signal ends it at once, and a bus that fails with exit code 1", LIMIT, async () => {
  const ground = await workerGround(debias);
  const store = await storeProcess("graph");
  await store.behave({ delay: 30_000 });
  const environment = { RABBITMQ_URL: ground.url("neo4j-worker"), NEO4J_URL: store.url, WARREN_DRAIN_DEADLINE: "20 seconds" };
  const patient = workerProcess(["work", "debias", "--service", "neo4j-worker"], environment);
  await patient.line("service.open");
  await warren(["publish", "debias", "event", "--body", EVENT], { RABBITMQ_URL: ground.url("event-api") });
  await until(async () => (await ground.depth("events.neo4j")) === 0);
  patient.child.kill("SIGINT");
  await patient.line("service.stop");
  patient.child.kill("SIGINT");
  expect(await patient.ended).toMatchObject({ code: null, signal: "SIGINT" });

  await store.behave({ delay: 0 });
  const failing = workerProcess(["work", "debias", "--service", "neo4j-worker"], environment);
  await failing.line("service.open");
  const user = `${ground.vhost}.neo4j-worker`;
  await ground.api("DELETE", `/api/connections/username/${user}`);
  await ground.api("DELETE", `/api/users/${user}`);
  expect(await failing.ended).toMatchObject({ code: 1 });
  expect(failing.lines.find(({ event }) => event === "service.failed")).toMatchObject({ level: "fatal" });
});

test("handlers of one's own: a module with a handler for each queue, and a function that gets the bus", LIMIT, async () => {
  const ground = await workerGround(contextiq);
  const cwd = mkdtempSync(join(tmpdir(), "warren-handlers-"));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  writeFileSync(
    join(cwd, "extract.ts"),
    `import { retry } from "warren/workers";\nexport default { "extraction.requests": ({ body }: { body: { session_id: string } }) =>\n` +
      `  body.session_id === "odd" ? retry("odd") : { success: true, memories_extracted: body.session_id.length } };\n`,
  );
  const asked = workerProcess(
    ["work", "contextiq", "--service", "extraction-worker", "--handlers", "extract.ts"],
    { RABBITMQ_URL: ground.url("extraction-worker") },
    cwd,
  );
  await asked.line("service.open");
  const bus = await connect(ground.topology, { service: "sessions-api", url: ground.url("sessions-api") });
  onTestFinished(() => bus.close());
  expect(await bus.request("extraction.request", { session_id: "abc", user_id: "u" })).toEqual({ success: true, memories_extracted: 3 });
  await bus.publish("extraction.request", { session_id: "odd", user_id: "u" });
  await until(async () => (await ground.depth("extraction.requests.retry.1")) + (await ground.depth("extraction.requests.retry.2")) === 1);

  writeFileSync(
    join(cwd, "result.mjs"),
    `export default async (bus, { log }) => {\n  await bus.consume("extraction.results", ({ body }) => log.info({ event: "got" }, body.session_id));\n};\n`,
  );
  const own = workerProcess(
    ["work", "contextiq", "--service", "result-handler", "--handlers", "result.mjs"],
    { RABBITMQ_URL: ground.url("result-handler") },
    cwd,
  );
  await own.line("service.open");
  const result = JSON.stringify({ session_id: "s9", memories_extracted: 1, success: true });
  const published = await warren(["publish", "contextiq", "extraction.result", "--body", result, "--json"], {
    RABBITMQ_URL: ground.url("extraction-worker"),
  });
  expect(JSON.parse(published.out)).toMatchObject({
    version: 1,
    service: "extraction-worker",
    published: 1,
    failed: {},
    messageIds: [expect.any(String)],
  });
  expect(await own.line("got")).toMatchObject({ msg: "s9" });
  own.child.kill("SIGTERM");
  expect((await own.ended).code).toBe(0);
});

test("what does not fit, or reaches nobody, is told", LIMIT, async () => {
  const ground = await workerGround(contextiq);
  const environment = { RABBITMQ_URL: ground.url("administrator") };
  const event = JSON.stringify({ session_id: "s", event: "x", data: {}, timestamp: "now" });
  expect(await warren(["publish", "contextiq", "session.event", "--key", "event=x", "--body", event], environment)).toMatchObject({
    code: 0,
  });
  const invalid = await warren(
    ["publish", "contextiq", "session.event", "--key", "event=x", "--body", "{}", "--count", "9999"],
    environment,
  );
  expect(invalid).toMatchObject({ code: 2, error: expect.stringContaining("does not fit its schema") });
  expect(await warren(["publish", "contextiq", "session.event", "--body", event], environment)).toMatchObject({
    code: 2,
    error: expect.stringContaining("{event}"),
  });
  for (const queue of ["session.events", "events.analytics", "events.logging"])
    await ground.api("DELETE", `/api/queues/${ground.vhost}/${queue}`);
  const lost = await warren(["publish", "contextiq", "session.event", "--key", "event=x", "--body", event], environment);
  expect(lost).toMatchObject({ code: 1, error: expect.stringContaining("1 failed") });
});

test("load keeps its rate, and measures to the confirm and to the consumer", LIMIT, async () => {
  const ground = await workerGround(debias);
  const environment = { RABBITMQ_URL: ground.url("administrator") };
  const measured = await warren(
    ["load", "debias", "event", "--rate", "400", "--for", "3s", "--consume", "events.neo4j", "--size", "300", "--json"],
    environment,
  );
  expect(measured.code).toBe(0);
  const report = JSON.parse(measured.out);
  expect(report).toMatchObject({ version: 1, bytes: 300, wanted: 400, failed: {}, foreign: 0, queue: "events.neo4j" });
  expect(report.sent).toBeGreaterThan(1150);
  expect(report.sent).toBeLessThanOrEqual(1200);
  expect([report.confirmed, report.consumed, report.confirm.count, report.endToEnd.count]).toEqual(Array(4).fill(report.sent));
  expect(report.confirm.p50).toBeGreaterThan(0);
  expect(report.confirm.p999).toBeLessThanOrEqual(report.confirm.max);
  // The other database's queue was fed, and belongs to nobody here.
  expect(await ground.depth("events.qdrant")).toBe(report.sent);
  const used = await warren(["load", "debias", "event", "--rate", "10", "--for", "1s", "--consume", "events.qdrant"], environment);
  expect(used).toMatchObject({ code: 2, error: expect.stringContaining('Queue "events.qdrant" is in use') });
  const plain = await warren(["load", "debias", "event", "--rate", "50", "--for", "500 ms"], environment);
  expect([plain.code, plain.out]).toEqual([0, expect.stringMatching(/rate[^]*p99\.9[^]*to the confirm\n<= [^]*#/)]);
});
