/** Everything of a topology that a team's page tells, as plain data. */
import { compileInstallation } from "../compile/compile.js";
import { bindingKey, graph } from "../compile/graph.js";
import { links, type LinkEnd } from "../compile/links.js";
import { mermaid } from "../compile/mermaid.js";
import type { GlobalPlan, Plan, PlannedQueue, PlannedTemplate } from "../compile/plan.js";
import { forEnvironment } from "../environments.js";
import { jsonSchema } from "../message-schema.js";
import type { Installation, Topology } from "../model.js";
import { exchangeTitle, retryQueue, userOf } from "../names.js";
import { permissionReasons } from "../permission-reasons.js";
import { target } from "../permissions.js";
import { alternateExchange } from "../policies.js";
import { queueMessages, type QueueMessages } from "../queue-messages.js";
import { ladderExchanges, queueWords, rungsOf, type QueueWords } from "../queue-words.js";
import { fieldsOf, type Field } from "./fields.js";

export interface DescribedSource {
  readonly exchange: string;
  /** Keys and header matches, in words. */
  readonly keys: readonly string[];
}

export interface DescribedQueue extends QueueWords, QueueMessages {
  readonly name: string;
  /** The template's name, for queues that each instance has of its own. */
  readonly template?: string;
  readonly type: string;
  readonly from: readonly DescribedSource[];
  /** The queues of its ladder. */
  readonly rungs: readonly string[];
  readonly consumers: readonly string[];
  readonly managers: readonly string[];
}

export interface DescribedMessage {
  readonly name: string;
  readonly description?: string;
  /** `""` is the default exchange. */
  readonly exchange: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly persistent: boolean;
  readonly expiration?: string;
  readonly priority?: number;
  readonly publishers: readonly string[];
  readonly queues: readonly string[];
  /** `null` without a schema. */
  readonly fields: readonly Field[] | null;
  /** Of the reply, for a request that has one. */
  readonly reply?: readonly Field[];
}

export interface DescribedUser {
  readonly name: string;
  readonly service: string | null;
  readonly tags: readonly string[];
  /** None in this vhost: `null`. */
  readonly permissions: { readonly configure: string; readonly write: string; readonly read: string } | null;
  readonly topicPermissions: readonly { readonly exchange: string; readonly write: string; readonly read: string }[];
  readonly why: readonly string[];
}

export interface DescribedTopology {
  readonly name: string;
  readonly description?: string;
  readonly vhost: string;
  readonly brokerVersion: string;
  /** Mermaid. */
  readonly diagram: string;
  readonly exchanges: readonly {
    readonly name: string;
    readonly type: string;
    readonly from: readonly DescribedSource[];
    readonly alternate?: string;
    readonly more: readonly string[];
  }[];
  readonly queues: readonly DescribedQueue[];
  readonly messages: readonly DescribedMessage[];
  readonly services: readonly {
    readonly name: string;
    readonly description?: string;
    readonly user: string;
    readonly publishes: readonly string[];
    readonly consumes: readonly string[];
    readonly instances: readonly string[];
    readonly manages: readonly string[];
    readonly declares: readonly string[];
    readonly replicas?: { readonly min: number; readonly max: number };
  }[];
  readonly users: readonly DescribedUser[];
  /** Those that are written by hand. */
  readonly policies: readonly {
    readonly name: string;
    readonly operator: boolean;
    readonly pattern: string;
    readonly applyTo: string;
    readonly priority: number;
    readonly definition: Readonly<Record<string, unknown>>;
  }[];
  /** Shovels and federation, without credentials. */
  readonly links: readonly { readonly kind: string; readonly from: string; readonly to: string; readonly key?: string }[];
  /** By name only: values may be secret. */
  readonly parameters: readonly { readonly component: string; readonly name: string }[];
}

