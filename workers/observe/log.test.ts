import type { Level } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { contextiq } from "../../topology/systems/contextiq.js";
import { logger } from "./log.js";
import { logged } from "./log-observer.js";
import { Throttle } from "./throttle.js";

type Line = Record<string, unknown>;

function recorded(level: Level = "debug", headers: string[] = []) {
  const written: string[] = [];
  const destination = { write: (text: string) => void written.push(text) };
  const log = logger({ level, service: "extraction-worker", topology: contextiq, destination, headers });
  return { log, written, lines: () => written.map((text) => JSON.parse(text) as Line) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the log", () => {
  it("has structured lines that say whose they are", () => {
    const { log, lines } = recorded();
    log.info({ queue: "q" }, "hello");
    expect(lines()).toEqual([
      {
        level: "info",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
        service: "extraction-worker",
        topology: "contextiq",
        queue: "q",
        msg: "hello",
      },
    ]);
  });

  it("never holds a body, a credential or a header that nobody allowed, however it is called", () => {
    const { log, written } = recorded("trace", ["tenant"]);
    const secret = "S3CR3T";
    log.info({ delivery: { body: { a: secret }, headers: { session: secret, tenant: "t-1" } } });
    log.child({ password: secret, url: `amqp://me:${secret}@host` }).warn("child");
    log.child({}).child({ token: secret }).info("grandchild");
    const bound = log.child({});
    bound.setBindings({ password: secret });
    bound.info("bound");
    log.error(new TypeError(`refused by amqp://me:${secret}@host:5672/v`));
    log.error({ err: Object.assign(new Error("x"), { body: secret, cause: new Error(`amqps://me:${secret}@host`) }) });
    log.info(`connecting to amqp://me:${secret}@host`);
    log.info("to %s with %o", `amqp://me:${secret}@host`, { nested: `amqp://me:${secret}@host` });
    expect(written).toHaveLength(8);
    expect(written.join("")).not.toContain(secret);
    expect(written.join("")).toContain("t-1");
    expect(JSON.parse(written[4] ?? "")).toMatchObject({
      level: "error",
      err: { type: "TypeError", message: "refused by amqp://[cut]@host:5672/v" },
    });
  });
});

describe("a worker's events", () => {
  it("have their levels and fields", () => {
    const { log, lines } = recorded();
    const observer = logged(log);
    const facts = { messageId: "m-1", attempt: 2, headers: { "warren-attempt": 1, session: "private" }, body: "private" };
    observer.connection("publish", "lost", { reason: "ECONNRESET" });
    observer.connection("publish", "open", { downMs: 12 });
    observer.processed("q", "m", "ack", 0.1);
    observer.processed("q", "m", "retry", 0.1, "no database", facts);
    observer.processed("q", "m", "stale", 0.1);
    observer.deadLettered("q", "exhausted", facts);
    observer.consumer("q", "consuming");
    observer.consumer("q", "consuming", "a failed message could not be sent on");
    observer.consumer("q", "failed", "404");
    observer.published("m", "x", 0.1, 10);
    observer.published("m", "x", 0.1, 10, "unroutable");
    expect(lines().map(({ level, event }) => `${String(level)} ${String(event)}`)).toEqual([
      "warn connection.lost",
      "info connection.open",
      "info message.retry",
      "debug message.stale",
      "warn message.dead-lettered",
      "info consumer.consuming",
      "warn consumer.consuming",
      "error consumer.failed",
      "warn publish.failed",
    ]);
    expect(lines()[0]).toMatchObject({ purpose: "publish", reason: "ECONNRESET" });
    expect(lines()[2]).toMatchObject({
      queue: "q",
      message: "m",
      messageId: "m-1",
      attempt: 2,
      reason: "no database",
      headers: { "warren-attempt": 1, others: 1 },
    });
    expect(JSON.stringify(lines())).not.toContain("private");
  });

  it("do not flood: so many a second, then how many were left out", () => {
    const { log, lines } = recorded("info");
    const observer = logged(log, { perSecond: 3 });
    for (let at = 0; at < 1_000; at += 1) observer.processed("q", "m", "retry", 0.1, `reason ${at}`);
    observer.processed("q", "other message", "retry", 0.1);
    expect(lines()).toHaveLength(4);
    vi.advanceTimersByTime(1_000);
    expect(lines()).toHaveLength(5);
    expect(lines()[4]).toMatchObject({ level: "info", event: "message.retry", queue: "q", message: "m", leftOut: 997 });
    observer.processed("q", "m", "retry", 0.1);
    expect(lines()).toHaveLength(6);
  });

  it("cost and count nothing below the level", () => {
    const { log, lines } = recorded("error");
    const observer = logged(log, { perSecond: 1 });
    for (let at = 0; at < 10; at += 1) observer.processed("q", "m", "retry", 0.1);
    vi.advanceTimersByTime(2_000);
    expect(lines()).toEqual([]);
  });

  it("say what was left out when the connection closes", () => {
    const { log, lines } = recorded("info");
    const observer = logged(log, { perSecond: 1 });
    for (let at = 0; at < 3; at += 1) observer.consumer("q", "recovering");
    observer.connection("consume", "closed");
    expect(lines().map(({ leftOut }) => leftOut)).toEqual([undefined, undefined, 2]);
  });
});

describe("the throttle", () => {
  it("has a bound to its classes", () => {
    const report = vi.fn();
    const throttle = new Throttle(2, report);
    let allowed = 0;
    for (let at = 0; at < 10_000; at += 1) if (throttle.allow(`class ${at}`)) allowed += 1;
    expect(allowed).toBe(502);
    throttle.flush();
    expect(report).toHaveBeenCalledExactlyOnceWith("", 9_498);
  });

  it("begins anew every second", () => {
    const throttle = new Throttle(1, () => undefined);
    expect([throttle.allow("a"), throttle.allow("a")]).toEqual([true, false]);
    vi.advanceTimersByTime(1_000);
    expect(throttle.allow("a")).toBe(true);
  });
});
