/** The flow of messages as a graph: from services through exchanges, bindings and queues to services, with ladders and dead letters. */
import { milliseconds } from "../durations.js";
import { forEnvironment } from "../environments.js";
import type { Installation, Topology } from "../model.js";
import { fill, retryExchange } from "../names.js";
import { target } from "../permissions.js";
import { alternateExchange, effectiveSettings, type EffectiveSettings } from "../policies.js";
import { compile } from "./compile.js";
import { deadLetterQueues } from "./dead-letter-queues.js";
import { settingWords, shortDuration } from "./graph-words.js";
import { links } from "./links.js";
import type { Plan, PlannedBinding, PlannedQueue } from "./plan.js";

/**
 * publisher, consumer  a service in one of its two parts: one that does both is there twice, so that the flow has one direction
 * queue                super streams too, with their partitions in `details`
 * ladder               the rungs in which failed messages of a queue wait
 * template             a queue of which every instance of a service has its own
 * external             another broker or vhost, at the other end of a shovel or federation link
 * undeclared           a name that is used and not declared
 */
export type FlowNodeKind = "publisher" | "consumer" | "message" | "exchange" | "queue" | "ladder" | "template" | "external" | "undeclared";

/**
 * publishes    publisher -> message -> exchange or queue, with the routing key
 * binding      exchange -> queue, template or exchange, with the keys that bind
 * consumes     queue or template -> consumer;  manages: looks into it, puts back, purges
 * retry        queue -> ladder: what failed;  return: ladder -> queue, after each rung's time
 * dead-letter  queue or template -> exchange, with the key if it gets another one
 * alternate    exchange -> exchange: what no binding matches
 */
export type FlowEdgeKind =
  "publishes" | "binding" | "consumes" | "manages" | "retry" | "return" | "dead-letter" | "alternate" | "shovel" | "federation";

export interface FlowNode {
  /** Unique in the graph, the same in every run. */
  readonly id: string;
  readonly kind: FlowNodeKind;
  readonly topology: string;
  readonly name: string;
  /** Type of an exchange or a queue; `super-stream` too. */
  readonly type?: string;
  /** Main settings in short words: `TTL 24 h`, `max 100,000`. For a ladder its waiting times. */
  readonly details: readonly string[];
  /** Set for a queue that holds dead letters and nothing else. */
  readonly deadLetters?: true;
  /** What the topology says about it. */
  readonly description?: string;
}

export interface FlowEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: FlowEdgeKind;
  /** Routing keys and header matches, in the order of the topology; `""` is left out. */
  readonly keys: readonly string[];
}

export interface FlowGraph {
  /** Topologies in their order, with what they say about themselves. */
  readonly topologies: readonly { readonly name: string; readonly description?: string }[];
  readonly nodes: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
}

/** Takes from a part of an id what separates parts. */
const part = (text: string): string => text.replace(/[%/:]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);

/** Nodes and edges of one topology while they are gathered; an edge between the same two nodes is one, with all keys. */
class Drawing {
  readonly nodes = new Map<string, FlowNode>();
  readonly edges = new Map<string, { from: string; to: string; kind: FlowEdgeKind; keys: string[] }>();

  constructor(private readonly topology: string) {}

  id(kind: FlowNodeKind, name: string): string {
    return `${part(this.topology)}/${kind}:${part(name)}`;
  }

  node(kind: FlowNodeKind, name: string, rest: Partial<Omit<FlowNode, "id" | "kind" | "topology" | "name">> = {}): string {
    const id = this.id(kind, name);
    if (!this.nodes.has(id)) this.nodes.set(id, { id, kind, topology: this.topology, name, details: [], ...rest });
    return id;
  }

  edge(from: string, to: string, kind: FlowEdgeKind, ...keys: readonly (string | undefined)[]): void {
    const at = JSON.stringify([kind, from, to]);
    const edge = this.edges.get(at) ?? { from, to, kind, keys: [] };
    this.edges.set(at, edge);
    for (const key of keys) if (key !== undefined && key !== "" && !edge.keys.includes(key)) edge.keys.push(key);
  }

  /** The node that a name in the topology means: queue (or super stream) or exchange; one that is not declared gets a node as well. */
  queue(name: string): string {
    return this.nodes.has(this.id("queue", name)) ? this.id("queue", name) : this.node("undeclared", name, { type: "queue" });
  }

