/** Services proposed from what users may do and what they are seen to consume. Each keeps exactly the rights that it has. */
import { compile } from "../compile/compile.js";
import { partitionKeys } from "../compile/queues.js";
import { deadLetterQueues } from "../compile/dead-letter-queues.js";
import type { Plan, PlannedPermission } from "../compile/plan.js";
import { entry } from "../entry.js";
import { equal } from "../equal.js";
import type { Permissions, Service, Topology, TopicPermission, User } from "../model.js";
import { DEFAULT_EXCHANGE_PERMISSION, escapeRegex, partitionQueue, secondUser, serviceUser, vhostName } from "../names.js";
import { servicePermissions } from "../permissions.js";
import { effectiveSettings } from "../policies.js";
import { exactNames } from "../regex.js";
import { alternatives } from "./expressions.js";
import { MessageBook, type Sent } from "./messages.js";

/** A queue, and the user whose channel consumes from it. */
export interface Consumer {
  readonly vhost: string;
  readonly queue: string;
  readonly user: string;
}

export interface ProposedService {
  readonly service: string;
  readonly user: string;
  readonly consumes: readonly string[];
  readonly manages: readonly string[];
  readonly publishes: readonly string[];
  /** Where it comes from. */
  readonly from: readonly ("permissions" | "consumers")[];
  /** Rights that do not follow from what it does, and are written out. */
  readonly overridden: readonly string[];
}

export interface Proposal {
  readonly topology: Topology;
  readonly services: readonly ProposedService[];
}

const SIDES = ["configure", "write", "read"] as const;

/** What a user may be seen to do: names in its rights, and its consumers. */
interface Evidence {
  readonly configured: readonly string[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly consumed: readonly string[];
}

function evidence(topology: Topology, { configure, write, read }: Permissions, live: readonly string[]): Evidence {
  const queues = Object.entries(topology.queues ?? {});
  const known = new Set([...queues.map(([name]) => name), ...Object.keys(topology.exchanges ?? {})]);
  const names = (expression: string): string[] => {
    const exact = exactNames(expression);
    if (exact) return [...exact];
    // A super stream is read by the names of its partitions.
    return alternatives(expression).flatMap((alternative) => {
      const of = queues.find(([name, queue]) => queue.type === "super-stream" && alternative === `${escapeRegex(name)}-.+`);
      return of ? [of[0]] : (exactNames(`^${alternative}$`) ?? []);
    });
  };
  const isQueue = (name: string): boolean => Object.hasOwn(topology.queues ?? {}, name);
  const partitions = new Map(
    queues.flatMap(([name, queue]) =>
      queue.type === "super-stream" ? partitionKeys(queue).map((key) => [partitionQueue(name, key), name] as const) : [],
    ),
  );
  return {
    configured: names(configure).filter((name) => known.has(name)),
    reads: names(read).filter(isQueue),
    writes: names(write),
    consumed: [...new Set(live.map((name) => partitions.get(name) ?? name))].filter(isQueue).sort(),
  };
}

type Candidate = Pick<Service, "consumes" | "declares" | "manages">;

/** What it may be that gives these rights, the likeliest first. */
function candidates({ configured, reads, writes, consumed }: Evidence, dead: ReadonlySet<string>): Candidate[] {
  const declares = configured.length > 0 ? { declares: configured } : {};
  const list = (key: "consumes" | "manages", names: readonly string[]): Candidate => (names.length > 0 ? { [key]: names } : {});
  const union = (names: readonly string[]): string[] => [...new Set([...consumed, ...names])].sort();
  const others = reads.filter((name) => !consumed.includes(name));
  const toAnyQueue = writes.includes(DEFAULT_EXCHANGE_PERMISSION);
  return [
    ...(toAnyQueue && others.length > 0 && others.every((name) => dead.has(name))
      ? [{ ...declares, ...list("consumes", consumed), ...list("manages", others) }]
      : []),
    { ...declares, ...list("consumes", union(reads)) },
    // What it declares with dead letters as an argument it has to read, too.
    { ...declares, ...list("consumes", union(reads.filter((name) => !configured.includes(name)))) },
    { ...declares, ...list("consumes", consumed) },
    { ...list("consumes", consumed) },
  ];
}

interface Rights {
  readonly permissions: Permissions;
  readonly topics: { readonly [exchange: string]: TopicPermission };
}

class Proposer {
  readonly #plan: Plan;
  readonly #book: MessageBook;
  /** Queues of dead letters, and the exchanges that lead to them. */
  readonly #dead: { readonly queues: ReadonlySet<string>; readonly exchanges: ReadonlySet<unknown> };

