import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { stage7 } from "../../topology/systems/stage7.js";
import { retry } from "../consume/outcomes.js";
import { all } from "./combine.js";
import { tracing } from "./tracing.js";

type Headers = Record<string, unknown>;

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What a message published in here gets as headers. */
const publish = (observer: Pick<ReturnType<typeof tracing>, "tracePublish">, headers: Headers = {}): Headers => {
  observer.tracePublish("m", "x", headers, () => undefined);
  return headers;
};

describe("without an SDK", () => {
  const managers: [string, () => void][] = [
    ["of its own storage", () => undefined],
    ["of the API's context manager", () => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())],
  ];

  describe.each(managers)("by means %s", (_name, register) => {
    beforeAll(register);
    afterAll(() => context.disable());

    it("hands a delivery's trace on to what its handler publishes, also later in the handler", async () => {
      const observer = all(tracing());
      const headers = { traceparent: Buffer.from(TRACEPARENT), tracestate: "a=b", baggage: "tenant=1", other: 1 };
      const published: Headers[] = [];
      await observer.traceProcess("q", "m", headers, async () => {
        published.push(publish(observer));
        await turn();
        published.push(publish(observer, { mine: 1 }));
      });
      expect(published).toEqual([
        { traceparent: TRACEPARENT, tracestate: "a=b", baggage: "tenant=1" },
        { mine: 1, traceparent: TRACEPARENT, tracestate: "a=b", baggage: "tenant=1" },
      ]);
      expect(publish(observer)).toEqual({});
    });

    it("keeps deliveries that are handled at the same time apart", async () => {
      const observer = tracing();
      const one = TRACEPARENT;
      const two = TRACEPARENT.replace("b7ad", "c8be");
      const handle = (headers: Headers) =>
        observer.traceProcess("q", "m", headers, async () => {
          await turn();
          return publish(observer)["traceparent"];
        });
      expect(await Promise.all([handle({ traceparent: one }), handle({}), handle({ traceparent: two })])).toEqual([one, undefined, two]);
    });

    it("gives a delivery without a trace none of the one around it", () => {
      const observer = tracing();
      const inner = observer.traceProcess("q", "m", { traceparent: TRACEPARENT }, () =>
        observer.traceProcess("q", "m", {}, () => publish(observer)),
      );
      expect(inner).toEqual({});
    });

    it("leaves a trace that the publisher chose, and passes no nonsense on", () => {
      const observer = tracing();
      const chosen = TRACEPARENT.replace("b7ad", "c8be");
      observer.traceProcess("q", "m", { traceparent: TRACEPARENT }, () => {
        expect(publish(observer, { traceparent: chosen })).toEqual({ traceparent: chosen });
      });
      for (const traceparent of ["nonsense", 7, null, `${TRACEPARENT}${"x".repeat(600)}`]) {
        observer.traceProcess("q", "m", { traceparent, tracestate: "a=b" }, () => expect(publish(observer)).toEqual({}));
      }
    });
  });

  it("hands results and errors through", async () => {
    const observer = tracing();
    const promise = Promise.resolve(1);
    expect(observer.traceProcess("q", "m", { traceparent: TRACEPARENT }, () => promise)).toBe(promise);
    expect(observer.tracePublish("m", "x", {}, () => promise)).toBe(promise);
    await expect(observer.traceProcess("q", "m", {}, () => Promise.reject(new Error("own")))).rejects.toThrow("own");
  });
});

