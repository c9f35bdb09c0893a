/** CGCG on a real broker: tasks are submitted, watched and revoked; messages go to queues that users made; the broker may be lost half-way. */
import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { Proxy } from "../../../testing/proxy.js";
import { http, systemGround, withRetry } from "../../../testing/reference-live.js";
import { until } from "../../../testing/until.js";
import { cgcg } from "../../../topology/systems/cgcg.js";
import type { Run, RunOptions } from "../run.js";
import { hashOf } from "./keys.js";
import { cgcgServices, workOn } from "./services.js";
import type { Registry } from "./tasks.js";

const LIMIT = { timeout: 30_000 };
const KEYS = JSON.stringify(
  (["reader", "publisher", "admin"] as const).map((role) => ({ id: role, role, hash: hashOf(`key-of-${role}`) })),
);
const ON = { enabled: true, managementEnabled: true };
type ApiRun = Partial<RunOptions<typeof cgcg, "api">>;

async function system() {
  const ground = await systemGround(withRetry(cgcg, ["100 ms", "200 ms"]), cgcgServices);
  const start = async (more: ApiRun = {}): Promise<Run> => {
    const api = await ground.run("api", { CGCG_API_KEYS: KEYS }, { ...ON, ...more });
    if (more.connect === undefined) await until(async () => (await http("GET", `${api.url}/health`)).body.messaging === "connected");
    return api;
  };
  const as = (role: string) => ({ "x-api-key": `key-of-${role}` });
  const submit = async (api: Run, task_name: string, kwargs = {}): Promise<string> => {
    const answer = await http("POST", `${api.url}/rabbitmq/tasks/submit`, { task_name, kwargs }, as("publisher"));
    expect(answer).toMatchObject({ status: 202, body: { status: "PENDING" } });
    return answer.body.task_id as string;
  };
  const look = async (api: Run, id: string): Promise<Record<string, unknown>> =>
    (await http("GET", `${api.url}/rabbitmq/tasks/${id}`, undefined, as("reader"))).body as Record<string, unknown>;
  const work = async (registry: Registry): Promise<void> =>
    workOn(await ground.bus("worker"), { topology: ground.topology, concurrency: 5, registry });
  return { ground, start, as, submit, look, work };
}

test("tasks are submitted, watched, and retried; a failing one ends among the dead letters", LIMIT, async () => {
  const { ground, start, submit, look, as, work } = await system();
  const api = await start();
  let goOn: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => (goOn = resolve));
  await work({
    slow: {
      run: async (_args, _kwargs, { progress }) => {
        await progress(0.5);
        await waiting;
        return { answer: 42 };
      },
    },
    flaky: { run: (_args, _kwargs, { attempt }) => (attempt < 3 ? Promise.reject(new Error("not yet")) : "third time") },
    bad: { run: () => Promise.reject(new Error("never")) },
    late: { run: () => new Promise(() => undefined), timeout: 100 },
  });
  const [slow, flaky, bad, late] = [
    await submit(api, "slow"),
    await submit(api, "flaky"),
    await submit(api, "bad"),
    await submit(api, "late"),
  ];
  await until(async () => (await look(api, slow)).status === "PROGRESS");
  expect(await look(api, slow)).toEqual({ task_id: slow, task_name: "slow", status: "PROGRESS", progress: 0.5 });
  await until(async () => (await http("GET", `${api.url}/rabbitmq/tasks/active`, undefined, as("reader"))).body.length === 1);
  goOn();
  await until(async () => (await look(api, slow)).status === "SUCCESS");
  expect(await look(api, slow)).toMatchObject({ progress: 1, result: { answer: 42 } });
  expect(await look(api, flaky)).toMatchObject({ status: "SUCCESS", result: "third time" });
  expect(await look(api, bad)).toMatchObject({ status: "FAILURE", error: "never" });
  expect(await look(api, late)).toMatchObject({ status: "TIMEOUT" });
  expect(await ground.depth("tasks.dead")).toBe(2);
});

test("a task is revoked while it runs, while it waits, and before any worker is there", LIMIT, async () => {
  const { start, submit, look, as, work } = await system();
  const api = await start();
  const revoke = (id: string) => http("DELETE", `${api.url}/rabbitmq/tasks/${id}`, undefined, as("publisher"));
  const early = await submit(api, "hang");
  expect(await revoke(early)).toMatchObject({ status: 200, body: { status: "REVOKED" } });
  const ended: string[] = [];
  await work({
    hang: {
      run: (_args, _kwargs, { signal, taskId }) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => {
            ended.push(taskId);
            reject(signal.reason as Error);
          }),
        ),
    },
  });
  // It did not hear of it: it starts, is told again, and ends.
  await until(() => ended.includes(early));
  const running = await submit(api, "hang");
  await until(async () => (await look(api, running)).status === "STARTED");
  expect(await revoke(running)).toMatchObject({ status: 200, body: { status: "REVOKED" } });
  await until(() => ended.includes(running));
  expect((await look(api, running)).status).toBe("REVOKED");
  expect(await revoke(running)).toMatchObject({ status: 200, body: { status: "REVOKED" } });
  expect(await revoke("7f2c2a52-5c1c-4c36-9a7b-0d3a2f7d9a10")).toMatchObject({ status: 404, body: { error: { code: "no-task" } } });
});

