/** What the rules have to know of an installation: limits, TTLs, ladders and promises of each queue, as the broker will hold them. */
import { deadLetterQueues } from "../topology/compile/dead-letter-queues.js";
import { compile } from "../topology/compile/compile.js";
import type { Plan, PlannedQueue, PlannedTemplate } from "../topology/compile/plan.js";
import { forEnvironment } from "../topology/environments.js";
import type { Installation, Topology } from "../topology/model.js";
import { escapeRegex, usersOf } from "../topology/names.js";
import { effectiveSettings } from "../topology/policies.js";
import type { QueueType } from "../topology/settings.js";

/** What a queue is for: work that services do, dead letters, or waiting between retries. */
export type Role = "work" | "dead-letter" | "rung";

export interface QueueFacts {
  readonly vhost: string;
  /** For a template, its name with placeholders. */
  readonly name: string;
  readonly type: QueueType;
  readonly role: Role;
  /** Regular expression of the names that a template's queues have, without anchors, and of those which it may not have. */
  readonly pattern?: { readonly is: string; readonly not: readonly string[] };
  readonly maxLength?: number;
  readonly maxLengthBytes?: number;
  readonly ttlSeconds?: number;
  /** None if there is no limit. */
  readonly deliveryLimit?: number;
  /** Members that it is meant to have, if there are nodes enough; quorum queues only. */
  readonly members?: number;
  /** The queue to which a rung gives its messages back. */
  readonly rungOf?: string;
  /** How long a rung keeps its messages. */
  readonly waitSeconds?: number;
  /**
   * How the exporter can tell the age of its head: a classic queue's by the message's timestamp, through the management API; that of dead letters
   * which expire by when they died, from a look at the first one. None for any other queue.
   */
  readonly headAge?: "timestamp" | "letter";
}

export interface ConsumerPromise {
  readonly vhost: string;
  /** Of a super stream, a partition. */
  readonly queue: string;
  readonly service: string;
  /** The service's: its own, and the second one that takes turns with it. */
  readonly users: readonly string[];
  readonly consumers: number;
}

export interface Facts {
  readonly topologies: readonly { readonly name: string; readonly vhost: string }[];
  readonly queues: readonly QueueFacts[];
  /** Which services promise to consume which queues; a service that may have no replica promises nothing. */
  readonly promises: readonly ConsumerPromise[];
  /** Exchanges from which only queues of instances can be reached: whoever has left is no fault. `""` is the default one, for replies. */
  readonly instanceExchanges: readonly { readonly vhost: string; readonly exchange: string }[];
}

/** RabbitMQ's own, for quorum queues that say nothing. */
const DELIVERY_LIMIT = 20;
const MEMBERS = 3;

const numberOf = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

/** To look at a dead letter is to take it and give it back: never where that might count against a limit. */
function headAge(type: QueueType, role: Role, ttl: number | undefined, deliveryLimit: number): QueueFacts["headAge"] {
  if (role === "dead-letter" && ttl !== undefined && ttl > 0) {
    if (type === "classic" || (type === "quorum" && deliveryLimit === -1)) return "letter";
  }
  return type === "classic" && role === "work" ? "timestamp" : undefined;
}

function queueFacts(plan: Plan, queue: PlannedQueue | PlannedTemplate, role: Role): Omit<QueueFacts, "pattern"> {
  const settings = effectiveSettings(plan, queue);
  const value = (key: string): number | undefined => numberOf(settings.get(key)?.value);
  const { type } = queue;
  const ttl = value("message-ttl");
  const deliveryLimit = value("delivery-limit") ?? DELIVERY_LIMIT;
  // A single active consumer's quorum queue refuses a look.
  const alone = queue.arguments["x-single-active-consumer"] === true;
  const optional = {
    // Of a stream these are retention: it is meant to be full.
    maxLength: type === "stream" ? undefined : value("max-length"),
    maxLengthBytes: type === "stream" ? undefined : value("max-length-bytes"),
    // A rung's messages are meant to expire, and those with a TTL of 0 as well.
    ttlSeconds: ttl === undefined || ttl === 0 || role === "rung" ? undefined : ttl / 1000,
    deliveryLimit: type === "quorum" && deliveryLimit >= 1 ? deliveryLimit : undefined,
    members: type === "quorum" ? Math.max(value("quorum-initial-group-size") ?? MEMBERS, value("target-group-size") ?? 0) : undefined,
    headAge: "pattern" in queue || alone ? undefined : headAge(type, role, ttl, deliveryLimit),
    waitSeconds: role === "rung" && ttl !== undefined ? ttl / 1000 : undefined,
    rungOf: "role" in queue && queue.role.kind === "rung" ? queue.role.of : undefined,
  };
  const known = Object.fromEntries(Object.entries(optional).filter(([, given]) => given !== undefined));
  return { vhost: plan.vhost.name, name: queue.name, type, role, ...known };
}

