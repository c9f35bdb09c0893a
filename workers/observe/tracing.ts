/** Traces through messages: W3C trace context in their headers, spans by OpenTelemetry's messaging conventions. */
import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
  type TracerProvider,
} from "@opentelemetry/api";
import type { Topology } from "../../topology/model.js";
import { outcomeOf } from "../consume/outcomes.js";
import { DEFAULT_EXCHANGE, labels, OTHER } from "./labels.js";
import type { MessageFacts, Observer, OutcomeName } from "./observer.js";
import { cutUrls } from "./redact.js";
import { carrier } from "./trace-carry.js";
import { carried, getter, hasTrace, setter } from "./trace-headers.js";
import { isPromise } from "../promises.js";

export interface TracingOptions {
  /** @default the one that the process has registered with `@opentelemetry/api`, now or later */
  readonly tracerProvider?: TracerProvider;
  /** Gives the queues of instances the name of their template, so that spans of all instances have one name. */
  readonly topology?: Topology;
}

const NAME = "warren";

/** The tracer of an SDK, or `undefined` where there is none. */
function sdkTracer(provider: TracerProvider | undefined): Tracer | undefined {
  if (provider !== undefined) return provider.getTracer(NAME);
  // The API hands out a proxy, which has nobody to delegate to before an SDK is registered. Asking it starts no span.
  const global = trace.getTracerProvider() as TracerProvider & { getDelegateTracer?: (name: string) => Tracer | undefined };
  return global.getDelegateTracer === undefined ? global.getTracer(NAME) : global.getDelegateTracer(NAME);
}

/**
 * An observer of nothing but traces. With an SDK: a span of kind PRODUCER from each publish to its confirm, and one of kind CONSUMER
 * around each handler, whose parent is the publish (the message's creation context) and which is active while the handler runs.
 * A publish whose headers have a `traceparent` already keeps it, and links to it.
 * Without an SDK: what a handler publishes gets the trace of the delivery that it handles, so that a worker in the middle does not cut it.
 *
 * The span's destination is the exchange, or the queue; the routing key is an attribute.
 */
export function tracing(options: TracingOptions = {}): Pick<Observer, "tracePublish" | "traceProcess" | "processed"> {
  const names = options.topology === undefined ? undefined : labels(options.topology);
  const carry = carrier();
  const handling = new WeakSet<Span>();
  let found: Tracer | undefined;
  const tracer = (): Tracer | undefined => (found ??= sdkTracer(options.tracerProvider));

  return {
    tracePublish(message, exchange, headers, work, facts) {
      const sdk = tracer();
      if (sdk === undefined) {
        if (!hasTrace(headers)) {
          const trace = carry.current();
          if (trace !== undefined) Object.assign(headers, trace);
        }
        return work();
      }
      const destination = exchange === "" ? DEFAULT_EXCHANGE : exchange;
      const given = hasTrace(headers) ? trace.getSpanContext(propagation.extract(ROOT_CONTEXT, headers, getter)) : undefined;
      const span = sdk.startSpan(`publish ${destination}`, {
        kind: SpanKind.PRODUCER,
        attributes: attributes("publish", "send", destination, message, facts),
        links: given === undefined ? [] : [{ context: given }],
      });
      const active = trace.setSpan(context.active(), span);
      if (!hasTrace(headers)) propagation.inject(active, headers, setter);
      return within(span, active, work, () => undefined);
    },

    traceProcess(queue, message, headers, work, facts) {
      const sdk = tracer();
      if (sdk === undefined) return carry.run(carried(headers), work);
      const label = names?.queue(queue) ?? queue;
      const template = label === queue || label === OTHER ? undefined : label;
      // Not the context that happens to be active: with deliveries it is that of whoever opened the connection.
      const parent = propagation.extract(ROOT_CONTEXT, headers, getter);
      const creation = trace.getSpanContext(parent);
      const span = sdk.startSpan(
        `process ${template ?? queue}`,
        {
          kind: SpanKind.CONSUMER,
          attributes: {
            ...attributes("process", "process", queue, message, facts),
            ...(template === undefined ? {} : { "messaging.destination.template": template }),
          },
          links: creation === undefined ? [] : [{ context: creation }],
        },
        parent,
      );
      handling.add(span);
      return within(span, trace.setSpan(parent, span), work, (result) => {
        const outcome = outcomeOf(result);
        if (handling.delete(span)) settled(span, outcome.kind, "reason" in outcome ? outcome.reason : undefined);
      });
    },

    processed(_queue, _message, outcome, _seconds, reason) {
      if (found === undefined) return;
      const span = trace.getActiveSpan();
      if (span === undefined || !handling.has(span)) return;
      // What became of it in the end outweighs what the handler returned.
      handling.delete(span);
      settled(span, outcome, reason);
    },
  };
}

function attributes(operation: string, type: string, destination: string, message: string, facts: MessageFacts | undefined): Attributes {
  const all: Attributes = {
    "messaging.system": "rabbitmq",
    "messaging.operation.name": operation,
    "messaging.operation.type": type,
    "messaging.destination.name": destination,
    "warren.message": message,
  };
  if (facts === undefined) return all;
  if (facts.messageId !== undefined) all["messaging.message.id"] = facts.messageId;
  if (facts.correlationId !== undefined) all["messaging.message.conversation_id"] = facts.correlationId;
  if (facts.routingKey) all["messaging.rabbitmq.destination.routing_key"] = facts.routingKey;
  if (facts.bytes !== undefined) all["messaging.message.body.size"] = facts.bytes;
  if (facts.attempt !== undefined) all["warren.attempt"] = facts.attempt;
  return all;
}

/** What became of a delivery; all but `ack`, `duplicate` and `requeue` is an error. */
function settled(span: Span, outcome: OutcomeName, reason: string | undefined): void {
  span.setAttribute("warren.outcome", outcome);
  if (outcome === "ack" || outcome === "duplicate" || outcome === "requeue") return;
  span.setAttribute("error.type", outcome);
  span.setStatus({ code: SpanStatusCode.ERROR, ...(reason === undefined ? {} : { message: cutUrls(reason) }) });
}

/** Runs it with the span active, and ends the span when it is over; what it returned or threw comes out as it is. */
function within<T>(span: Span, active: Context, work: () => T, over: (result: unknown) => void): T {
  let result: T;
  try {
    result = context.with(active, work);
  } catch (error) {
    failed(span, error);
    throw error;
  }
  const end = (value: unknown): void => {
    over(value);
    span.end();
  };
  // Beside the promise, not in its chain: the worker waits for the work, not for the span.
  if (isPromise(result)) result.then(end, (error: unknown) => failed(span, error));
  else end(result);
  return result;
}

function failed(span: Span, error: unknown): void {
  const { name, code, message } = (error instanceof Error ? error : { name: "_OTHER", message: String(error) }) as Error & {
    code?: unknown;
  };
  const type = typeof code === "string" ? code : name;
  span.recordException({ name, message: cutUrls(message) });
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR, message: cutUrls(message) });
  span.end();
}
