/** RabbitMQ's management API, by kind of object. Names go in as they are; `get...` answers `undefined`, and `delete...` `false`, for what is not there. */
import { z } from "zod";
import { equal } from "../topology/equal.js";
import { VERSIONS, type Version } from "../topology/settings.js";
import { BrokerError, notRabbit } from "./faults.js";
import { encode } from "./encode.js";
import { SHA256 } from "./password.js";
import { Transport, type Answer, type Endpoint, type Method } from "./transport.js";
import * as wire from "./wire.js";

/** The two objects of a binding. */
export interface BindingEnds {
  readonly source: string;
  readonly destination: string;
  readonly destinationType: "queue" | "exchange";
}

export interface BindingIdentity extends BindingEnds {
  readonly routingKey: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface QueueBody {
  /** `x-queue-type` included. */
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly durable: boolean;
  readonly autoDelete: boolean;
}

export interface ExchangeBody extends QueueBody {
  readonly type: string;
  readonly internal: boolean;
}

export interface PolicyBody {
  readonly pattern: string;
  readonly applyTo: string;
  readonly priority: number;
  readonly definition: Readonly<Record<string, unknown>>;
}

export interface UserBody {
  readonly tags: readonly string[];
  /** `salt` and digest in base64, as in exports; `""` lets no password in. */
  readonly passwordHash: string;
  /** What the hash was made with: of another one no password fits it. @default SHA-256, as `passwordHash()` makes them */
  readonly hashingAlgorithm?: string | undefined;
}

const wirePolicy = (body: PolicyBody): object => ({
  pattern: body.pattern,
  "apply-to": body.applyTo,
  priority: body.priority,
  definition: body.definition,
});

/** A list without what has no name: of an object that is deleted at that moment, 4.3.6 lists the empty rest. */
const named = <T>(shape: z.ZodType<T>): z.ZodType<T[]> =>
  z.preprocess(
    (list) => (Array.isArray(list) ? list.filter((item) => typeof item === "object" && item !== null && "name" in item) : list),
    z.array(shape),
  );

/** Whether a version as a broker says it (`4.3.6`) is this one or a later one. */
export function isAtLeast(found: string, minimum: Version): boolean {
  const [major = 0, minor = 0] = found.split(".").map(Number);
  const [needMajor = 0, needMinor = 0] = minimum.split(".").map(Number);
  return major > needMajor || (major === needMajor && minor >= needMinor);
}

export class Management {
  readonly #transport: Transport;

  constructor(options: Endpoint) {
    this.#transport = new Transport(options);
  }

  /** Without credentials. */
  get endpoint(): string {
    return this.#transport.endpoint;
  }

