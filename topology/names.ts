/** Names: placeholders in keys and templates, regular expressions that match exactly, the names that are derived from others. */

const PLACEHOLDER = /\{([A-Za-z][A-Za-z0-9_]*)\}/g;

/** The placeholders of a key or a template's name, in order: `"{serviceType}-{serviceId}"` has `serviceType` and `serviceId`. */
export function placeholders(text: string): string[] {
  return [...text.matchAll(PLACEHOLDER)].map((match) => match[1] ?? "");
}

/** Fills in the placeholders that are given; the others stay. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(PLACEHOLDER, (whole, name: string) => (Object.hasOwn(values, name) ? (values[name] ?? whole) : whole));
}

/** Whether it is one word: what a placeholder may be filled with, and what bindings and permissions count on. */
export const isWord = (value: unknown): value is string => typeof value === "string" && /^[^.#*\s]+$/.test(value);

/** A pattern of a topic exchange that covers every way to fill in the placeholders: each is one word, or part of one. */
export function keyPattern(key: string): string {
  return key
    .split(".")
    .map((word) => (placeholders(word).length > 0 ? "*" : word))
    .join(".");
}

/** Takes the meaning from every character that has one in the broker's regular expressions (PCRE). */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");
}

/** A regular expression for a text with placeholders; `other` is what an unfilled one may be. Not anchored. */
export function placeholderRegex(text: string, other = "[^.]+"): string {
  let at = 0;
  let regex = "";
  for (const match of text.matchAll(PLACEHOLDER)) {
    regex += escapeRegex(text.slice(at, match.index)) + other;
    at = match.index + match[0].length;
  }
  return regex + escapeRegex(text.slice(at));
}

/** One anchored regular expression for several names (or ready-made expressions); `""`, which permits nothing, for none. */
export function anyOf(expressions: readonly string[]): string {
  const unique = [...new Set(expressions)].sort();
  if (unique.length === 0) return "";
  return unique.length === 1 ? `^${unique[0]}$` : `^(${unique.join("|")})$`;
}

/** How an exchange is called in a sentence. */
export const exchangeTitle = (exchange: string): string => (exchange === "" ? "the default exchange" : exchange);

/** The exchange to which a worker publishes what failed. */
export const retryExchange = (queue: string): string => `${queue}.retry`;

/** Rung `n` (from 1) of a queue's ladder. */
export const retryQueue = (queue: string, rung: number): string => `${queue}.retry.${rung}`;

/** A stream of a super stream; its name is fixed by the stream protocol (source: `rabbit_stream_manager`). */
export const partitionQueue = (superStream: string, key: string): string => `${superStream}-${key}`;

/** The RabbitMQ user of a service, unless it names one. */
export const serviceUser = (topology: string, service: string): string => `${topology}.${service}`;

/** A user of the same rights, which takes turns with the first: each change of the password gives new connections the other one. */
export const secondUser = (user: string): string => `${user}.2`;

interface NamedTopology {
  readonly name: string;
  readonly vhost?: { readonly name?: string };
  readonly services?: { readonly [name: string]: { readonly user?: string } };
}

/** The vhost that a topology is in. */
export const vhostName = ({ name, vhost }: NamedTopology): string => vhost?.name ?? name;

/** The RabbitMQ user of one of its services. */
export const userOf = ({ name, services }: NamedTopology, service: string): string =>
  services?.[service]?.user ?? serviceUser(name, service);

/** All under which one of its services may be connected: its user and the second one, unless that is another service's. */
export function usersOf(topology: NamedTopology, service: string): string[] {
  const [first, second] = [userOf(topology, service), secondUser(userOf(topology, service))];
  const isTaken = Object.keys(topology.services ?? {}).some((other) => userOf(topology, other) === second);
  return isTaken ? [first] : [first, second];
}

/** A generated policy is called after the object it is for. */
export const policyName = (kind: "queue" | "exchange" | "template", name: string): string => (kind === "queue" ? name : `${kind}:${name}`);

/** How the default exchange is called in permissions (source: access control documentation). */
export const DEFAULT_EXCHANGE_PERMISSION = "amq.default";

/** The pseudo-queue of direct reply-to. */
export const REPLY_TO = "amq.rabbitmq.reply-to";