  exchange(name: string): string {
    if (this.nodes.has(this.id("exchange", name))) return this.id("exchange", name);
    if (this.nodes.get(this.id("queue", name))?.type === "super-stream") return this.id("queue", name);
    if (name === "" || name.startsWith("amq.")) return this.node("exchange", name, { type: name === "" ? "default" : builtinType(name) });
    return this.node("undeclared", name, { type: "exchange" });
  }
}

const builtinType = (name: string): string => (name === "amq.match" ? "headers" : name.slice("amq.".length));

/** What a binding compares, in words. */
export function bindingKey(binding: Pick<PlannedBinding, "routingKey" | "arguments">): string {
  const { "x-match": match, ...headers } = binding.arguments;
  const compared = Object.entries(headers).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  if (match !== undefined && compared.length > 0) compared.unshift(`${typeof match === "string" ? match : JSON.stringify(match)} of`);
  return [binding.routingKey, compared.join(" ")].filter((text) => text !== "").join(" ");
}

function queues(drawing: Drawing, topology: Topology, plan: Plan): void {
  const ladders = new Map<string, string[]>();
  const partitions = new Map<string, PlannedQueue[]>();
  const dead = deadLetterQueues(topology, plan);
  const own: { queue: PlannedQueue; settings: EffectiveSettings }[] = [];
  for (const queue of plan.queues) {
    const { role } = queue;
    const settings = effectiveSettings(plan, queue);
    if (role.kind === "queue") own.push({ queue, settings });
    if (role.kind === "rung") ladders.set(role.of, [...(ladders.get(role.of) ?? []), shortDuration(settings.get("message-ttl")?.value)]);
    if (role.kind === "partition") partitions.set(role.of, [...(partitions.get(role.of) ?? []), queue]);
  }
  for (const { queue, settings } of own) {
    drawing.node("queue", queue.name, {
      type: queue.type,
      details: settingWords(queue, settings),
      ...(dead.has(queue.name) ? { deadLetters: true as const } : {}),
    });
  }
  for (const [name, streams] of partitions) {
    const [first] = streams;
    const details = first ? settingWords(first, effectiveSettings(plan, first)) : [];
    drawing.node("queue", name, { type: "super-stream", details: [`${streams.length} partitions`, ...details] });
  }
  for (const [name, details] of ladders) {
    const ladder = drawing.node("ladder", name, { details });
    drawing.edge(drawing.queue(name), ladder, "retry");
    drawing.edge(ladder, drawing.queue(name), "return");
  }
  for (const template of plan.templates) {
    const settings = effectiveSettings(plan, template);
    drawing.node("template", template.name, { type: template.type, details: settingWords(template, settings) });
  }
}

function exchanges(drawing: Drawing, plan: Plan): void {
  const ladders = new Set(plan.queues.flatMap(({ role }) => (role.kind === "rung" ? [retryExchange(role.of)] : [])));
  const superStreams = new Set(plan.queues.flatMap(({ role }) => (role.kind === "partition" ? [role.of] : [])));
  for (const exchange of plan.exchanges) {
    if (ladders.has(exchange.name) || superStreams.has(exchange.name)) continue;
    const details = [
      ...(exchange.internal ? ["internal"] : []),
      ...(exchange.durable ? [] : ["transient"]),
      ...(exchange.autoDelete ? ["auto-delete"] : []),
    ];
    drawing.node("exchange", exchange.name, { type: exchange.type, details });
  }
  for (const exchange of plan.exchanges) {
    const alternate = alternateExchange(plan, exchange)?.value;
    if (typeof alternate === "string") drawing.edge(drawing.exchange(exchange.name), drawing.exchange(alternate), "alternate");
  }
  const derived = new Set(plan.queues.flatMap(({ role, name }) => (role.kind === "queue" ? [] : [name])));
  for (const binding of plan.bindings) {
    if (binding.destinationType === "queue" && derived.has(binding.destination)) continue;
    const to = binding.destinationType === "queue" ? drawing.queue(binding.destination) : drawing.exchange(binding.destination);
    drawing.edge(drawing.exchange(binding.source), to, "binding", bindingKey(binding));
  }
  for (const template of plan.templates) {
    for (const binding of template.bindings) {
      drawing.edge(drawing.exchange(binding.source), drawing.id("template", template.name), "binding", bindingKey(binding));
    }
  }
}

