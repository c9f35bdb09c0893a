import { createServer } from "node:net";
import { Registry } from "prom-client";
import { afterEach, describe, expect, it } from "vitest";
import { contextiq } from "../../topology/systems/contextiq.js";
import { WorkerError } from "../errors.js";
import { healthServer, type HealthServer, type HealthServerOptions } from "./health.js";
import { assess, type ConnectionState, type ConsumerHealth, type HealthParts } from "./health-state.js";
import { metrics } from "./metrics.js";

const consumer = (more: Partial<ConsumerHealth> = {}): ConsumerHealth => ({
  queue: "q",
  state: "consuming",
  inFlight: 0,
  prefetch: 100,
  ...more,
});

const parts = (more: Partial<HealthParts> = {}): HealthParts => ({
  connections: { publish: "open", consume: "open" },
  consumers: [consumer()],
  publishing: { blocked: false, buffered: 0, unconfirmed: 0 },
  ...more,
});

const running: HealthServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function serve(options: Partial<HealthServerOptions> = {}) {
  const server = await healthServer({ port: 0, health: () => assess(parts()), ...options });
  running.push(server);
  return async (path: string) => {
    const response = await fetch(server.url + path);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : {},
    };
  };
}

describe("the judgement of the parts", () => {
  it("is ready when all is well, also where a side is not used or a consumer was stopped", () => {
    expect(assess(parts())).toMatchObject({ live: true, ready: true, reasons: [] });
    expect(assess(parts({ connections: { publish: "unused", consume: "open" } })).ready).toBe(true);
    expect(assess(parts({ consumers: [consumer({ state: "stopped" })] })).ready).toBe(true);
  });

  const unready: [string, HealthParts, boolean, RegExp, boolean][] = [
    ...(["connecting", "lost", "closed"] as ConnectionState[]).map((state): [string, HealthParts, boolean, RegExp, boolean] => [
      state,
      parts({ connections: { publish: "open", consume: state } }),
      false,
      new RegExp(`not connected for consuming: ${state}`),
      true,
    ]),
    ["blocked", parts({ connections: { publish: "blocked", consume: "open" } }), false, /blocks/, true],
    ["publishing blocked", parts({ publishing: { blocked: true, buffered: 1, unconfirmed: 0 } }), false, /blocks publishing/, true],
    [
      "a consumer cancelled",
      parts({ consumers: [consumer({ state: "cancelled" })] }),
      false,
      /consumer of q is not consuming: cancelled/,
      true,
    ],
    ["stopping", parts(), true, /^stopping$/, true],
    ["failed", parts({ connections: { publish: "failed", consume: "open" } }), false, /given up/, false],
    ["a consumer failed", parts({ consumers: [consumer({ state: "failed" })] }), false, /failed/, false],
  ];
  it.each(unready)("%s: not ready, with the reason", (_name, state, stopping, reason, live) => {
    const health = assess(state, stopping);
    expect(health).toMatchObject({ live, ready: false });
    expect(health.reasons).toHaveLength(1);
    expect(health.reasons[0]).toMatch(reason);
  });
});

