/** The log of a worker: structured lines (pino) that never hold a body or a credential. */
import pino, { type DestinationStream, type Level, type Logger } from "pino";
import { ALLOWED_HEADERS, cutUrls, redact } from "./redact.js";

export interface LoggerOptions {
  /** @default "info" */
  readonly level?: Level | "silent";
  readonly service: string;
  readonly topology: { readonly name: string } | string;
  /** @default standard output */
  readonly destination?: DestinationStream;
  /** Headers of messages that may be logged, beside the worker's own. @default none */
  readonly headers?: readonly string[];
}

/**
 * A pino logger. In what is given to it, at any depth and in children: fields named like a body or a credential are cut, `headers` of a
 * message keep only the allowed names, buffers become their size, errors plain objects, and URLs lose user and password - in texts as well.
 * Lines have `service` and `topology`, `level` as a word, `time` in ISO 8601.
 */
export function logger(options: LoggerOptions): Logger {
  const { level = "info", service, topology } = options;
  const allowed = new Set([...ALLOWED_HEADERS, ...(options.headers ?? [])]);
  const clean = (fields: object) => redact(fields, allowed) as Record<string, unknown>;
  const settings: pino.LoggerOptions = {
    level,
    base: { service, topology: typeof topology === "string" ? topology : topology.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: clean },
    // Errors are plain objects by then.
    serializers: { err: (fields: unknown) => fields },
    // The message itself, and whatever else became text on its way.
    hooks: { streamWrite: cutUrls },
  };
  const log = options.destination === undefined ? pino(settings) : pino(settings, options.destination);
  // In children pino sets the formatter of bindings back, so they are cleaned on their way in. Children inherit these methods.
  type Method = (this: unknown, bindings: object, ...more: unknown[]) => unknown;
  for (const name of ["child", "setBindings"] as const) {
    const original = Reflect.get(log, name) as Method;
    const cleaned: Method = function (bindings, ...more) {
      return original.call(this, clean(bindings), ...more);
    };
    Object.defineProperty(log, name, { value: cleaned });
  }
  return log;
}
