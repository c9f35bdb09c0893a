/** What the broker says, as numbers on boxes and lines. Pure. */
import type { WireConsumer, WireTraffic, WireExchangeTraffic } from "../broker/index.js";
import type { Atlas, Way } from "./atlas.js";
import type { NodeLive, SceneNode, Totals } from "./protocol.js";

/** One vhost at one moment. */
export interface Reading {
  readonly vhost: string;
  readonly queues: readonly WireTraffic[];
  readonly exchanges: readonly WireExchangeTraffic[];
  readonly consumers: readonly WireConsumer[];
}

export interface Live {
  readonly at: number;
  readonly nodes: ReadonlyMap<string, NodeLive>;
  readonly edges: ReadonlyMap<string, number>;
  readonly totals: Totals;
  /** Of queues of dead letters: what has come in since the page's server started, as far as it can be told. */
  readonly arrivals: ReadonlyMap<string, Arrivals>;
}

interface Arrivals {
  readonly depth: number;
  readonly acked: number;
  readonly perMinute: number;
}

interface Sums {
  depth?: number;
  unacked?: number;
  in?: number;
  out?: number;
  consumers?: number;
  waiting?: number;
  acked: number;
  queues: number;
}

const plus = (a: number | undefined, b: number | undefined): number | undefined => (b === undefined ? a : (a ?? 0) + b);
const round = (rate: number): number => (rate >= 10 ? Math.round(rate) : Math.round(rate * 10) / 10);

/** Without what is `undefined`. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

function sums(atlas: Atlas, readings: readonly Reading[]): Map<string, Sums> {
  const found = new Map<string, Sums>();
  const of = (node: string): Sums => {
    const known = found.get(node) ?? { acked: 0, queues: 0 };
    found.set(node, known);
    return known;
  };
  for (const { vhost, queues } of readings) {
    const rungs = new Set(
      atlas.ofVhost(vhost).flatMap(({ plan }) => plan.queues.flatMap(({ name, role }) => (role.kind === "rung" ? [name] : []))),
    );
    for (const queue of queues) {
      const node = atlas.queueNode(vhost, queue.name);
      if (node === undefined) continue;
      const sum = of(node);
      if (rungs.has(queue.name)) {
        sum.waiting = (sum.waiting ?? 0) + (queue.messages ?? 0);
        continue;
      }
      const { message_stats: stats } = queue;
      sum.queues++;
      Object.assign(
        sum,
        given({
          depth: plus(sum.depth, queue.messages),
          unacked: plus(sum.unacked, queue.messages_unacknowledged),
          consumers: plus(sum.consumers, queue.consumers),
          in: plus(sum.in, stats?.publish_details?.rate),
          out: plus(sum.out, stats?.deliver_get_details?.rate),
        }),
      );
      sum.acked += (stats?.ack ?? 0) + (stats?.get_no_ack ?? 0) + (stats?.deliver_no_ack ?? 0);
    }
  }
  return found;
}

/** What goes into a queue of dead letters is no publishing to the broker: it is told by what it holds now and what left it. */
function arrivalsOf(before: Live | undefined, node: string, depth: number, acked: number, at: number): Arrivals {
  const known = before?.arrivals.get(node);
  if (!before || !known || at <= before.at) return { depth, acked, perMinute: 0 };
  const came = Math.max(0, depth - known.depth + Math.max(0, acked - known.acked));
  const minutes = (at - before.at) / 60_000;
  // Smoothed over about a minute, and at once if something comes.
  const rate = came / minutes;
  const perMinute = rate > known.perMinute ? rate : known.perMinute * Math.exp(-minutes * 2);
  return { depth, acked, perMinute: perMinute < 0.1 ? 0 : perMinute };
}

/** Everything on the page from one round of readings; `before` is the round before it. */
export function live(atlas: Atlas, readings: readonly Reading[], at: number, before?: Live): Live {
  const nodes = new Map<string, NodeLive>();
  const edges = new Map<string, number>();
  const arrivals = new Map<string, Arrivals>();
  const found = sums(atlas, readings);
  const read = new Set(readings.map(({ vhost }) => vhost));
  const exchanges = new Map(
    readings.flatMap(({ vhost, exchanges: all }) =>
      all.flatMap((exchange) => {
        const node = atlas.exchangeNode(vhost, exchange.name);
        return node === undefined ? [] : [[node, exchange] as const];
      }),
    ),
  );
  for (const node of atlas.scene.nodes) {
    if (!read.has(node.vhost)) continue;
    if (node.kind === "queue" || node.kind === "template") {
      const sum = found.get(node.id);
      nodes.set(node.id, queueLive(atlas, node, sum));
      if (node.deadLetters && sum?.depth !== undefined) arrivals.set(node.id, arrivalsOf(before, node.id, sum.depth, sum.acked, at));
    } else if (node.kind === "exchange") {
      const stats = exchanges.get(node.id)?.message_stats;
      const isThere = exchanges.has(node.id);
      const [into, out] = [stats?.publish_in_details?.rate, stats?.publish_out_details?.rate];
      nodes.set(node.id, isThere ? given({ in: round(into ?? 0), out: round(out ?? 0) }) : { missing: true });
    } else if (node.kind === "consumer") {
      nodes.set(node.id, { rows: consumersOf(atlas, node, readings) });
    }
  }
  for (const [id, { perMinute }] of arrivals) nodes.set(id, { ...nodes.get(id), arriving: round(perMinute) });
  rates(atlas, nodes, edges);
  return { at, nodes, edges, arrivals, totals: totals(atlas, nodes) };
}

