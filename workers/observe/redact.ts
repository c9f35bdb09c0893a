/** What must not get into logs, spans or answers: bodies, credentials, headers that nobody asked for. */

/** User and password of an address, up to the last `@` before a space, a quote or the next address of a list: a password may hold `@`, `:` and `/`, unencoded. */
const USER_INFO = /([a-z][a-z0-9+.-]*:\/\/)(?!\/)(?:(?![,;|][a-z][a-z0-9+.-]*:\/\/)[^\s"'`<>])*@/gi;

const CUT = "[cut]";

/** Takes user and password out of every URL in a text: `amqp://[cut]@host:5672/vhost`. */
export function cutUrls(text: string): string {
  return text.includes("://") ? text.replace(USER_INFO, `$1${CUT}@`) : text;
}

/** Fields that hold a message's body, whoever logs it. */
const BODIES = new Set(["body", "content", "payload", "rawbody", "plaintext"]);

const SECRETS =
  /pass(word|phrase|wd)?$|secret|token|authorization|cookie|credential|private.?key|^(keys|pfx|cert|ca|tls|api.?key|encryption.?key)$/i;

/** Of a message's headers, what the worker itself writes, and the trace. */
export const ALLOWED_HEADERS: readonly string[] = [
  "warren-attempt",
  "warren-queue",
  "warren-reason",
  "warren-exchange",
  "warren-key",
  "traceparent",
  "x-delivery-count",
  "x-first-death-queue",
  "x-first-death-reason",
];

const DEPTH = 5;
const LONGEST_LIST = 20;

/** A copy that can be logged: bodies and credentials cut, buffers by their size, `headers` by the allow list, errors as plain objects. */
export function redact(value: unknown, allowed: ReadonlySet<string>, depth = 0): unknown {
  if (typeof value === "string") return cutUrls(value);
  if (typeof value !== "object" || value === null) return typeof value === "bigint" ? String(value) : value;
  if (value instanceof Date) return value;
  if (value instanceof URL) return cutUrls(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= DEPTH) return "[deeper]";
  if (Array.isArray(value)) {
    const kept = value.slice(0, LONGEST_LIST).map((one) => redact(one, allowed, depth + 1));
    return value.length > LONGEST_LIST ? [...kept, `[${value.length - LONGEST_LIST} more]`] : kept;
  }
  if (value instanceof Map || value instanceof Set) return `[${value.size} entries]`;
  const source = value instanceof Error ? errorFields(value) : value;
  const copy: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(source)) {
    if (BODIES.has(name.toLowerCase()) || (SECRETS.test(name) && field !== undefined && typeof field !== "boolean")) copy[name] = CUT;
    else if (name === "headers") copy[name] = headers(field, allowed);
    else copy[name] = redact(field, allowed, depth + 1);
  }
  return copy;
}

/** Only the headers of the list; how many others there are is said. */
function headers(value: unknown, allowed: ReadonlySet<string>): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const kept = Object.entries(value).filter(([name]) => allowed.has(name));
  const copy: Record<string, unknown> = {};
  for (const [name, field] of kept) {
    copy[name] = typeof field === "string" || Buffer.isBuffer(field) ? cutUrls(field.toString()) : typeof field === "number" ? field : CUT;
  }
  const others = Object.keys(value).length - kept.length;
  return others === 0 ? copy : { ...copy, others };
}

function errorFields(error: Error): Record<string, unknown> {
  const more = Object.fromEntries(Object.entries(error).filter(([name]) => name !== "name" && name !== "message"));
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    ...more,
  };
}