describe("the health server", () => {
  it("says live and ready", async () => {
    const get = await serve();
    expect(await get("/health/live")).toMatchObject({ status: 200, body: { status: "live" } });
    const ready = await get("/health/ready");
    expect(ready).toMatchObject({ status: 200, body: { status: "ready", reasons: [], consumers: [{ queue: "q", prefetch: 100 }] } });
    expect(ready.headers.get("cache-control")).toBe("no-store");
  });

  it("says why it is not ready, and stays live", async () => {
    const get = await serve({ health: () => assess(parts({ connections: { publish: "lost", consume: "open" } })) });
    expect(await get("/health/ready")).toMatchObject({
      status: 503,
      body: { status: "not ready", reasons: ["not connected for publishing: lost"] },
    });
    expect((await get("/health/live")).status).toBe(200);
  });

  it("says that only a restart helps", async () => {
    const get = await serve({ health: () => assess(parts({ connections: { publish: "failed", consume: "open" } })) });
    expect(await get("/health/live")).toMatchObject({ status: 503, body: { status: "dead" } });
  });

  it("counts the queues as DEBIAS describes it", async () => {
    const counts = { "events.neo4j": { messages: 42, consumers: 2 }, "events.dlq": { messages: 3 } };
    const get = await serve({ queues: async () => counts });
    const health = await get("/rabbitmq/health");
    expect(health.status).toBe(200);
    expect(health.body).toEqual({ status: "healthy", queues: counts });
  });

  it("is unhealthy when a queue has messages and nobody to take them, or when the bus is not ready", async () => {
    const get = await serve({ queues: async () => ({ q: { messages: 1, consumers: 0 }, empty: { messages: 0, consumers: 0 } }) });
    expect(await get("/rabbitmq/health")).toMatchObject({
      status: 503,
      body: { status: "unhealthy", reasons: ["q holds 1 messages and has no consumer"] },
    });
    const away = await serve({ health: () => assess(parts(), true) });
    expect(await away("/rabbitmq/health")).toMatchObject({ status: 503, body: { status: "unhealthy", queues: {} } });
  });

  it("is unhealthy when the broker does not answer, without its password", async () => {
    const failing = await serve({ queues: () => Promise.reject(new Error("refused by http://me:S3CR3T@host:15672")) });
    const answer = await failing("/rabbitmq/health");
    expect(answer.status).toBe(503);
    expect(answer.text).toContain("could not be counted");
    expect(answer.text).not.toContain("S3CR3T");
    const hanging = await serve({ queues: () => new Promise(() => undefined), queuesTimeout: 20 });
    expect((await hanging("/rabbitmq/health")).text).toContain("no answer within 20 ms");
  });

  it("finds a consumer stuck when its last message is too old, but only while its queue holds messages", async () => {
    let messages = 7;
    let asked = 0;
    let age = 400_000;
    const get = await serve({
      health: () =>
        assess(parts({ consumers: [consumer({ lastMessageAt: Date.now() - age }), consumer({ queue: "patient", lastMessageAt: 0 })] })),
      queues: async () => ((asked += 1), { q: { messages, consumers: 1 }, patient: { messages: 1, consumers: 1 } }),
      maxAge: { q: 300_000 },
    });
    for (const path of ["/health/ready", "/rabbitmq/health"]) {
      expect(await get(path)).toMatchObject({ status: 503, body: { reasons: ["q holds 7 messages, and the last one came 400 s ago"] } });
    }
    messages = 0;
    expect((await get("/health/ready")).status).toBe(200);
    asked = 0;
    age = 1_000;
    messages = 7;
    expect((await get("/health/ready")).status).toBe(200);
    expect(asked, "the broker is not asked while all is well").toBe(0);
  });

  it("gives a consumer that had no message yet its time from the start of the server", async () => {
    const queues = async () => ({ q: { messages: 1, consumers: 1 } });
    expect((await (await serve({ queues, maxAge: 60_000 }))("/health/ready")).status).toBe(200);
    const get = await serve({ queues, maxAge: 20 });
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect((await get("/health/ready")).status).toBe(503);
  });

  it("takes one maximal age for all, or for the others", async () => {
    const health = () => assess(parts({ consumers: [consumer({ lastMessageAt: Date.now() - 10_000 })] }));
    const queues = async () => ({ q: { messages: 1, consumers: 1 } });
    expect((await (await serve({ health, queues, maxAge: 5_000 }))("/health/ready")).status).toBe(503);
    expect((await (await serve({ health, queues, maxAge: { "*": 5_000 } }))("/health/ready")).status).toBe(503);
    expect((await (await serve({ health, queues, maxAge: { "*": 5_000, q: 60_000 } }))("/health/ready")).status).toBe(200);
  });

  it("gives the metrics, if it has some", async () => {
    const observer = metrics({ registry: new Registry(), service: "extraction-worker", topology: contextiq });
    observer.republished("extraction.result");
    const answer = await (await serve({ metrics: observer.registry }))("/metrics");
    expect(answer.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    expect(answer.text).toContain(
      'warren_worker_republished_total{service="extraction-worker",topology="contextiq",message="extraction.result"} 1',
    );
    expect((await (await serve())("/metrics")).status).toBe(404);
  });

  it("names its paths, and answers with a sentence when asking for the health fails", async () => {
    const get = await serve({
      health: () => {
        throw new Error("amqp://me:S3CR3T@host is odd");
      },
    });
    expect(await get("/")).toMatchObject({ status: 404, body: { paths: ["/health/live", "/health/ready", "/rabbitmq/health"] } });
    expect(await get("/health/live")).toMatchObject({ status: 500, body: { error: "amqp://[cut]@host is odd" } });
  });

  it("listens on the loopback alone unless told, and says so when its port is taken", async () => {
    const server = await healthServer({ port: 0, health: () => assess(parts()) });
    running.push(server);
    expect(server.host).toBe("127.0.0.1");
    const second = healthServer({ port: server.port, health: () => assess(parts()) });
    await expect(second).rejects.toBeInstanceOf(WorkerError);
    await expect(second).rejects.toThrow(new RegExp(`127.0.0.1:${server.port}: something else listens there`));
  });

  it("closes cleanly, with a request in the air, and twice", async () => {
    const server = await healthServer({
      port: 0,
      health: () => assess(parts()),
      queues: () => new Promise(() => undefined),
      queuesTimeout: 60_000,
    });
    const request = fetch(`${server.url}/rabbitmq/health`).then(
      () => "answered",
      () => "cut",
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    await Promise.all([server.close(), server.close()]);
    expect(await request).toBe("cut");
    const again = createServer();
    await new Promise<void>((resolve, reject) => again.once("error", reject).listen(server.port, "127.0.0.1", resolve));
    await new Promise((resolve) => again.close(resolve));
  });
});
