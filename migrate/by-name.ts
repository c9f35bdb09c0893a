/** Who publishes to a queue by its name, past all exchanges, as far as a topology or a broker tells. Pure. */
import type { WireIncomingOf, WirePublished } from "../broker/wire.js";

export interface Addressed {
  readonly vhost: string;
  readonly name: string;
}

/** A runtime parameter, as it is planned or on a broker. */
export interface ShovelParameter {
  readonly component: string;
  readonly vhost?: string | undefined;
  readonly name: string;
  readonly value?: unknown;
}

type Value = Readonly<Record<string, unknown>>;

/** The management API has "" for it; addresses have the other one. */
const isDefaultExchange = (name: unknown): boolean => name === "" || name === "amq.default";

/** `undefined` where an escape is none. */
function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** By AMQP 1.0: RabbitMQ's addresses of both versions. The second ones are escaped. */
function addressed(address: string): string | undefined {
  if (address.startsWith("/queues/")) return unescaped(address.slice("/queues/".length));
  return /^(?:\/queue\/|\/amq\/queue\/|(?!\/))(.*)$/s.exec(address)?.[1];
}

function queueOf(shovel: Value): unknown {
  if (shovel["dest-queue"] !== undefined) return shovel["dest-queue"];
  if (isDefaultExchange(shovel["dest-exchange"])) return shovel["dest-exchange-key"];
  return typeof shovel["dest-address"] === "string" ? addressed(shovel["dest-address"]) : undefined;
}

/** Which host is meant is not judged: a broker has many names. Nor is what cannot be read, such as a secret. */
function mayReach(vhost: string, uri: unknown, own: string | undefined): boolean {
  if (typeof uri !== "string") return true;
  const [, path, query] = /^[^?]*?:\/\/[^/?]*(?:\/([^?]*))?(?:\?(.*))?$/s.exec(uri) ?? [];
  const named = /^vhost:(.*)$/s.exec(new URLSearchParams(query).get("hostname") ?? "")?.[1] ?? (path === "" ? undefined : path);
  if (named === undefined) return vhost === "/" || vhost === own;
  const escaped = unescaped(named);
  return escaped === undefined || escaped === vhost;
}

/** Shovels whose messages come to the queue by its name, or may. */
export function shovelsInto({ vhost, name }: Addressed, parameters: readonly ShovelParameter[]): string[] {
  return parameters
    .filter(({ component, value, vhost: own }) => {
      if (component !== "shovel" || typeof value !== "object" || value === null) return false;
      const shovel = value as Value;
      return queueOf(shovel) === name && [shovel["dest-uri"]].flat().some((uri) => mayReach(vhost, uri, own));
    })
    .map((shovel) => `shovel ${JSON.stringify(shovel.name)}${shovel.vhost === vhost ? "" : ` of vhost ${JSON.stringify(shovel.vhost)}`}`);
}

/**
 * By the statistics, how many messages at least were published to the queue by its name. Only with `rates_mode` `detailed` does the broker tell which
 * exchange they came by. Else, what was published to the exchanges of the vhost is taken off: each message brings one to a queue at most.
 */
export function publishedByName({ incoming = [], message_stats: stats }: WireIncomingOf, exchanges: readonly WirePublished[]): number {
  if (incoming.length > 0) return incoming.find(({ exchange }) => isDefaultExchange(exchange.name))?.stats.publish ?? 0;
  const others = exchanges.filter(({ name }) => !isDefaultExchange(name));
  return Math.max(0, (stats?.publish ?? 0) - others.reduce((sum, { message_stats }) => sum + (message_stats?.publish_in ?? 0), 0));
}