function ofTopology(topology: Topology): Facts {
  const plan = compile(topology);
  const vhost = plan.vhost.name;
  const dead = deadLetterQueues(topology, plan);
  const queues: QueueFacts[] = plan.queues.map((queue) =>
    queueFacts(plan, queue, queue.role.kind === "rung" ? "rung" : dead.has(queue.name) ? "dead-letter" : "work"),
  );
  const patterns: string[] = [];
  for (const template of plan.templates) {
    const is = template.pattern.replace(/^\^|\$$/g, "");
    const regex = new RegExp(`^(?:${is})$`);
    // A name has one limit: a declared queue's own, else that of the first template it fits.
    const not = [...plan.queues.filter(({ name }) => regex.test(name)).map(({ name }) => escapeRegex(name)), ...patterns];
    queues.push({ ...queueFacts(plan, template, dead.has(template.name) ? "dead-letter" : "work"), pattern: { is, not } });
    patterns.push(is);
  }
  const promises = Object.entries(topology.services ?? {}).flatMap(([service, { consumes, replicas }]) =>
    (consumes ?? []).flatMap((consumed) => {
      const users = usersOf(topology, service);
      const consumers = replicas?.min ?? 1;
      // Of a super stream, each partition is consumed.
      const names = plan.queues.filter(({ name, role }) => name === consumed || (role.kind === "partition" && role.of === consumed));
      return consumers < 1
        ? []
        : names.map(({ name, role }) => ({
            vhost,
            queue: name,
            service,
            users,
            consumers: role.kind === "partition" ? 1 : consumers,
          }));
    }),
  );
  const instanceExchanges = exchangesOfInstances(plan).map((exchange) => ({ vhost, exchange }));
  return { topologies: [{ name: topology.name, vhost }], queues, promises, instanceExchanges };
}

/** Bound to templates, directly or through other exchanges, and to no queue that is there by name. */
function exchangesOfInstances({ exchanges, bindings, templates }: Plan): string[] {
  const reaches = (from: string): { declared: boolean; instances: boolean } => {
    const below = new Set([from]);
    let [declared, instances] = [false, false];
    // A set that grows while it is walked through: each exchange is visited once.
    for (const exchange of below) {
      instances ||= templates.some((template) => template.bindings.some(({ source }) => source === exchange));
      for (const { source, destination, destinationType } of bindings) {
        if (source !== exchange) continue;
        if (destinationType === "queue") declared = true;
        else below.add(destination);
      }
    }
    return { declared, instances };
  };
  const sources = [
    ...new Set([...exchanges.map(({ name }) => name), ...templates.flatMap((each) => each.bindings.map(({ source }) => source))]),
  ];
  const only = sources.filter((name) => {
    const { declared, instances } = reaches(name);
    return name !== "" && instances && !declared;
  });
  return ["", ...only];
}

/** Of all topologies, with the sizes of an environment. */
export function facts(installation: Installation, environment?: string): Facts {
  const all = installation.topologies.map((topology) => ofTopology(forEnvironment(topology, environment)));
  return {
    topologies: all.flatMap(({ topologies }) => topologies),
    queues: all.flatMap(({ queues }) => queues),
    promises: all.flatMap(({ promises }) => promises),
    instanceExchanges: all.flatMap(({ instanceExchanges }) => instanceExchanges),
  };
}
