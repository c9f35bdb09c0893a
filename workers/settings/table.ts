/** Every setting of a worker by its variable: the one table that is parsed by, and that the documentation is made of. */
import { amount, decimal, oneOf, text, time, truth, type Variable, whole } from "./variable.js";

const DAY = 86_400_000;
const GB = 1024 ** 3;
const topologys = "the topology decides this; another value than the default is read and warned of";
const file = "the path of a file";

export const TABLE = {
  RABBITMQ_URL: text({
    meaning: "the broker's address, with or without credentials",
    note: "wins over RABBITMQ_URLS, RABBITMQ_HOST, _PORT and _VHOST; its credentials win over all others",
    allowed: "amqp://user:password@host:5672/vhost, or amqps://",
    secret: true,
  }),
  RABBITMQ_URLS: text({
    meaning: "addresses of one cluster, tried in turn; all with the same credentials and vhost",
    allowed: "URLs as in RABBITMQ_URL, separated by commas",
    secret: true,
  }),
  RABBITMQ_HOST: text({ meaning: "the broker's host, where no URL is set", default: "localhost", allowed: "a host name or an address" }),
  RABBITMQ_PORT: whole({
    meaning: "its port",
    default: "5672",
    min: 1,
    max: 65_535,
    note: "tcp://..., which Kubernetes sets for a Service named rabbitmq, counts as not set",
  }),
  RABBITMQ_VHOST: text({ meaning: "the virtual host", note: "not set: the path of the URL, else the topology's" }),
  RABBITMQ_USERNAME: text({ meaning: "the user", note: "not set: RABBITMQ_USER, else guest" }),
  RABBITMQ_USER: text({ meaning: "the same by its other name" }),
  RABBITMQ_USERNAME_FILE: text({
    meaning: "a file that holds the user",
    allowed: file,
    note: "read again whenever credentials are asked for",
  }),
  RABBITMQ_PASSWORD: text({ meaning: "the password", secret: true, note: "not set: guest, for the user guest alone" }),
  RABBITMQ_PASSWORD_FILE: text({
    meaning: "a file that holds the password",
    allowed: file,
    note: "read again whenever credentials are asked for",
  }),
  RABBITMQ_CA_FILE: text({
    meaning: "the certificate authorities that vouch for the broker",
    allowed: `${file} in PEM`,
    note: "not set: those of Node; read again before each attempt to connect",
  }),
  RABBITMQ_CERT_FILE: text({
    meaning: "the worker's own certificate",
    allowed: `${file} in PEM`,
    note: "goes with RABBITMQ_KEY_FILE; read again likewise",
  }),
  RABBITMQ_KEY_FILE: text({ meaning: "the key of that certificate", allowed: `${file} in PEM`, note: "goes with RABBITMQ_CERT_FILE" }),
  RABBITMQ_SERVER_NAME: text({
    meaning: "the name in the broker's certificate",
    allowed: "a host name",
    note: "not set: the host of the address",
  }),
  RABBITMQ_HEARTBEAT: whole({
    meaning: "heartbeat of a connection; a peer that is silent for two of them is gone",
    default: "10",
    min: 5,
    max: 300,
    unit: "seconds",
    note: "wider than ContextIQ's 10-300: 5 finds a dead peer in 10 seconds, and below that a busy one looks dead",
  }),
  RABBITMQ_CONNECTION_ATTEMPTS: whole({
    meaning: "attempts to connect at the start; later losses are mended without limit",
    default: "10",
    min: 1,
    max: 10,
  }),
  RABBITMQ_RETRY_DELAY: decimal({
    meaning: "delay before the second attempt; it doubles from there",
    default: "0.1",
    min: 0.1,
    max: 60,
    unit: "seconds",
  }),
  RABBITMQ_DEFAULT_PREFETCH_COUNT: whole({
    meaning: "unacknowledged deliveries of one consumer",
    default: "100",
    min: 1,
    max: 65_535,
    note: "wider than ContextIQ's 1-100: what AMQP allows (an unsigned short)",
  }),
  RABBITMQ_DEFAULT_MESSAGE_TTL: whole({
    meaning: "expiration of a published message that has none of its own; 0: none",
    default: "86400000",
    min: 0,
    max: 4_294_967_295,
    unit: "ms",
    note: "the time-to-live of queues is the topology's",
  }),
  RABBITMQ_DEFAULT_EXCHANGE_TYPE: oneOf(["topic", "direct", "fanout", "headers"], {
    meaning: "type of exchanges",
    default: "topic",
    note: topologys,
  }),
  RABBITMQ_ENABLE_DEAD_LETTER: truth({ meaning: "whether failed messages are dead-lettered", default: "true", note: topologys }),
  RABBITMQ_DEAD_LETTER_EXCHANGE: text({ meaning: "name of the dead-letter exchange", default: "contextiq.dlx", note: topologys }),
  RABBITMQ_ENABLE_PUBLISHER_CONFIRMS: truth({ meaning: "whether publishing waits for the broker's confirm", default: "true" }),
  RABBITMQ_ENABLE_CONSUMER_PREFETCH: truth({
    meaning: "whether RABBITMQ_DEFAULT_PREFETCH_COUNT applies",
    default: "true",
    note: "false: 65535, the most that AMQP counts",
  }),
  RABBITMQ_ENABLED: truth({
    meaning: "whether messaging goes over RabbitMQ at all",
    note: "not set: true for a worker, false for CGCG's HTTP API",
  }),
  RABBITMQ_MANAGEMENT_ENABLED: truth({ meaning: "whether CGCG's HTTP API serves /rabbitmq", default: "false" }),
  WARREN_CONCURRENCY: whole({
    meaning: "deliveries handled at the same time, for each consumer",
    min: 1,
    max: 65_535,
    note: "not set: the prefetch count",
  }),
  WARREN_HANDLER_TIMEOUT: time({ meaning: "how long a handler may take; 0: no limit", default: "0", min: 0, max: DAY }),
  // As long as the slowest handler that the prod stack takes, and its own drain.
  WARREN_DRAIN_DEADLINE: time({
    meaning: "how long a stop waits for deliveries under way",
    default: "30 seconds",
    min: 0,
    max: 25 * 3_600_000,
  }),
  WARREN_HTTP_PORT: whole({ meaning: "port for health and metrics; 0: a free one", default: "9090", min: 0, max: 65_535 }),
  WARREN_HTTP_HOST: text({
    meaning: "address to listen on; in a container 0.0.0.0",
    default: "127.0.0.1",
    allowed: "an address of this machine",
  }),
  WARREN_LOG_LEVEL: oneOf(["trace", "debug", "info", "warn", "error", "fatal", "silent"], {
    meaning: "what is logged at least",
    default: "info",
  }),
  WARREN_COMPRESSION: oneOf(["none", "gzip", "zstd"], {
    meaning: "compression of published bodies",
    default: "none",
    note: "zstd needs Node 22.15 or later, here and wherever the messages are read",
  }),
  WARREN_COMPRESSION_ABOVE: amount({ meaning: "bodies larger than this are compressed", default: "1024", min: 0, max: GB }),
  WARREN_PUBLISH_TIMEOUT: time({ meaning: "how long a publish may take, waiting included", default: "30 seconds", min: 1, max: 3_600_000 }),
  WARREN_PUBLISH_WINDOW: whole({ meaning: "unconfirmed messages at the same time", default: "1000", min: 1, max: 1_000_000 }),
  WARREN_BUFFER_MESSAGES: whole({ meaning: "messages that wait while the broker is away", default: "10000", min: 0, max: 10_000_000 }),
  WARREN_BUFFER_BYTES: amount({ meaning: "their bytes together", default: "64 MiB", min: 0, max: 16 * GB }),
  WARREN_RATE_LIMIT: whole({ meaning: "messages published per second; 0: no limit", default: "0", min: 0, max: 1_000_000 }),
  WARREN_ENCRYPTION_KEYS_FILE: text({
    meaning: "keys that encrypt bodies",
    allowed: `${file}: {"current": "id", "keys": {"id": "base64 of 32 bytes"}, "required": false}`,
    note: "not set: bodies are not encrypted",
  }),
} as const satisfies Record<string, Variable>;

export type Name = keyof typeof TABLE;
export type Value<N extends Name> = (typeof TABLE)[N] extends Variable<infer T> ? T : never;
export type Values = { readonly [N in Name]: Value<N> };

/** The table for readers, in its order. */
export const settingsTable: readonly (Omit<Variable, "schema"> & { readonly name: Name })[] = Object.entries(TABLE).map(
  ([name, { meaning, default: initial, allowed, secret, note }]) => ({
    name: name as Name,
    meaning,
    default: initial,
    allowed,
    secret,
    note,
  }),
);