export interface Description {
  readonly version: 1;
  readonly topologies: readonly DescribedTopology[];
  /** Users with rights in several vhosts, with those that they have. */
  readonly users: readonly { readonly name: string; readonly tags: readonly string[]; readonly vhosts: readonly string[] }[];
  readonly globalParameters: readonly string[];
}

function sources(plan: Plan, destination: string, type: "queue" | "exchange"): DescribedSource[] {
  return grouped(plan.bindings.filter((binding) => binding.destination === destination && binding.destinationType === type));
}

function grouped(bindings: readonly Pick<Plan["bindings"][number], "source" | "routingKey" | "arguments">[]): DescribedSource[] {
  const keys = new Map<string, string[]>();
  for (const binding of bindings) keys.set(binding.source, [...(keys.get(binding.source) ?? []), bindingKey(binding)]);
  return [...keys].map(([exchange, found]) => ({ exchange, keys: found }));
}

function queues(plan: Plan, topology: Topology, reached: ReadonlyMap<string, QueueMessages>): DescribedQueue[] {
  const services = Object.entries(topology.services ?? {});
  const described = (queue: PlannedQueue | PlannedTemplate, from: readonly DescribedSource[]): DescribedQueue => {
    const template = "template" in queue ? queue.template : undefined;
    const name = "role" in queue && queue.role.kind === "partition" ? queue.role.of : queue.name;
    const consuming = services.filter(([, { consumes = [], instances = {} }]) =>
      template === undefined ? consumes.includes(name) : Object.hasOwn(instances, template),
    );
    const managing = services.filter(([, { manages = [] }]) => template === undefined && manages.includes(name));
    return {
      name: queue.name,
      ...(template === undefined ? {} : { template }),
      type: queue.type,
      from,
      ...queueWords(plan, queue),
      rungs: rungsOf(plan, queue.name).map((_, index) => retryQueue(queue.name, index + 1)),
      ...(reached.get(queue.name) ?? { published: [], deadLetters: [] }),
      consumers: consuming.map(([service]) => service),
      managers: managing.map(([service]) => service),
    };
  };
  return [
    ...plan.queues.filter(({ role }) => role.kind !== "rung").map((queue) => described(queue, sources(plan, queue.name, "queue"))),
    ...plan.templates.map((template) => described(template, grouped(template.bindings))),
  ];
}

function exchanges(plan: Plan): DescribedTopology["exchanges"] {
  const ladders = ladderExchanges(plan);
  return plan.exchanges
    .filter(({ name }) => !ladders.has(name))
    .map((exchange) => {
      const alternate = alternateExchange(plan, exchange)?.value;
      return {
        name: exchange.name,
        type: exchange.type,
        from: sources(plan, exchange.name, "exchange"),
        ...(typeof alternate === "string" ? { alternate } : {}),
        more: [
          ...(exchange.durable ? [] : ["transient"]),
          ...(exchange.autoDelete ? ["deleted with its last binding"] : []),
          ...(exchange.internal ? ["internal"] : []),
          ...Object.entries(exchange.arguments)
            .filter(([argument]) => argument !== "alternate-exchange")
            .map(([argument, value]) => `${argument}: ${JSON.stringify(value)}`),
        ],
      };
    });
}

function messages(topology: Topology, reached: ReadonlyMap<string, QueueMessages>): DescribedMessage[] {
  return Object.entries(topology.messages ?? {}).map(([name, message]) => {
    const { description, headers = {}, persistent = true, expiration, priority, schema, reply } = message;
    return {
      name,
      ...(description === undefined ? {} : { description }),
      ...target(topology, message),
      headers,
      persistent,
      ...(expiration === undefined ? {} : { expiration }),
      ...(priority === undefined ? {} : { priority }),
      publishers: Object.entries(topology.services ?? {})
        .filter(([, { publishes = [] }]) => publishes.includes(name))
        .map(([service]) => service),
      queues: [...reached].filter(([, { published }]) => published.includes(name)).map(([queue]) => queue),
      fields: schema ? fieldsOf(jsonSchema(schema)) : null,
      ...(reply ? { reply: fieldsOf(jsonSchema(reply)) } : {}),
    };
  });
}

