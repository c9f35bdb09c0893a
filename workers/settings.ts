/** Every setting of a worker from its environment: checked whole, told whole, and without a secret in any message. */
import { checkCodec, type CompressionOptions, type EncryptionOptions } from "./codec/index.js";
import type { ConnectOptions } from "./connect.js";
import type { Credentials, Tls } from "./connection/address.js";
import { brokerFrom } from "./settings/broker.js";
import { encryptionFrom, tlsFrom } from "./settings/files.js";
import { misspelt } from "./settings/misspelt.js";
import { Problems } from "./settings/problems.js";
import { type Name, TABLE, type Value, type Values } from "./settings/table.js";

export { settingsTable } from "./settings/table.js";

/** Holds keys, if there are any: not to be logged as a whole. */
export interface Settings {
  /** `undefined`: not said. A worker takes that as true, CGCG's HTTP API as false. */
  readonly enabled: boolean | undefined;
  readonly managementEnabled: boolean;
  /** Without credentials. */
  readonly urls: readonly string[];
  /** `undefined`: the topology's. */
  readonly vhost: string | undefined;
  /** To be asked before every attempt to connect: files are read again. */
  readonly credentials: () => Promise<Credentials>;
  readonly refreshes: boolean;
  /** To be asked before every attempt to connect: files are read again. */
  readonly tls: (() => Tls) | undefined;
  /** Seconds. */
  readonly heartbeat: number;
  readonly connectionAttempts: number;
  /** Milliseconds. */
  readonly retryDelay: number;
  readonly prefetch: number;
  /** Milliseconds; `undefined`: none. */
  readonly messageTtl: number | undefined;
  readonly confirms: boolean;
  /** `undefined`: as many as `prefetch`. */
  readonly concurrency: number | undefined;
  /** Milliseconds; 0: no limit. */
  readonly handlerTimeout: number;
  /** Milliseconds. */
  readonly drainDeadline: number;
  readonly http: { readonly host: string; readonly port: number };
  readonly logLevel: Value<"WARREN_LOG_LEVEL">;
  readonly compression: CompressionOptions | undefined;
  readonly encryption: EncryptionOptions | undefined;
  /** Milliseconds, unconfirmed messages, and what waits while the broker is away. */
  readonly publishing: { readonly timeout: number; readonly window: number; readonly bufferMessages: number; readonly bufferBytes: number };
  /** Messages per second; `undefined`: no limit. */
  readonly rateLimit: number | undefined;
  /** What is no error and should be known: misspelt names, settings without effect. To be logged. */
  readonly warnings: readonly string[];
}

/** Reads all settings. Throws one WorkerError ("wrong-use") that names every variable that is wrong, what it may be, and what to do. */
export function settings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const problems = new Problems();
  const warnings = misspelt(Object.keys(environment).filter((name) => environment[name] !== undefined));
  const values = read(environment, problems, warnings);
  const broker = brokerFrom(values, problems, warnings);
  const tls = tlsFrom(values, problems);
  const encryption = encryptionFrom(values, problems);
  const compression = compressionFrom(values, problems);
  warnings.push(...withoutEffect(values));
  problems.throwIfAny();
  return {
    enabled: values.RABBITMQ_ENABLED,
    managementEnabled: values.RABBITMQ_MANAGEMENT_ENABLED,
    ...broker!,
    tls,
    heartbeat: values.RABBITMQ_HEARTBEAT,
    connectionAttempts: values.RABBITMQ_CONNECTION_ATTEMPTS,
    retryDelay: Math.round(values.RABBITMQ_RETRY_DELAY * 1000),
    prefetch: values.RABBITMQ_ENABLE_CONSUMER_PREFETCH ? values.RABBITMQ_DEFAULT_PREFETCH_COUNT : 65_535,
    messageTtl: values.RABBITMQ_DEFAULT_MESSAGE_TTL || undefined,
    confirms: values.RABBITMQ_ENABLE_PUBLISHER_CONFIRMS,
    concurrency: values.WARREN_CONCURRENCY,
    handlerTimeout: values.WARREN_HANDLER_TIMEOUT,
    drainDeadline: values.WARREN_DRAIN_DEADLINE,
    http: { host: values.WARREN_HTTP_HOST, port: values.WARREN_HTTP_PORT },
    logLevel: values.WARREN_LOG_LEVEL,
    compression,
    encryption,
    publishing: {
      timeout: values.WARREN_PUBLISH_TIMEOUT,
      window: values.WARREN_PUBLISH_WINDOW,
      bufferMessages: values.WARREN_BUFFER_MESSAGES,
      bufferBytes: values.WARREN_BUFFER_BYTES,
    },
    rateLimit: values.WARREN_RATE_LIMIT || undefined,
    warnings,
  };
}

