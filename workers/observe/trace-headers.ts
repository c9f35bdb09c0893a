/** W3C trace context in the headers of a message: read from what a client may have put there, and handed on as it came. */
import type { TextMapGetter, TextMapSetter } from "@opentelemetry/api";

type Headers = Readonly<Record<string, unknown>>;

/** A header as text: AMQP clients send strings, byte arrays (a Buffer here) or, rarely, arrays of them. */
function text(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return Buffer.isBuffer(value) ? value.toString("utf8") : undefined;
}

export const getter: TextMapGetter<Headers> = {
  keys: (headers) => Object.keys(headers),
  get(headers, key) {
    const value = Object.hasOwn(headers, key) ? headers[key] : undefined;
    if (!Array.isArray(value)) return text(value);
    return value.map(text).filter((one) => one !== undefined);
  },
};

export const setter: TextMapSetter<Record<string, unknown>> = {
  set(headers, key, value) {
    headers[key] = value;
  },
};

/** The headers of a trace that are handed on untouched. */
export interface Carried {
  readonly traceparent: string;
  readonly tracestate?: string;
  readonly baggage?: string;
}

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}/;

/** More than this is no context but a load (the W3C recommendations ask for 512 and 8192 characters). */
const LONGEST = 8_192;

/** Whether a message has been given a trace already. */
export const hasTrace = (headers: Headers): boolean => headers["traceparent"] !== undefined;

/** What of a message's trace can be handed on; nothing where its `traceparent` is none. */
export function carried(headers: Headers): Carried | undefined {
  if (!hasTrace(headers)) return undefined;
  const traceparent = text(headers["traceparent"]);
  if (traceparent === undefined || traceparent.length > 512 || !TRACEPARENT.test(traceparent)) return undefined;
  const tracestate = text(headers["tracestate"]);
  const baggage = text(headers["baggage"]);
  return {
    traceparent,
    ...(tracestate !== undefined && tracestate.length <= LONGEST ? { tracestate } : {}),
    ...(baggage !== undefined && baggage.length <= LONGEST ? { baggage } : {}),
  };
}