function users(plan: Plan, topology: Topology, global: GlobalPlan): DescribedUser[] {
  const shared = global.permissions.filter(({ vhost }) => vhost === plan.vhost.name);
  const topics = [...plan.topicPermissions, ...global.topicPermissions.filter(({ vhost }) => vhost === plan.vhost.name)];
  const rights = new Map([...plan.permissions, ...shared].map((each) => [each.user, each]));
  const all = [...plan.users, ...global.users.filter(({ name }) => rights.has(name) || topics.some(({ user }) => user === name))];
  return all.map(({ name, service, tags }) => {
    const own = rights.get(name);
    return {
      name,
      service: service ?? null,
      tags,
      permissions: own ? { configure: own.configure, write: own.write, read: own.read } : null,
      topicPermissions: topics.filter(({ user }) => user === name).map(({ exchange, write, read }) => ({ exchange, write, read })),
      why: service === undefined ? [] : permissionReasons(topology, service, own?.write ?? ""),
    };
  });
}

const endText = ({ kind, name }: LinkEnd): string =>
  kind === "external" ? name : `${kind} ${kind === "exchange" ? exchangeTitle(name) : name}`;

function describeTopology(topology: Topology, plan: Plan, global: GlobalPlan): DescribedTopology {
  const reached = queueMessages(topology, plan);
  const { description } = topology;
  return {
    name: topology.name,
    ...(description === undefined ? {} : { description }),
    vhost: plan.vhost.name,
    brokerVersion: plan.brokerVersion,
    diagram: mermaid(graph({ topologies: [topology] })),
    exchanges: exchanges(plan),
    queues: queues(plan, topology, reached),
    messages: messages(topology, reached),
    services: Object.entries(topology.services ?? {}).map(([name, service]) => ({
      name,
      ...(service.description === undefined ? {} : { description: service.description }),
      user: userOf(topology, name),
      publishes: service.publishes ?? [],
      consumes: service.consumes ?? [],
      instances: Object.keys(service.instances ?? {}),
      manages: service.manages ?? [],
      declares: service.declares ?? [],
      ...(service.replicas ? { replicas: { min: service.replicas.min, max: service.replicas.max } } : {}),
    })),
    users: users(plan, topology, global),
    policies: [
      ...plan.policies.filter(({ generatedFor }) => generatedFor === undefined).map((policy) => ({ ...policy, operator: false })),
      ...plan.operatorPolicies.map((policy) => ({ ...policy, operator: true })),
    ].map(({ name, operator, pattern, applyTo, priority, definition }) => ({ name, operator, pattern, applyTo, priority, definition })),
    links: links(plan).map(({ kind, from, to, key }) => ({
      kind,
      from: endText(from),
      to: endText(to),
      ...(key === undefined ? {} : { key }),
    })),
    parameters: plan.parameters.map(({ component, name }) => ({ component, name })),
  };
}

/** In the order of the topology, so that the same topology always gives the same. Never a secret. */
export function describe(installation: Installation, environment?: string): Description {
  const { vhosts, global } = compileInstallation(installation, environment);
  const rightsIn = (user: string): string[] => [
    ...new Set([...global.permissions, ...global.topicPermissions].filter((each) => each.user === user).map(({ vhost }) => vhost)),
  ];
  return {
    version: 1,
    topologies: installation.topologies.flatMap((topology, index) => {
      const plan = vhosts[index];
      return plan ? [describeTopology(forEnvironment(topology, environment), plan, global)] : [];
    }),
    users: global.users.map(({ name, tags }) => ({ name, tags, vhosts: rightsIn(name) })),
    globalParameters: global.parameters.map(({ name }) => name),
  };
}
