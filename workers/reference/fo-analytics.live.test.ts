/** FO Analytics on a real broker: a document is processed; one that fails is retried three times at growing delays, then found among the dead letters with its history. */
import amqp from "amqplib";
import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { http, systemGround, withRetry } from "../../testing/reference-live.js";
import { until } from "../../testing/until.js";
import { storeProcess } from "../../testing/store-process.js";
import { foAnalytics } from "../../topology/systems/fo-analytics.js";
import { foAnalyticsServices } from "./fo-analytics.js";

const LADDER = [200, 400, 800];

async function system() {
  const topology = withRetry(
    foAnalytics,
    LADDER.map((ms) => `${ms} ms`),
  );
  const ground = await systemGround(topology, foAnalyticsServices);
  const [storage, parser] = await Promise.all([storeProcess("storage"), storeProcess("parser")]);
  const urls = { STORAGE_URL: storage.url, DOCUMENTS_URL: storage.url, PARSER_URL: parser.url, MODEL_URL: parser.url };
  const api = await ground.run("api", urls);
  await ground.run("worker", urls);
  const upload = async (content: string): Promise<string> => {
    const answer = await http("POST", `${api.url}/documents`, { user_id: randomUUID(), content });
    expect(answer.status).toBe(202);
    return answer.body.document_id as string;
  };
  const status = async (id: string): Promise<Record<string, unknown>> =>
    (await http("GET", `${api.url}/documents/${id}`)).body as Record<string, unknown>;
  return { ground, storage, parser, api, upload, status };
}

test("an uploaded document is processed, and its status says what was found", { timeout: 30_000 }, async () => {
  const { upload, status, api, ground } = await system();
  const id = await upload("The market is calm. Buy bonds now. It rains.");
  await until(async () => (await status(id)).status === "processed");
  expect(await status(id)).toEqual({ document_id: id, status: "processed", attempt: 1, strategies: ["Buy bonds now."] });
  expect(await http("POST", `${api.url}/documents`, { user_id: "me", content: "" })).toMatchObject({
    status: 400,
    body: { error: { code: "invalid" } },
  });
  expect(await http("GET", `${api.url}/documents/${randomUUID()}`)).toMatchObject({ status: 404 });
  // What storage does not have, no retry brings back.
  const bus = await ground.bus("api");
  const lost = { document_id: randomUUID(), user_id: randomUUID(), file_path: "nowhere", content_type: "text/plain" };
  await bus.publish("document", lost);
  await until(async () => (await ground.depth("document_processing_dlq")) === 1);
  expect(await status(lost.document_id)).toMatchObject({ status: "failed", attempt: 1 });
});

test(
  "a failing one is retried three times at growing delays, then found among the dead letters with its history",
  { timeout: 30_000 },
  async () => {
    const { upload, status, parser, ground } = await system();
    await parser.behave({ failureRate: 1 });
    const id = await upload("Sell everything.");
    await until(async () => (await status(id)).status === "retrying");
    await until(async () => (await ground.depth("document_processing_dlq")) === 1);
    await until(async () => (await status(id)).status === "failed");
    const connection = await amqp.connect(ground.url("dlq-handler"));
    onTestFinished(() => connection.close());
    const letter = await (await connection.createChannel()).get("document_processing_dlq");
    const headers = (letter || undefined)?.properties.headers ?? {};
    expect(headers["warren-reason"]).toBe("exhausted");
    const history = headers["warren-history"] as { attempt: number; at: string; reason: string; service: string }[];
    expect(history.map(({ attempt, service }) => [attempt, service])).toEqual([1, 2, 3, 4].map((attempt) => [attempt, "worker"]));
    expect(new Set(history.map(({ reason }) => reason))).toEqual(new Set(["the parser: answered 503: this store fails as it was told to"]));
    const times = history.map(({ at }) => Date.parse(at));
    LADDER.forEach((ms, rung) => expect((times[rung + 1] ?? 0) - (times[rung] ?? 0)).toBeGreaterThanOrEqual(ms - 10));
    expect(JSON.parse((letter || undefined)!.content.toString())).toMatchObject({ document_id: id });
  },
);

test("an outage that ends in time costs a document nothing but time", { timeout: 30_000 }, async () => {
  const { upload, status, parser, ground } = await system();
  await parser.behave({ failureRate: 1 });
  const id = await upload("Hold.");
  await until(async () => (await status(id)).attempt === 2);
  await parser.behave({ failureRate: 0 });
  await until(async () => (await status(id)).status === "processed");
  expect(await status(id)).toMatchObject({ strategies: ["Hold."] });
  expect(await ground.depth("document_processing_dlq")).toBe(0);
});