/** What `connect` takes of the settings: `connect(topology, { service, ...(await connectOptions(settings(process.env))) })`. */
export async function connectOptions(from: Settings): Promise<Omit<ConnectOptions, "service">> {
  const { urls, heartbeat, prefetch, handlerTimeout, drainDeadline, publishing, tls, compression, encryption, rateLimit } = from;
  return {
    url: urls,
    // Those that stay the same are given as such: to ask for them again after a refusal would be in vain.
    credentials: from.refreshes ? from.credentials : await from.credentials(),
    attempts: from.connectionAttempts,
    backoff: { min: from.retryDelay },
    ...{ heartbeat, prefetch, handlerTimeout, drainDeadline, publishing },
    ...(tls === undefined ? {} : { tls }),
    ...(compression === undefined ? {} : { compression }),
    ...(encryption === undefined ? {} : { encryption }),
    ...(rateLimit === undefined ? {} : { rateLimit }),
  };
}

/** Each variable by its own schema; the default where it is not set. */
function read(environment: Readonly<Record<string, string | undefined>>, problems: Problems, warnings: string[]): Values {
  const entries = (Object.keys(TABLE) as Name[]).map((name) => {
    const { schema, default: initial, allowed, secret } = TABLE[name];
    // A password may begin or end with a space.
    let given = (name === "RABBITMQ_PASSWORD" ? environment[name] : environment[name]?.trim()) ?? "";
    if (name === "RABBITMQ_PORT" && given.startsWith("tcp://")) {
      warnings.push(
        "RABBITMQ_PORT is what Kubernetes sets for a Service named rabbitmq, and is not used (enableServiceLinks: false stops that)",
      );
      given = "";
    }
    const value = given === "" ? initial : given;
    if (value === "") return [name, undefined];
    const parsed = schema.safeParse(value);
    if (parsed.success) return [name, parsed.data];
    problems.add(
      `${name} is ${secret ? "not right" : JSON.stringify(value)}; allowed: ${allowed}`,
      `correct it, or leave it out${initial === "" ? "" : ` for ${initial}`}`,
    );
    // So that what depends on it can be checked as well.
    return [name, initial === "" ? undefined : schema.parse(initial)];
  });
  return Object.fromEntries(entries) as Values;
}

function compressionFrom(
  { WARREN_COMPRESSION: encoding, WARREN_COMPRESSION_ABOVE: above }: Values,
  problems: Problems,
): CompressionOptions | undefined {
  if (encoding === "none") return undefined;
  const compression = { encoding, above };
  try {
    checkCodec({ compression });
  } catch (error) {
    return problems.add(`WARREN_COMPRESSION is "${encoding}": ${(error as Error).message.split("\n")[0]}`, "use gzip, or a later Node");
  }
  return compression;
}

/** What the topology decides, where the environment says something else. */
function withoutEffect(values: Values): string[] {
  const names = ["RABBITMQ_DEFAULT_EXCHANGE_TYPE", "RABBITMQ_ENABLE_DEAD_LETTER", "RABBITMQ_DEAD_LETTER_EXCHANGE"] as const;
  return names
    .filter((name) => String(values[name]) !== TABLE[name].default)
    .map((name) => `${name} is "${values[name]}" and has no effect: the topology decides what the broker is given`);
}