function deadLetters(drawing: Drawing, plan: Plan): void {
  const sources = [
    ...plan.queues.filter(({ role }) => role.kind === "queue").map((queue) => ({ queue, id: drawing.queue(queue.name) })),
    ...plan.templates.map((template) => ({ queue: template, id: drawing.id("template", template.name) })),
  ];
  for (const { queue, id } of sources) {
    const settings = effectiveSettings(plan, queue);
    const exchange = settings.get("dead-letter-exchange")?.value;
    const key = settings.get("dead-letter-routing-key")?.value;
    if (typeof exchange !== "string") continue;
    // The default exchange brings a message to the queue that is called like its key.
    if (exchange === "" && typeof key === "string") drawing.edge(id, drawing.queue(key), "dead-letter");
    else drawing.edge(id, drawing.exchange(exchange), "dead-letter", typeof key === "string" ? key : undefined);
  }
}

function services(drawing: Drawing, topology: Topology): void {
  const described = (description: string | undefined) => (description === undefined ? {} : { description });
  for (const [name, message] of Object.entries(topology.messages ?? {})) {
    const details = [
      ...(message.reply === undefined ? [] : ["expects a reply"]),
      ...(message.expiration === undefined ? [] : [`expires ${shortDuration(milliseconds(message.expiration))}`]),
    ];
    const id = drawing.node("message", name, { details, ...described(message.description) });
    const { exchange, key } = target(topology, message);
    const headers = bindingKey({ routingKey: exchange === "" ? "" : key, arguments: message.headers ?? {} });
    drawing.edge(id, exchange === "" ? drawing.queue(key) : drawing.exchange(exchange), "publishes", headers);
  }
  for (const [name, service] of Object.entries(topology.services ?? {})) {
    const rest = described(service.description);
    for (const message of service.publishes ?? []) {
      const known = Object.hasOwn(topology.messages ?? {}, message);
      const id = known ? drawing.id("message", message) : drawing.node("undeclared", message, { type: "message" });
      drawing.edge(drawing.node("publisher", name, rest), id, "publishes");
    }
    for (const queue of service.consumes ?? []) drawing.edge(drawing.queue(queue), drawing.node("consumer", name, rest), "consumes");
    for (const [template, values] of Object.entries(service.instances ?? {})) {
      const pattern = topology.templates?.[template]?.name;
      const id = pattern === undefined ? drawing.node("undeclared", template, { type: "template" }) : drawing.id("template", pattern);
      const filled = pattern === undefined ? undefined : fill(pattern, values ?? {});
      drawing.edge(id, drawing.node("consumer", name, rest), "consumes", filled === pattern ? undefined : filled);
    }
    for (const queue of service.manages ?? []) drawing.edge(drawing.queue(queue), drawing.node("consumer", name, rest), "manages");
  }
}

function draw(source: Topology, environment: string | undefined): Drawing {
  const topology = forEnvironment(source, environment);
  const plan = compile(topology);
  const drawing = new Drawing(topology.name);
  queues(drawing, topology, plan);
  exchanges(drawing, plan);
  deadLetters(drawing, plan);
  services(drawing, topology);
  for (const { kind, from, to, key } of links(plan)) {
    const end = ({ kind: what, name }: typeof from): string =>
      what === "queue" ? drawing.queue(name) : what === "exchange" ? drawing.exchange(name) : drawing.node("external", name);
    drawing.edge(end(from), end(to), kind, key);
  }
  return drawing;
}

/** The flow of everything on one broker, as an environment has it. Topologies with faults have a graph too. */
export function graph(installation: Installation, environment?: string): FlowGraph {
  const drawings = installation.topologies.map((topology) => draw(topology, environment));
  return {
    topologies: installation.topologies.map(({ name, description }) => ({ name, ...(description === undefined ? {} : { description }) })),
    nodes: drawings.flatMap(({ nodes }) => [...nodes.values()]),
    edges: drawings.flatMap(({ edges }) => [...edges.values()]),
  };
}