function queueLive(atlas: Atlas, node: SceneNode, sum: Sums | undefined): NodeLive {
  if (!sum || (sum.queues === 0 && node.kind === "queue")) return node.kind === "template" ? { instances: 0, depth: 0 } : { missing: true };
  const name = node.rows[0]?.name ?? "";
  const limit = atlas.ofVhost(node.vhost).flatMap(({ limits }) => limits.get(name) ?? [])[0];
  const isPromised = node.kind === "queue" && atlas.linesAt(node.id, "consumes", "from").length > 0;
  return given({
    depth: sum.depth,
    unacked: sum.unacked,
    in: sum.in === undefined ? undefined : round(sum.in),
    out: sum.out === undefined ? undefined : round(sum.out),
    consumers: sum.consumers,
    waiting: sum.waiting,
    full: limit === undefined || sum.depth === undefined ? undefined : Math.min(1, sum.depth / limit),
    forsaken: isPromised && sum.consumers === 0 ? (true as const) : undefined,
    instances: node.kind === "template" ? sum.queues : undefined,
  });
}

/** Consumers of each service's users at the queues that lead to its box. */
function consumersOf(atlas: Atlas, node: SceneNode, readings: readonly Reading[]): number[] {
  const feeding = new Set(
    ["consumes" as const, "manages" as const].flatMap((kind) => atlas.linesAt(node.id, kind, "to").map(({ other }) => other)),
  );
  const users = atlas.regions.find(({ plan }) => plan.topology === node.topology)?.users;
  const live = readings
    .filter(({ vhost }) => vhost === node.vhost)
    .flatMap(({ consumers }) => consumers)
    .filter(({ queue }) => feeding.has(atlas.queueNode(queue.vhost, queue.name) ?? ""));
  return node.rows.map(
    ({ name }) =>
      live.filter(({ channel_details: channel }) => channel?.user !== undefined && users?.get(name)?.includes(channel.user)).length,
  );
}

/** A line's rate is known where only one leads to, or from, what the broker counts: it keeps none for single bindings. */
function rates(atlas: Atlas, nodes: ReadonlyMap<string, NodeLive>, edges: Map<string, number>): void {
  const leaving = new Map<string, number>();
  for (const { from } of atlas.scene.edges) leaving.set(from, (leaving.get(from) ?? 0) + 1);
  const set = (lines: readonly { readonly way: Way }[], rate: number | undefined): void => {
    const [only, more] = lines;
    if (!only || more || rate === undefined) return;
    const [label] = only.way.nodes;
    // Before a label that leads to several queues the line is that of all of them.
    const own = label === undefined || leaving.get(label) === 1 ? [...only.way.edges, ...only.way.nodes] : only.way.edges.slice(-1);
    own.forEach((id) => edges.set(id, rate));
  };
  for (const { id, kind, deadLetters } of atlas.scene.nodes) {
    const known = nodes.get(id);
    if (kind === "queue" && known) {
      set(atlas.linesAt(id, "binding", "to"), deadLetters ? perSecond(known.arriving) : known.in);
      set(atlas.linesAt(id, "consumes", "from"), known.out);
    }
    if (kind === "exchange" && known) set(atlas.linesAt(id, "publishes", "to"), known.in);
  }
  for (const { id, kind, of } of atlas.scene.nodes) {
    if (kind !== "label" || of !== "dead-letter") continue;
    const dead = deadBelow(atlas, id);
    const arriving = dead.reduce((sum, one) => sum + (nodes.get(one)?.arriving ?? 0), 0);
    const held = dead.reduce((sum, one) => sum + (nodes.get(one)?.depth ?? 0), 0);
    edges.set(id, held);
    for (const edge of atlas.scene.edges) if (edge.from === id || edge.to === id) edges.set(edge.id, arriving / 60);
  }
}

const perSecond = (perMinute: number | undefined): number | undefined => (perMinute === undefined ? undefined : perMinute / 60);

const below = new WeakMap<Atlas, Map<string, readonly string[]>>();

/** Queues of dead letters behind a label, through exchanges. */
function deadBelow(atlas: Atlas, label: string): readonly string[] {
  const cache = below.get(atlas) ?? new Map<string, readonly string[]>();
  below.set(atlas, cache);
  const known = cache.get(label);
  if (known) return known;
  const reached = new Set([label]);
  for (const at of reached)
    for (const { from, to, kind } of atlas.scene.edges) if (from === at && (at === label || kind === "binding")) reached.add(to);
  const found = [...reached].filter((id) => atlas.nodes.get(id)?.deadLetters);
  cache.set(label, found);
  return found;
}

function totals(atlas: Atlas, nodes: ReadonlyMap<string, NodeLive>): Totals {
  const sum = { messages: 0, deadLetters: 0, in: 0, out: 0, consumers: 0 };
  for (const { id, kind, deadLetters } of atlas.scene.nodes) {
    const known = nodes.get(id);
    if (!known || (kind !== "queue" && kind !== "template")) continue;
    sum.messages += (known.depth ?? 0) + (known.waiting ?? 0);
    if (deadLetters) sum.deadLetters += known.depth ?? 0;
    sum.in += known.in ?? 0;
    sum.out += known.out ?? 0;
    sum.consumers += known.consumers ?? 0;
  }
  return { ...sum, in: round(sum.in), out: round(sum.out) };
}

/** What is otherwise than before, or everything. */
export function changes<T>(now: ReadonlyMap<string, T>, before: ReadonlyMap<string, T> | undefined): Record<string, T> {
  return Object.fromEntries([...now].filter(([id, value]) => !before || JSON.stringify(before.get(id)) !== JSON.stringify(value)));
}
