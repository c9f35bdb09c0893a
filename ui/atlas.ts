/** Which box of the page stands for which object of the broker, and which lines lead from one to another. Pure but for the layout. */
import { compileInstallation } from "../topology/compile/compile.js";
import { graph, type FlowEdgeKind } from "../topology/compile/graph.js";
import type { InstallationPlan, Plan } from "../topology/compile/plan.js";
import type { Installation, Topology } from "../topology/model.js";
import { retryExchange, usersOf } from "../topology/names.js";
import { effectiveSettings } from "../topology/policies.js";
import { matches } from "../topology/regex.js";
import { router, type Router } from "../topology/routing.js";
import { layout } from "./layout.js";
import type { Scene, SceneNode } from "./protocol.js";

/** One topology with what is looked up in it. */
export interface Region {
  readonly plan: Plan;
  readonly vhost: string;
  readonly router: Router;
  /** Node by queue: a rung's is its queue's, a partition's its super stream's. */
  readonly queues: ReadonlyMap<string, string>;
  readonly exchanges: ReadonlyMap<string, string>;
  readonly templates: readonly { readonly node: string; readonly pattern: string; readonly name: string }[];
  /** Users by service: its own, and the second one that takes turns with it. */
  readonly users: ReadonlyMap<string, readonly string[]>;
  /** Length limit by queue, in messages. */
  readonly limits: ReadonlyMap<string, number>;
}

export interface Way {
  readonly nodes: readonly string[];
  readonly edges: readonly string[];
}

const wayKey = (kind: FlowEdgeKind, from: string, to: string): string => JSON.stringify([kind, from, to]);

export class Atlas {
  readonly nodes: ReadonlyMap<string, SceneNode>;
  readonly #ways = new Map<string, Way>();
  readonly #ends = new Map<string, { readonly other: string; readonly way: Way }[]>();

  private constructor(
    readonly installation: Installation,
    readonly plan: InstallationPlan,
    readonly scene: Scene,
    readonly regions: readonly Region[],
  ) {
    this.nodes = new Map(scene.nodes.map((node) => [node.id, node]));
    const labels = new Map<string, { from: [string, string][]; to: [string, string][] }>();
    const label = (id: string): { from: [string, string][]; to: [string, string][] } => {
      const known = labels.get(id) ?? { from: [], to: [] };
      labels.set(id, known);
      return known;
    };
    for (const { id, kind, from, to } of scene.edges) {
      if (this.nodes.get(to)?.kind === "label") label(to).from.push([from, id]);
      else if (this.nodes.get(from)?.kind === "label") label(from).to.push([to, id]);
      else this.#add(kind, from, to, { nodes: [], edges: [id] });
    }
    for (const [id, { from, to }] of labels) {
      const kind = this.nodes.get(id)?.of;
      if (kind === undefined) continue;
      for (const [source, first] of from) {
        for (const [target, second] of to) this.#add(kind, source, target, { nodes: [id], edges: [first, second] });
      }
    }
  }

  #add(kind: FlowEdgeKind, from: string, to: string, way: Way): void {
    this.#ways.set(wayKey(kind, from, to), way);
    for (const [end, node, other] of [
      ["from", from, to],
      ["to", to, from],
    ] as const) {
      const key = wayKey(kind, end, node);
      this.#ends.set(key, [...(this.#ends.get(key) ?? []), { other, way }]);
    }
  }

  static async of(installation: Installation, environment?: string): Promise<Atlas> {
    const plan = compileInstallation(installation, environment);
    const vhosts = new Map(plan.vhosts.map(({ topology, vhost }) => [topology, vhost.name]));
    const scene = await layout(graph(installation, environment), (topology) => vhosts.get(topology) ?? topology);
    return new Atlas(
      installation,
      plan,
      scene,
      installation.topologies.flatMap((topology, at) => (plan.vhosts[at] ? [region(topology, plan.vhosts[at], scene)] : [])),
    );
  }

  /** The line between two nodes and the label in it. */
  way(kind: FlowEdgeKind, from: string, to: string): Way | undefined {
    return this.#ways.get(wayKey(kind, from, to));
  }

  ofVhost(vhost: string): readonly Region[] {
    return this.regions.filter((one) => one.vhost === vhost);
  }

  /** The node of a queue that is there, be it an instance's. */
  queueNode(vhost: string, name: string): string | undefined {
    for (const { queues, templates } of this.ofVhost(vhost)) {
      const found = queues.get(name) ?? templates.find(({ pattern }) => matches(pattern, name))?.node;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  exchangeNode(vhost: string, name: string): string | undefined {
    return this.ofVhost(vhost).flatMap(({ exchanges }) => exchanges.get(name) ?? [])[0];
  }

  /** Lines of one kind that begin or end at a node, with the node at their other end. */
  linesAt(node: string, kind: FlowEdgeKind, end: "from" | "to"): readonly { readonly other: string; readonly way: Way }[] {
    return this.#ends.get(wayKey(kind, end, node)) ?? [];
  }

  /** The consumers' boxes of a service. */
  consumerNodes(service: string): string[] {
    return this.scene.nodes.flatMap(({ id, kind, rows }) => (kind === "consumer" && rows.some(({ name }) => name === service) ? [id] : []));
  }
}

function region(topology: Topology, plan: Plan, scene: Scene): Region {
  const own = scene.nodes.filter(({ topology }) => topology === plan.topology);
  const named = (kind: SceneNode["kind"]): Map<string, string> =>
    new Map(own.flatMap(({ id, kind: is, rows: [row] }) => (is === kind && row ? [[row.name, id] as const] : [])));
  const [queueNodes, exchanges, templates] = [named("queue"), named("exchange"), named("template")];
  const queues = new Map<string, string>();
  const limits = new Map<string, number>();
  for (const queue of plan.queues) {
    const { role, name } = queue;
    const node = queueNodes.get(role.kind === "queue" ? name : role.of);
    if (node !== undefined) queues.set(name, node);
    const limit = effectiveSettings(plan, queue).get("max-length")?.value;
    if (role.kind === "queue" && typeof limit === "number" && limit > 0) limits.set(name, limit);
    // Exchanges of ladders and super streams stand inside their queues.
    if (role.kind !== "queue" && node !== undefined) exchanges.set(role.kind === "rung" ? retryExchange(role.of) : role.of, node);
  }
  return {
    plan,
    vhost: plan.vhost.name,
    router: router(plan),
    queues,
    exchanges,
    limits,
    templates: plan.templates.flatMap(({ name, pattern }) => {
      const node = templates.get(name);
      return node === undefined ? [] : [{ node, pattern, name }];
    }),
    users: new Map(Object.keys(topology.services ?? {}).map((service) => [service, usersOf(topology, service)])),
  };
}