test("messages go to queues that users of the API make", LIMIT, async () => {
  const { start, as } = await system();
  const api = await start();
  const at = `${api.url}/rabbitmq`;
  const publish = () => http("POST", `${at}/messages/publish`, { queue_name: "mail", message: { to: "ann" } }, as("publisher"));
  expect(await publish()).toMatchObject({
    status: 404,
    body: { error: { code: "no-queue", remedy: "declare it: POST /rabbitmq/queues/declare" } },
  });
  expect(await http("GET", `${at}/queues/mail/info`, undefined, as("reader"))).toMatchObject({ status: 404 });
  expect(await http("POST", `${at}/queues/declare`, { queue_name: "mail" }, as("publisher"))).toMatchObject({ status: 403 });
  for (let again = 0; again < 2; again++)
    expect(await http("POST", `${at}/queues/declare`, { queue_name: "mail" }, as("admin"))).toMatchObject({
      status: 200,
      body: { name: "direct.mail" },
    });
  for (let n = 0; n < 3; n++) expect(await publish()).toMatchObject({ status: 202, body: { message_id: expect.any(String) } });
  expect(await http("GET", `${at}/queues/mail/info`, undefined, as("reader"))).toEqual({
    status: 200,
    body: { queue_name: "mail", message_count: 3, consumer_count: 0, durable: true },
  });
  expect(await http("DELETE", `${at}/queues/mail/purge`, undefined, as("admin"))).toEqual({
    status: 200,
    body: { queue_name: "mail", purged: 3 },
  });
  expect(await http("DELETE", `${at}/queues/nothing/purge`, undefined, as("admin"))).toMatchObject({
    status: 404,
    body: { error: { code: "no-queue" } },
  });
});

test("the API works with the broker off, away at the start, lost half-way, and back", LIMIT, async () => {
  const { ground, start, as, submit, look, work } = await system();
  const target = new URL(ground.url("api"));
  const broker = { host: target.hostname, port: Number(target.port) };
  const proxy = await Proxy.start(() => broker);
  onTestFinished(() => proxy.close());
  target.port = String(proxy.port);
  target.hostname = "127.0.0.1";
  const connect = { url: target.href, attempts: 1, backoff: { min: 50, max: 200 }, drainDeadline: 1000 };

  const off = await start({ enabled: false, connect });
  expect((await http("GET", `${off.url}/health`)).body).toEqual({ status: "healthy", messaging: "disabled" });
  expect((await http("POST", `${off.url}/rabbitmq/tasks/submit`, { task_name: "t" }, as("publisher"))).body.status).toBe("DISABLED");
  expect(proxy.accepted).toBe(0);

  proxy.refuse();
  const api = await start({ connect });
  const messaging = async () => (await http("GET", `${api.url}/health`)).body.messaging as string;
  const refused = async (): Promise<void> => {
    const began = performance.now();
    expect(await http("POST", `${api.url}/rabbitmq/tasks/submit`, { task_name: "t" }, as("publisher"))).toMatchObject({
      status: 503,
      body: { error: { code: "broker-away", message: "The broker cannot be reached now.", remedy: expect.any(String) } },
    });
    expect(performance.now() - began).toBeLessThan(1000);
    expect(await http("GET", `${api.url}/rabbitmq/queues/mail/info`, undefined, as("reader"))).toMatchObject({ status: 503 });
    expect(await http("GET", `${api.url}/rabbitmq/tasks/active`, undefined, as("reader"))).toMatchObject({ status: 200 });
  };
  expect(await messaging()).toBe("away");
  await refused();
  proxy.heal();
  await until(async () => (await messaging()) === "connected");
  await work({ echo: { run: (args) => args } });
  const before = await submit(api, "echo");
  await until(async () => (await look(api, before)).status === "SUCCESS");

  proxy.refuse();
  proxy.cut();
  await until(async () => (await messaging()) === "away");
  await refused();
  expect((await look(api, before)).status).toBe("SUCCESS");
  proxy.heal();
  await until(async () => (await messaging()) === "connected");
  const after = await submit(api, "echo");
  await until(async () => (await look(api, after)).status === "SUCCESS");
});

test("bodies are encrypted by option", LIMIT, async () => {
  const { ground, start, as } = await system();
  const encryption = { keys: { k1: randomBytes(32) }, current: "k1" };
  const api = await start({ connect: { url: ground.url("api"), encryption } });
  await until(() => api.health().connections.publish === "open");
  await until(
    async () =>
      (await http("POST", `${api.url}/rabbitmq/tasks/submit`, { task_name: "t", args: ["a secret"] }, as("publisher"))).status === 202,
  );
  const [letter] = (await ground.api("POST", `/api/queues/${ground.vhost}/tasks/get`, {
    count: 1,
    ackmode: "ack_requeue_true",
    encoding: "base64",
  })) as {
    payload: string;
    properties: { content_encoding: string };
  }[];
  expect(letter?.properties.content_encoding).toBe("aes-256-gcm");
  expect(Buffer.from(letter?.payload ?? "", "base64").toString("latin1")).not.toContain("secret");
  const got: unknown[] = [];
  const bus = await ground.bus("worker", { encryption });
  await bus.consume("tasks", ({ body }) => void got.push(body.args));
  await until(() => got.length === 1);
  expect(got).toEqual([["a secret"]]);
});