  get username(): string {
    return this.#transport.username;
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  // The broker

  overview(): Promise<wire.Overview> {
    return this.#read(wire.Overview, "/api/overview");
  }

  /** `4.3.6` */
  async version(): Promise<string> {
    return (await this.overview()).rabbitmq_version;
  }

  /** The user of this client. */
  whoami(): Promise<wire.Whoami> {
    return this.#read(wire.Whoami, "/api/whoami");
  }

  /** The broker's version, if it is at least this one; else an error that says both. */
  async requireVersion(minimum: Version): Promise<string> {
    const found = await this.version();
    if (isAtLeast(found, minimum)) return found;
    const newest = VERSIONS.filter((version) => found.startsWith(`${version}.`))[0];
    throw new BrokerError(
      "version",
      `The broker at ${this.endpoint} is RabbitMQ ${found}, and ${minimum} or later is asked for.`,
      newest === undefined
        ? `upgrade the broker to ${minimum}`
        : `upgrade the broker, or write brokerVersion: "${newest}" in the topology and let the check say what it then cannot have`,
    );
  }

  /** A check of `/api/health/checks/`: `alarms`, `port-listener/5672`. The answer is why it fails; `undefined` if all is well. */
  async health(check: string): Promise<string | undefined> {
    try {
      await this.#transport.send("GET", `/api/health/checks/${check}`);
      return undefined;
    } catch (error) {
      if (error instanceof BrokerError && error.status === 503) return error.reason ?? "without a reason";
      throw error;
    }
  }

  // Definitions

  /** Everything the broker exports; `undefined` if it still is as at this ETag (which brokers send from 4.3.5). Needs an administrator. */
  async definitions(etag?: string): Promise<{ readonly definitions: wire.WireDefinitions; readonly etag: string | undefined } | undefined> {
    const answer = await this.#transport.send("GET", "/api/definitions", undefined, etag === undefined ? {} : { "if-none-match": etag });
    if (answer.status === 304) return undefined;
    return { definitions: this.#shaped(wire.WireDefinitions, answer.body), etag: answer.etag };
  }

  /** The same as the broker wrote it, for what reads definitions itself. */
  async rawDefinitions(vhost?: string): Promise<unknown> {
    return (await this.#transport.send("GET", vhost === undefined ? "/api/definitions" : encode`/api/definitions/${vhost}`)).body;
  }

  vhostDefinitions(vhost: string): Promise<wire.WireVhostDefinitions | undefined> {
    return this.#find(wire.WireVhostDefinitions, encode`/api/definitions/${vhost}`);
  }

  /** Makes everything at once, in one request; what is there already with other values stops it half-way. */
  importDefinitions(definitions: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#write("POST", "/api/definitions", definitions);
  }

  // Vhosts

  vhosts(): Promise<wire.WireVhost[]> {
    return this.#read(named(wire.WireVhost), "/api/vhosts");
  }

  getVhost(name: string): Promise<wire.WireVhost | undefined> {
    return this.#find(wire.WireVhost, encode`/api/vhosts/${name}`);
  }

  /** Makes or changes it; what is left out goes back to its default. The broker gives the user who makes a vhost every permission in it. */
  putVhost(name: string, body: { description?: string; tags?: readonly string[]; defaultQueueType?: string } = {}): Promise<void> {
    const { description, tags, defaultQueueType } = body;
    return this.#write("PUT", encode`/api/vhosts/${name}`, {
      ...(description === undefined ? {} : { description }),
      ...(tags === undefined ? {} : { tags }),
      ...(defaultQueueType === undefined ? {} : { default_queue_type: defaultQueueType }),
    });
  }

  deleteVhost(name: string): Promise<boolean> {
    return this.#delete(encode`/api/vhosts/${name}`);
  }

  /** From 4.1 the broker refuses (412) to delete a protected vhost. */
  protectVhost(name: string): Promise<void> {
    return this.#write("POST", encode`/api/vhosts/${name}/deletion/protection`);
  }

  unprotectVhost(name: string): Promise<boolean> {
    return this.#delete(encode`/api/vhosts/${name}/deletion/protection`);
  }

  vhostLimits(vhost: string): Promise<Readonly<Record<string, number>>> {
    return this.#limits(encode`/api/vhost-limits/${vhost}`);
  }

  /** `max-connections` or `max-queues`; a negative value is no limit. */
  putVhostLimit(vhost: string, limit: string, value: number): Promise<void> {
    return this.#write("PUT", encode`/api/vhost-limits/${vhost}/${limit}`, { value });
  }

  deleteVhostLimit(vhost: string, limit: string): Promise<boolean> {
    return this.#delete(encode`/api/vhost-limits/${vhost}/${limit}`);
  }

  // Exchanges, queues, bindings

  /** Those of all vhosts, the built-in and the internal ones too, which no export holds. */
  exchanges(): Promise<wire.WireExchange[]> {
    return this.#read(z.array(wire.WireExchange), "/api/exchanges?disable_stats=true");
  }

  getExchange(vhost: string, name: string): Promise<wire.WireExchange | undefined> {
    return this.#find(wire.WireExchange, encode`/api/exchanges/${vhost}/${name}?disable_stats=true`);
  }

  putExchange(vhost: string, name: string, { type, durable, autoDelete, internal, arguments: args }: ExchangeBody): Promise<void> {
    return this.#write("PUT", encode`/api/exchanges/${vhost}/${name}`, {
      type,
      durable,
      auto_delete: autoDelete,
      internal,
      arguments: args,
    });
  }

