/** CGCG without a broker: access, the audit log, what is switched off, results and tasks. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { handles } from "../../../testing/sqlite.js";
import { cgcgApi } from "./api.js";
import { fileAudit, type AuditEntry } from "./audit.js";
import { hashOf, Keys, keysFrom } from "./keys.js";
import { noMessaging } from "./messaging.js";
import { sqliteResults } from "./results-sqlite.js";
import { advanced, isOver, memoryResults, type Results, type Task, type TaskStatus } from "./results.js";
import { TaskRunner, type Registry } from "./tasks.js";

const KEYS = new Keys(
  (["reader", "publisher", "admin"] as const).map((role) => ({ id: `my-${role}`, role, hash: hashOf(`key-of-${role}`) })),
);

async function server(more: { management?: boolean; perMinute?: number } = {}) {
  const entries: AuditEntry[] = [];
  const app = await cgcgApi({
    keys: KEYS,
    audit: (entry) => void entries.push(entry),
    perMinute: 1000,
    management: true,
    messaging: noMessaging,
    ...more,
  });
  onTestFinished(() => app.close());
  const call = async (method: "GET" | "POST" | "DELETE", url: string, role?: string, payload?: object) => {
    const answer = await app.inject({
      method,
      url,
      ...(role === undefined ? {} : { headers: { "x-api-key": `key-of-${role}` } }),
      ...(payload ? { payload } : {}),
    });
    return { status: answer.statusCode, body: answer.json() };
  };
  return { app, call, entries };
}

const TASK = { task_name: "echo", args: ["a secret"] };
const ID = "7f2c2a52-5c1c-4c36-9a7b-0d3a2f7d9a10";

describe("the API", () => {
  test("does nothing, and says so, where messaging is switched off", async () => {
    const { call } = await server();
    expect(await call("GET", "/health")).toEqual({ status: 200, body: { status: "healthy", messaging: "disabled" } });
    expect(await call("POST", "/rabbitmq/tasks/submit", "publisher", TASK)).toEqual({
      status: 202,
      body: { task_id: null, task_name: "echo", status: "DISABLED" },
    });
    expect(await call("GET", "/rabbitmq/tasks/active", "reader")).toEqual({ status: 200, body: [] });
    expect(await call("GET", `/rabbitmq/tasks/${ID}`, "reader")).toMatchObject({ status: 404, body: { error: { code: "no-task" } } });
    expect(await call("POST", "/rabbitmq/messages/publish", "publisher", { queue_name: "q", message: {} })).toEqual({
      status: 202,
      body: { enabled: false, message_id: null },
    });
    expect(await call("POST", "/rabbitmq/queues/declare", "admin", { queue_name: "q" })).toMatchObject({
      status: 200,
      body: { enabled: false, name: null },
    });
    expect(await call("DELETE", "/rabbitmq/queues/q/purge", "admin")).toEqual({ status: 200, body: { queue_name: "q", purged: 0 } });
    expect(await call("GET", "/rabbitmq/queues/q/info", "reader")).toMatchObject({ status: 404 });
    const off = await server({ management: false });
    expect(await off.call("POST", "/rabbitmq/tasks/submit", "admin", TASK)).toMatchObject({
      status: 404,
      body: { error: { code: "not-found" } },
    });
  });

  test("refuses who has no key or too small a role, and writes it down without the body", async () => {
    const { call, entries } = await server();
    expect(await call("POST", "/rabbitmq/tasks/submit", undefined, TASK)).toMatchObject({
      status: 401,
      body: { error: { code: "unauthorized" } },
    });
    expect(await call("POST", "/rabbitmq/tasks/submit", "forger", TASK)).toMatchObject({ status: 401 });
    expect(await call("POST", "/rabbitmq/tasks/submit", "reader", TASK)).toMatchObject({
      status: 403,
      body: {
        error: {
          code: "forbidden",
          message: 'The key "my-reader" is a reader; this needs a publisher.',
          remedy: "use a key with that role",
        },
      },
    });
    await call("DELETE", "/rabbitmq/queues/q/purge", "publisher");
    await call("POST", "/rabbitmq/tasks/submit", "publisher", TASK);
    await call("GET", "/rabbitmq/tasks/active", "reader");
    await call("POST", "/rabbitmq/queues/declare", "admin", { queue_name: "q" });
    const submit = { method: "POST", route: "/rabbitmq/tasks/submit", address: "127.0.0.1" };
    expect(entries).toMatchObject([
      { ...submit, key: undefined, status: 401, code: "unauthorized" },
      { ...submit, key: undefined, status: 401, code: "unauthorized" },
      { ...submit, key: "my-reader", role: "reader", status: 403, code: "forbidden" },
      { method: "DELETE", route: "/rabbitmq/queues/:queue_name/purge", key: "my-publisher", target: "q", status: 403 },
      { ...submit, key: "my-publisher", status: 202, code: undefined },
      { route: "/rabbitmq/queues/declare", key: "my-admin", target: "q", status: 200 },
    ]);
    expect(JSON.stringify(entries)).not.toMatch(/secret|key-of/);
  });

  test("limits how often a key, or an address without one, may call", async () => {
    const { call, entries } = await server({ perMinute: 3 });
    for (let n = 0; n < 3; n++) expect((await call("GET", "/rabbitmq/tasks/active", "reader")).status).toBe(200);
    expect(await call("GET", "/rabbitmq/tasks/active", "reader")).toMatchObject({
      status: 429,
      body: { error: { code: "too-many", remedy: expect.any(String) } },
    });
    expect((await call("GET", "/rabbitmq/tasks/active", "admin")).status).toBe(200);
    const guesses = [];
    for (let n = 0; n < 5; n++) guesses.push((await call("GET", "/rabbitmq/tasks/active", `guess-${n}`)).status);
    expect(guesses).toEqual([401, 401, 401, 429, 429]);
    expect(entries.filter(({ status }) => status === 429).length).toBe(3);
  });

  test("has one shape of errors, and describes itself", async () => {
    const { app, call } = await server();
    const faults = [
      await call("POST", "/rabbitmq/tasks/submit", "publisher", { task_name: "" }),
      await call("POST", "/rabbitmq/messages/publish", "publisher", { queue_name: "a.b", message: {} }),
      await call("POST", "/rabbitmq/messages/publish", "publisher", { queue_name: "a", message: {}, exchange: "amq.topic" }),
      await call("POST", "/rabbitmq/queues/declare", "admin", { queue_name: "a", durable: false }),
      await call("GET", "/rabbitmq/tasks/no-uuid", "reader"),
    ];
    for (const { status, body } of faults) {
      expect(status).toBe(400);
      expect(Object.keys(body.error).sort()).toEqual(["code", "message", "remedy"]);
    }
    const broken = await app.inject({
      method: "POST",
      url: "/rabbitmq/tasks/submit",
      headers: { "x-api-key": "key-of-admin", "content-type": "application/json" },
      payload: "{",
    });
    expect([broken.statusCode, broken.json().error.code]).toEqual([400, "invalid"]);
    const described = (await call("GET", "/openapi.json")).body;
    expect(Object.keys(described.paths)).toEqual([
      ...["/health", "/rabbitmq/tasks/submit", "/rabbitmq/tasks/active", "/rabbitmq/tasks/{task_id}", "/rabbitmq/messages/publish"],
      ...["/rabbitmq/queues/declare", "/rabbitmq/queues/{queue_name}/info", "/rabbitmq/queues/{queue_name}/purge"],
    ]);
  });

  test("takes its keys from a file or a variable, and says what is wrong with them", () => {
    const text = JSON.stringify([{ id: "ops", role: "admin", hash: hashOf("k") }]);
    expect(keysFrom({ CGCG_API_KEYS: text }).holder("k")).toEqual({ id: "ops", role: "admin" });
    expect(keysFrom({ CGCG_API_KEYS: text }).holder("K")).toBeUndefined();
    expect(keysFrom({ CGCG_API_KEYS: text }).holder(undefined)).toBeUndefined();
    expect(() => keysFrom({})).toThrow("CGCG_API_KEYS: no API keys are given");
    expect(() => keysFrom({ CGCG_API_KEYS: "{" })).toThrow("CGCG_API_KEYS: this is no JSON");
    expect(() => keysFrom({ CGCG_API_KEYS_FILE: "/nowhere/keys" })).toThrow("cannot be read (ENOENT)");
    expect(() => keysFrom({ CGCG_API_KEYS: text.replace("admin", "king") })).toThrow(/0\.role/);
  });

  test("the audit file has a line for each entry, and only its owner may read it", () => {
    const folder = mkdtempSync(join(tmpdir(), "warren-audit-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "audit.jsonl");
    const entry: AuditEntry = {
      at: "now",
      key: "k",
      role: "admin",
      address: "::1",
      method: "POST",
      route: "/",
      target: "q",
      status: 200,
      code: undefined,
    };
    fileAudit(file)(entry);
    fileAudit(file)({ ...entry, status: 401 });
    expect(
      readFileSync(file, "utf8")
        .split("\n")
        .slice(0, 2)
        .map((line) => (JSON.parse(line) as AuditEntry).status),
    ).toEqual([200, 401]);
    expect(() => fileAudit(join(folder, "no", "file"))).toThrow("cannot be written (ENOENT)");
  });
});

const stores: [string, () => Results][] = [
  ["memory", () => memoryResults()],
  ...handles.map(({ name, open }): [string, () => Results] => [name, () => sqliteResults(open(":memory:"))]),
];

describe.each(stores)("results in %s", (_, open) => {
  const task = (task_id: string, status: TaskStatus, at: number): Task => ({ task_id, task_name: "t", status, submitted: at, changed: at });

  test("are kept, listed while they are open, and forgotten when they are old", () => {
    const results = open();
    results.put(task("a", "PENDING", 1));
    results.put(task("b", "STARTED", 2));
    results.put({ ...task("c", "SUCCESS", 3), result: { n: [1] }, progress: 1 });
    expect(results.get("c")).toMatchObject({ status: "SUCCESS", result: { n: [1] } });
    expect(results.active().map(({ task_id }) => task_id)).toEqual(["a", "b"]);
    results.put({ ...task("a", "REVOKED", 1), changed: 9 });
    expect(results.active().map(({ task_id }) => task_id)).toEqual(["b"]);
    results.forget(4);
    expect(["a", "b", "c"].map((id) => results.get(id)?.status)).toEqual(["REVOKED", undefined, undefined]);
    results.remove("a");
    expect(results.get("a")).toBeUndefined();
  });
});

test("an end is final, whatever comes late, twice or in another order", () => {
  const statuses = ["PENDING", "STARTED", "PROGRESS", "SUCCESS", "FAILURE", "RETRY", "REVOKED", "TIMEOUT"] as const;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...statuses), { maxLength: 30 }), (told) => {
      let now: Task = { task_id: "t", task_name: "n", status: "PENDING", submitted: 0, changed: 0 };
      const first = told.findIndex(isOver);
      told.forEach((status, at) => (now = advanced(now, { status }, at) ?? now));
      expect(now.status).toBe(first >= 0 ? told[first] : (told.at(-1) ?? "PENDING"));
    }),
  );
});

describe("the task runner", () => {
  async function run(
    registry: Registry,
    { attempt = 1, rungs = 1, task_name = "t", revoke = undefined as number | undefined, timeout = 1000 } = {},
  ) {
    const said: unknown[] = [];
    const publish = async (_: string, { task_id: _id, ...status }: { task_id: string }) => void said.push(Object.values(status));
    const runner = new TaskRunner({ publish } as never, { registry, rungs, timeout });
    if (revoke === 0) runner.revoke(ID);
    else if (revoke !== undefined) setTimeout(() => runner.revoke(ID), revoke);
    const body = { task_id: ID, task_name, args: [2], kwargs: {} };
    const outcome = await runner.handle({ body, attempt, signal: new AbortController().signal });
    return { said, outcome: outcome?.kind };
  }

  test("says how a task goes", async () => {
    const good: Registry = { t: { run: async ([n], _, { progress }) => (await progress(0.5), Number(n) * 2) } };
    expect(await run(good)).toEqual({ said: [["STARTED"], ["PROGRESS", 0.5], ["SUCCESS", 1, 4]], outcome: undefined });
    const bad: Registry = { t: { run: () => Promise.reject(new Error("no")) } };
    expect(await run(bad)).toEqual({ said: [["STARTED"], ["RETRY", "no"]], outcome: "retry" });
    expect(await run(bad, { attempt: 2 })).toEqual({ said: [["STARTED"], ["FAILURE", "no"]], outcome: "retry" });
    expect(await run(good, { task_name: "toString" })).toMatchObject({
      said: [["FAILURE", expect.stringContaining("there are: t")]],
      outcome: "park",
    });
  });

  test("ends a task that is revoked or takes too long, even one that heeds no signal", async () => {
    const deaf: Registry = { t: { run: () => sleep(5000, undefined, { ref: false }) } };
    expect(await run(deaf, { timeout: 30 })).toEqual({
      said: [["STARTED"], ["TIMEOUT", "the task took longer than 30 ms"]],
      outcome: "park",
    });
    expect(await run(deaf, { revoke: 30 })).toEqual({ said: [["STARTED"], ["REVOKED"]], outcome: undefined });
    expect(await run(deaf, { revoke: 0 })).toEqual({ said: [["REVOKED"]], outcome: undefined });
  });
});