describe("with an SDK", () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  // Made before the SDK is registered, as in a worker that connects first.
  const observer = tracing({ topology: stage7 });

  beforeAll(() => {
    publish(observer);
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  });
  afterAll(() => {
    trace.disable();
    context.disable();
    propagation.disable();
  });
  beforeEach(() => exporter.reset());

  const spans = () => exporter.getFinishedSpans();
  const named = (name: string) => {
    const found = spans().filter((span) => span.name === name);
    expect(found, name).toHaveLength(1);
    return found[0] as (typeof found)[number];
  };

  it("a publish and the processing of its message are one trace, over the worker in the middle", async () => {
    const first: Headers = {};
    const second: Headers = {};
    await observer.tracePublish("message", "stage7", first, () => turn(), { messageId: "m-1", routingKey: "message.all", bytes: 12 });
    // On the wire some clients make a byte array of it.
    const arrived = { ...first, traceparent: Buffer.from(String(first["traceparent"])) };
    await observer.traceProcess("brain-1", "message", arrived, async () => {
      await turn();
      await trace.getTracer("handler").startActiveSpan("database", async (span) => {
        await turn();
        span.end();
      });
      await observer.tracePublish("broadcast", "", second, () => turn());
    });
    observer.traceProcess("stage7.dead_letters", "broadcast", second, () => undefined);

    const [sent, processed, database, sentOn, last] = [
      "publish stage7",
      "process inbox",
      "database",
      "publish amq.default",
      "process stage7.dead_letters",
    ].map(named);
    expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1);
    expect(first["traceparent"]).toBe(`00-${sent?.spanContext().traceId}-${sent?.spanContext().spanId}-01`);
    expect(sent?.parentSpanContext).toBeUndefined();
    expect(processed?.parentSpanContext?.spanId).toBe(sent?.spanContext().spanId);
    expect(processed?.links[0]?.context.spanId).toBe(sent?.spanContext().spanId);
    expect(database?.parentSpanContext?.spanId).toBe(processed?.spanContext().spanId);
    expect(sentOn?.parentSpanContext?.spanId).toBe(processed?.spanContext().spanId);
    expect(last?.parentSpanContext?.spanId).toBe(sentOn?.spanContext().spanId);

    expect(sent?.kind).toBe(SpanKind.PRODUCER);
    expect(sent?.attributes).toEqual({
      "messaging.system": "rabbitmq",
      "messaging.operation.name": "publish",
      "messaging.operation.type": "send",
      "messaging.destination.name": "stage7",
      "messaging.message.id": "m-1",
      "messaging.rabbitmq.destination.routing_key": "message.all",
      "messaging.message.body.size": 12,
      "warren.message": "message",
    });
    expect(processed?.kind).toBe(SpanKind.CONSUMER);
    expect(processed?.attributes).toMatchObject({
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": "brain-1",
      "messaging.destination.template": "inbox",
      "warren.outcome": "ack",
    });
    expect(processed?.status.code).toBe(SpanStatusCode.UNSET);
  });

  it("the span lasts until the confirm", async () => {
    let confirm: () => void = () => undefined;
    const waiting = observer.tracePublish("message", "stage7", {}, () => new Promise<void>((resolve) => (confirm = resolve)));
    await turn();
    expect(spans()).toHaveLength(0);
    confirm();
    await waiting;
    expect(spans()).toHaveLength(1);
  });

  it("errors are recorded, without credentials, and come out as they are", async () => {
    const error = Object.assign(new Error("at amqp://me:S3CR3T@host"), { code: "nacked" });
    await expect(observer.tracePublish("message", "stage7", {}, () => Promise.reject(error))).rejects.toBe(error);
    expect(() =>
      observer.traceProcess("q", "message", {}, () => {
        throw new TypeError("broken");
      }),
    ).toThrow("broken");
    const [sent, processed] = spans();
    expect(sent?.status.code).toBe(SpanStatusCode.ERROR);
    expect(sent?.attributes["error.type"]).toBe("nacked");
    expect(JSON.stringify(sent?.events[0]?.attributes)).not.toContain("S3CR3T");
    expect(processed?.attributes["error.type"]).toBe("TypeError");
    expect(processed?.events[0]?.name).toBe("exception");
  });

  it("the outcome is on the span: what the handler returned, or what became of it", async () => {
    await observer.traceProcess("q", "message", {}, async () => retry("no database"));
    await observer.traceProcess("q", "message", {}, async () => {
      await turn();
      observer.processed("q", "message", "park", 0.1, "exhausted");
      return retry("no database");
    });
    // Outside of any handling it is of no span.
    observer.processed("q", "message", "park", 0.1);
    const [returned, became] = spans();
    expect(returned?.attributes).toMatchObject({ "warren.outcome": "retry", "error.type": "retry" });
    expect(returned?.status).toEqual({ code: SpanStatusCode.ERROR, message: "no database" });
    expect(became?.attributes).toMatchObject({ "warren.outcome": "park", "error.type": "park" });
  });

  it("a message that has a trace already keeps it, and the span links to it", () => {
    const headers: Headers = { traceparent: TRACEPARENT };
    observer.tracePublish("message", "stage7", headers, () => undefined);
    expect(headers).toEqual({ traceparent: TRACEPARENT });
    expect(spans()[0]?.links[0]?.context.traceId).toBe(TRACE);
    expect(spans()[0]?.spanContext().traceId).not.toBe(TRACE);
  });

  it("a delivery belongs to its publisher's trace, not to whatever was active when its connection was opened", () => {
    trace.getTracer("t").startActiveSpan("opening", (opening) => {
      observer.traceProcess("q", "message", { traceparent: TRACEPARENT }, () => undefined);
      observer.traceProcess("q", "message", {}, () => undefined);
      opening.end();
    });
    const [traced, untraced, opening] = spans();
    expect(traced?.spanContext().traceId).toBe(TRACE);
    expect(traced?.parentSpanContext?.isRemote).toBe(true);
    expect(untraced?.parentSpanContext).toBeUndefined();
    expect(untraced?.spanContext().traceId).not.toBe(opening?.spanContext().traceId);
  });
});

describe("with a tracer provider that is given", () => {
  afterEach(() => propagation.disable());

  it("uses it, whatever the process has registered", () => {
    const exporter = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    const headers = publish(tracing({ tracerProvider }));
    expect(headers["traceparent"]).toMatch(exporter.getFinishedSpans()[0]?.spanContext().spanId ?? "none");
  });
});