  constructor(private readonly topology: Topology) {
    this.#plan = compile(topology);
    this.#dead = {
      queues: deadLetterQueues(topology, this.#plan),
      exchanges: new Set(this.#plan.queues.map((queue) => effectiveSettings(this.#plan, queue).get("dead-letter-exchange")?.value)),
    };
    this.#book = new MessageBook(topology, this.#plan);
  }

  /** What a service would be allowed, and what it is allowed. */
  #derived(service: Service, sent: readonly Sent[]): Rights {
    const messages = { ...this.topology.messages, ...Object.fromEntries(sent.map(({ name, message }) => [name, message])) };
    const { permissions, topicPermissions } = servicePermissions({ ...this.topology, messages, services: { s: service } }, this.#plan);
    const [{ configure, write, read }] = permissions as [PlannedPermission];
    return {
      permissions: { configure, write, read },
      topics: Object.fromEntries(topicPermissions.map(({ exchange, write: may, read: binds }) => [exchange, { write: may, read: binds }])),
    };
  }

  /** A service with exactly these rights; `undefined` if nothing is seen that it would do. */
  propose(user: string, definition: User, live: readonly string[]): { service: Service; name: string; sent: Sent[] } | undefined {
    const permissions = definition.permissions;
    if (!permissions) return undefined;
    const topics = definition.topicPermissions ?? {};
    const seen = evidence(this.topology, permissions, live);
    const tried = candidates(seen, this.#dead.queues).map((candidate) => {
      const explained = new Set(exactNames(this.#derived(candidate, []).permissions.write));
      const isTarget = (name: string): boolean => name !== DEFAULT_EXCHANGE_PERMISSION && !explained.has(name);
      const targets = seen.writes.filter((name) => isTarget(name) && !this.#dead.exchanges.has(name));
      const sent = targets.flatMap((exchange) =>
        this.#book.sentTo(exchange, Object.hasOwn(topics, exchange) ? topics[exchange] : undefined),
      );
      const service: Service = { ...(sent.length > 0 ? { publishes: sent.map(({ name }) => name) } : {}), ...candidate };
      const derived = this.#derived(service, sent);
      const wrong = SIDES.filter((side) => derived.permissions[side] !== permissions[side]);
      return { service, sent, wrong, sameTopics: equal(derived.topics, topics) };
    });
    const best = tried.reduce((one, other) => (faults(other) < faults(one) ? other : one));
    const { service, sent, wrong, sameTopics } = best;
    if (!service.consumes && !service.publishes && !service.manages) return undefined;
    const prefix = `${this.topology.name}.`;
    const name = user.startsWith(prefix) && user.length > prefix.length ? user.slice(prefix.length) : user;
    return {
      name,
      sent,
      service: {
        ...(serviceUser(this.topology.name, name) === user ? {} : { user }),
        ...service,
        ...(definition.tags?.length ? { tags: definition.tags } : {}),
        ...(definition.limits ? { limits: definition.limits } : {}),
        ...(wrong.length > 0 ? { permissions: Object.fromEntries(wrong.map((side) => [side, permissions[side]])) } : {}),
        ...(sameTopics ? {} : { topicPermissions: topics }),
      },
    };
  }

  keep(sent: readonly Sent[]): void {
    this.#book.keep(sent);
  }

  get messages(): Topology["messages"] {
    return this.#book.messages;
  }
}

const faults = ({ wrong, sameTopics }: { readonly wrong: readonly string[]; readonly sameTopics: boolean }): number =>
  wrong.length * 2 + (sameTopics ? 0 : 1);

/** Users that take turns with another one, which has the same rights: they are no service of their own. */
function secondsOf(users: Topology["users"] = {}): ReadonlySet<string> {
  const first = Object.keys(users).filter((user) => equal(users[user], entry(users, secondUser(user))));
  return new Set(first.map(secondUser));
}

/** Those of a topology's users that are applications become services. `refused` are users that stay what they are. Comes to the same objects. */
export function proposeServices(topology: Topology, consumers: readonly Consumer[], refused: ReadonlySet<string>): Proposal {
  const vhost = vhostName(topology);
  const proposer = new Proposer(topology);
  const services: [string, Service][] = [];
  const proposed: ProposedService[] = [];
  const users: [string, User][] = [];
  const seconds = secondsOf(topology.users);
  for (const [user, definition] of Object.entries(topology.users ?? {})) {
    const own = [user, ...[secondUser(user)].filter((second) => seconds.has(second))];
    const live = consumers.filter((one) => one.vhost === vhost && own.includes(one.user)).map(({ queue }) => queue);
    const isNone = refused.has(user) || seconds.has(user) || definition.tags?.includes("administrator");
    const found = isNone ? undefined : proposer.propose(user, definition, live);
    if (!found || services.some(([name]) => name === found.name)) {
      users.push([user, definition]);
      continue;
    }
    const { service, name, sent } = found;
    proposer.keep(sent);
    services.push([name, service]);
    const { consumes = [], manages = [], publishes = [] } = service;
    proposed.push({
      ...{ service: name, user, consumes, manages, publishes },
      from: [
        ...(consumes.some((queue) => !live.includes(queue)) || publishes.length + manages.length > 0 ? (["permissions"] as const) : []),
        ...(live.length > 0 ? (["consumers"] as const) : []),
      ],
      overridden: [...Object.keys(service.permissions ?? {}), ...(service.topicPermissions ? ["topicPermissions"] : [])],
    });
  }
  const { users: _, ...rest } = topology;
  const messages = proposer.messages ?? {};
  return {
    topology: {
      ...rest,
      ...(Object.keys(messages).length > 0 ? { messages } : {}),
      ...(services.length > 0 ? { services: Object.fromEntries(services) } : {}),
      ...(users.length > 0 ? { users: Object.fromEntries(users) } : {}),
    },
    services: proposed,
  };
}