  deleteExchange(vhost: string, name: string): Promise<boolean> {
    return this.#delete(encode`/api/exchanges/${vhost}/${name}`);
  }

  /** Without message counts: with them 4.3.6 leaves out a classic queue's operator policy and what its policies come to. */
  getQueue(vhost: string, name: string): Promise<wire.WireQueue | undefined> {
    return this.#find(wire.WireQueue, encode`/api/queues/${vhost}/${name}?disable_stats=true`);
  }

  /** Those of a vhost, as `getQueue` gives them. */
  async queues(vhost: string): Promise<wire.WireQueue[]> {
    return (await this.#find(named(wire.WireQueue), encode`/api/queues/${vhost}?disable_stats=true`)) ?? [];
  }

  /** Declares it; one that stands with other arguments is refused (400), and kept. */
  putQueue(vhost: string, name: string, { durable, autoDelete, arguments: args }: QueueBody): Promise<void> {
    return this.#write("PUT", encode`/api/queues/${vhost}/${name}`, { durable, auto_delete: autoDelete, arguments: args });
  }

  /** With its messages. `ifEmpty` is for classic queues: the broker refuses it (400) on quorum queues. */
  deleteQueue(vhost: string, name: string, options: { readonly ifEmpty?: boolean } = {}): Promise<boolean> {
    return this.#delete(encode`/api/queues/${vhost}/${name}` + (options.ifEmpty ? "?if-empty=true" : ""));
  }

  /** Takes out every ready message; the broker refuses it (400) for streams. */
  async purgeQueue(vhost: string, name: string): Promise<boolean> {
    return this.#delete(encode`/api/queues/${vhost}/${name}/contents`);
  }

  /** Who consumes from the queues of a vhost. */
  async consumers(vhost: string): Promise<wire.WireConsumer[]> {
    return (await this.#find(z.array(wire.WireConsumer), encode`/api/consumers/${vhost}`)) ?? [];
  }

  /** Those that are open in a vhost; some seconds old. */
  async connections(vhost: string): Promise<wire.WireConnection[]> {
    return (await this.#find(z.array(wire.WireConnection), encode`/api/vhosts/${vhost}/connections`)) ?? [];
  }

  /** The members of the cluster, those that are down too. */
  async nodes(): Promise<wire.WireNode[]> {
    return this.#read(z.array(wire.WireNode), "/api/nodes?columns=name,running,being_drained,mem_alarm,disk_free_alarm,partitions");
  }

  featureFlags(): Promise<wire.WireFeatureFlag[]> {
    return this.#read(z.array(wire.WireFeatureFlag), "/api/feature-flags?columns=name,state,stability");
  }

  /** On which nodes the queues of all vhosts are. Asks the queues, not the statistics. */
  placements(): Promise<wire.WirePlacement[]> {
    return this.#read(
      z.array(wire.WirePlacement),
      "/api/queues?disable_stats=true&columns=vhost,name,type,node,leader,members,online,arguments",
    );
  }

  /** Makes a node a member of a quorum queue. */
  addQuorumMember(vhost: string, queue: string, node: string): Promise<void> {
    return this.#write("POST", encode`/api/queues/quorum/${vhost}/${queue}/replicas/add`, { node });
  }

  /** Takes a node out of the members of a quorum queue; the broker refuses it for the last one. */
  async removeQuorumMember(vhost: string, queue: string, node: string): Promise<void> {
    await this.#transport.send("DELETE", encode`/api/queues/quorum/${vhost}/${queue}/replicas/delete`, { node });
  }

  /** The head of each classic queue of a vhost, as far as the statistics have it (some seconds old). Takes nothing out. */
  async heads(vhost: string): Promise<wire.WireHead[]> {
    return (await this.#find(z.array(wire.WireHead), encode`/api/queues/${vhost}?columns=name,head_message_timestamp`)) ?? [];
  }

  /** Of one queue. */
  placement(vhost: string, name: string): Promise<wire.WirePlacement | undefined> {
    const columns = "vhost,name,type,node,leader,members,online,arguments";
    return this.#find(wire.WirePlacement, encode`/api/queues/${vhost}/${name}` + `?disable_stats=true&columns=${columns}`);
  }

  /** Spreads the leaders of all replicated queues over the nodes; answers before it is done. */
  rebalance(): Promise<void> {
    return this.#write("POST", "/api/rebalance/queues", {});
  }

  /**
   * Message counts of all queues that the user sees, or of those of a vhost. Measured on 4.3.6, after publishing: with `disable_stats` and `enable_queue_totals` classic
   * queues are asked themselves and are exact at once, quorum queues report at their tick (5 s), streams not at all; without, every type
   * comes from the statistics, which sample the ticks every 5 s. So the totals are taken, and the statistics for streams.
   * Up to 5 s old for quorum queues, 10 s for streams; no endpoint gives a younger number without taking messages out.
   */
  async counts(vhost?: string): Promise<wire.WireCounts[]> {
    const queues = vhost === undefined ? "/api/queues" : encode`/api/queues/${vhost}`;
    const totals = await this.#read(named(wire.WireCounts), `${queues}?disable_stats=true&enable_queue_totals=true`);
    if (totals.every((queue) => queue.messages !== undefined)) return totals;
    const columns = "name,vhost,type,messages,messages_ready,messages_unacknowledged";
    const statistics = await this.#read(named(wire.WireCounts), `${queues}?columns=${columns}`);
    const sampled = new Map(statistics.map((queue) => [JSON.stringify([queue.vhost, queue.name]), queue]));
    return totals.map((queue) =>
      queue.messages === undefined ? { ...queue, ...sampled.get(JSON.stringify([queue.vhost, queue.name])) } : queue,
    );
  }

  /** Bytes of the ready messages of the queues of a vhost; by the statistics, so up to 10 s old. */
  async bytes(vhost: string): Promise<wire.WireBytes[]> {
    const columns = "name,vhost,message_bytes_ready";
    return (await this.#find(named(wire.WireBytes), encode`/api/queues/${vhost}` + `?columns=${columns}`)) ?? [];
  }

  /** Depths, consumers and rates of the queues of a vhost, in one request; `undefined` if it is not there. */
  traffic(vhost: string): Promise<wire.WireTraffic[] | undefined> {
    const stats = ["publish_details.rate", "deliver_get_details.rate", "ack", "get_no_ack", "deliver_no_ack"];
    const columns = [
      "name",
      "type",
      "state",
      "messages",
      "messages_unacknowledged",
      "consumers",
      ...stats.map((name) => `message_stats.${name}`),
    ];
    return this.#find(named(wire.WireTraffic), encode`/api/queues/${vhost}` + `?columns=${columns.join(",")}`);
  }

  /** Rates of the exchanges of a vhost. What the broker itself publishes (dead letters) does not count. */
  exchangeTraffic(vhost: string): Promise<wire.WireExchangeTraffic[] | undefined> {
    const columns = "name,message_stats.publish_in_details.rate,message_stats.publish_out_details.rate";
    return this.#find(named(wire.WireExchangeTraffic), encode`/api/exchanges/${vhost}` + `?columns=${columns}`);
  }

  /**
   * By the statistics, what was published to a queue. Channels of AMQP 0-9-1 count, each from its first report on (5 s); what the broker itself
   * publishes (dead letters) does not.
   */
  incoming(vhost: string, name: string): Promise<wire.WireIncomingOf | undefined> {
    return this.#find(wire.WireIncomingOf, encode`/api/queues/${vhost}/${name}` + "?columns=name,incoming,message_stats.publish");
  }

  /** By the same statistics, what was published to each exchange of a vhost. */
  async published(vhost: string): Promise<wire.WirePublished[]> {
    return (await this.#find(named(wire.WirePublished), encode`/api/exchanges/${vhost}` + "?columns=name,message_stats.publish_in")) ?? [];
  }

  /** All of a vhost, each with the name that the API has for it. */
  allBindings(vhost: string): Promise<wire.WireBinding[]> {
    return this.#read(z.array(wire.WireBinding), encode`/api/bindings/${vhost}`);
  }

  /** Those between two objects. */
  async bindings(vhost: string, ends: BindingEnds): Promise<wire.WireBinding[]> {
    return (await this.#find(z.array(wire.WireBinding), this.#between(vhost, ends))) ?? [];
  }

  /** All that feed a queue, that of the default exchange too. */
  async queueBindings(vhost: string, queue: string): Promise<wire.WireBinding[]> {
    return (await this.#find(z.array(wire.WireBinding), encode`/api/queues/${vhost}/${queue}/bindings`)) ?? [];
  }

  /** All that an exchange feeds. */
  async exchangeBindings(vhost: string, exchange: string): Promise<wire.WireBinding[]> {
    return (await this.#find(z.array(wire.WireBinding), encode`/api/exchanges/${vhost}/${exchange}/bindings/source`)) ?? [];
  }

  async getBinding(vhost: string, binding: BindingIdentity): Promise<wire.WireBinding | undefined> {
    const between = await this.bindings(vhost, binding);
    return between.find((other) => other.routing_key === binding.routingKey && equal(other.arguments, binding.arguments));
  }

  /** RabbitMQ 4.3.6 fails (500) for a key with `~` together with arguments, makes the binding, and can list its neighbours no more. */
  putBinding(vhost: string, binding: BindingIdentity): Promise<void> {
    return this.#write("POST", this.#between(vhost, binding), { routing_key: binding.routingKey, arguments: binding.arguments });
  }

  async deleteBinding(vhost: string, binding: BindingIdentity): Promise<boolean> {
    const found = await this.getBinding(vhost, binding);
    if (found?.properties_key === undefined) return false;
    return this.#delete(this.#between(vhost, binding) + encode`/${found.properties_key}`);
  }

  // Policies

  getPolicy(vhost: string, name: string): Promise<wire.WirePolicy | undefined> {
    return this.#find(wire.WirePolicy, encode`/api/policies/${vhost}/${name}`);
  }

  putPolicy(vhost: string, name: string, body: PolicyBody): Promise<void> {
    return this.#write("PUT", encode`/api/policies/${vhost}/${name}`, wirePolicy(body));
  }

  deletePolicy(vhost: string, name: string): Promise<boolean> {
    return this.#delete(encode`/api/policies/${vhost}/${name}`);
  }

  getOperatorPolicy(vhost: string, name: string): Promise<wire.WirePolicy | undefined> {
    return this.#find(wire.WirePolicy, encode`/api/operator-policies/${vhost}/${name}`);
  }

  putOperatorPolicy(vhost: string, name: string, body: PolicyBody): Promise<void> {
    return this.#write("PUT", encode`/api/operator-policies/${vhost}/${name}`, wirePolicy(body));
  }

  deleteOperatorPolicy(vhost: string, name: string): Promise<boolean> {
    return this.#delete(encode`/api/operator-policies/${vhost}/${name}`);
  }

  // Users and what they may

  users(): Promise<wire.WireUser[]> {
    return this.#read(named(wire.WireUser), "/api/users");
  }

  getUser(name: string): Promise<wire.WireUser | undefined> {
    return this.#find(wire.WireUser, encode`/api/users/${name}`);
  }

  putUser(name: string, { tags, passwordHash, hashingAlgorithm = SHA256 }: UserBody): Promise<void> {
    const hashing = { password_hash: passwordHash, hashing_algorithm: hashingAlgorithm };
    return this.#write("PUT", encode`/api/users/${name}`, { tags, ...hashing });
  }

  deleteUser(name: string): Promise<boolean> {
    return this.#delete(encode`/api/users/${name}`);
  }

  userLimits(name: string): Promise<Readonly<Record<string, number>>> {
    return this.#limits(encode`/api/user-limits/${name}`);
  }

  /** `max-connections` or `max-channels`; a negative value is no limit. */
  putUserLimit(name: string, limit: string, value: number): Promise<void> {
    return this.#write("PUT", encode`/api/user-limits/${name}/${limit}`, { value });
  }

  deleteUserLimit(name: string, limit: string): Promise<boolean> {
    return this.#delete(encode`/api/user-limits/${name}/${limit}`);
  }

  getPermission(vhost: string, user: string): Promise<wire.WirePermission | undefined> {
    return this.#find(wire.WirePermission, encode`/api/permissions/${vhost}/${user}`);
  }

  putPermission(vhost: string, user: string, { configure, write, read }: Omit<wire.WirePermission, "user" | "vhost">): Promise<void> {
    return this.#write("PUT", encode`/api/permissions/${vhost}/${user}`, { configure, write, read });
  }

  deletePermission(vhost: string, user: string): Promise<boolean> {
    return this.#delete(encode`/api/permissions/${vhost}/${user}`);
  }

  async topicPermissions(vhost: string, user: string): Promise<wire.WireTopicPermission[]> {
    return (await this.#find(z.array(wire.WireTopicPermission), encode`/api/topic-permissions/${vhost}/${user}`)) ?? [];
  }

  putTopicPermission(
    vhost: string,
    user: string,
    { exchange, write, read }: Omit<wire.WireTopicPermission, "user" | "vhost">,
  ): Promise<void> {
    return this.#write("PUT", encode`/api/topic-permissions/${vhost}/${user}`, { exchange, write, read });
  }

  /** That of one exchange. */
  deleteTopicPermission(vhost: string, user: string, exchange: string): Promise<boolean> {
    return this.#delete(encode`/api/topic-permissions/${vhost}/${user}/${exchange}`);
  }

  // Parameters

  getParameter(vhost: string, component: string, name: string): Promise<wire.WireParameter | undefined> {
    return this.#find(wire.WireParameter, encode`/api/parameters/${component}/${vhost}/${name}`);
  }

  putParameter(vhost: string, component: string, name: string, value: unknown): Promise<void> {
    return this.#write("PUT", encode`/api/parameters/${component}/${vhost}/${name}`, { component, vhost, name, value });
  }

  deleteParameter(vhost: string, component: string, name: string): Promise<boolean> {
    return this.#delete(encode`/api/parameters/${component}/${vhost}/${name}`);
  }

  getGlobalParameter(name: string): Promise<wire.WireGlobalParameter | undefined> {
    return this.#find(wire.WireGlobalParameter, encode`/api/global-parameters/${name}`);
  }

  putGlobalParameter(name: string, value: unknown): Promise<void> {
    return this.#write("PUT", encode`/api/global-parameters/${name}`, { name, value });
  }

  deleteGlobalParameter(name: string): Promise<boolean> {
    return this.#delete(encode`/api/global-parameters/${name}`);
  }

  // How

  #between(vhost: string, { source, destination, destinationType }: BindingEnds): string {
    return encode`/api/bindings/${vhost}/e/${source}/` + (destinationType === "queue" ? "q" : "e") + encode`/${destination}`;
  }

  async #limits(path: string): Promise<Readonly<Record<string, number>>> {
    return (await this.#find(wire.WireLimits, path))?.[0]?.value ?? {};
  }

  #shaped<T>(shape: z.ZodType<T>, body: unknown): T {
    const result = shape.safeParse(body);
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    throw notRabbit(this.#transport, `its answer has not the expected shape (${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""})`);
  }

  async #read<T>(shape: z.ZodType<T>, path: string): Promise<T> {
    return this.#shaped(shape, (await this.#transport.send("GET", path)).body);
  }

  async #find<T>(shape: z.ZodType<T>, path: string): Promise<T | undefined> {
    const answer = await this.#unlessGone("GET", path);
    return answer && this.#shaped(shape, answer.body);
  }

  async #write(method: "PUT" | "POST", path: string, body?: unknown): Promise<void> {
    await this.#transport.send(method, path, body);
  }

  async #delete(path: string): Promise<boolean> {
    return (await this.#unlessGone("DELETE", path)) !== undefined;
  }

  async #unlessGone(method: Method, path: string): Promise<Answer | undefined> {
    try {
      return await this.#transport.send(method, path);
    } catch (error) {
      if (error instanceof BrokerError && error.kind === "not-found") return undefined;
      throw error;
    }
  }
}
