/** The live image of a plan: what a broker that imported it would be read as, with all that it adds by itself. */
import { fromWire, type LiveInstallation } from "../broker/live.js";
import { WireDefinitions, WireExchange } from "../broker/wire.js";
import { definitions } from "../topology/compile/definitions.js";
import type { InstallationPlan } from "../topology/compile/plan.js";

const READER = "the-reader";
const BUILTIN = ["", "amq.direct", "amq.fanout", "amq.headers", "amq.match", "amq.topic", "amq.rabbitmq.trace"];

/** Users without a hash get one, secrets a value: a broker knows no other. Follows what 4.3.6 exports. */
export function liveImage(plan: InstallationPlan): LiveInstallation {
  const exported = definitions(withSecrets(plan) as InstallationPlan);
  const vhosts = (exported.vhosts ?? []).map((vhost) => ({
    ...vhost,
    metadata: { description: "", tags: [], default_queue_type: "classic", ...vhost.metadata },
    limits: {},
  }));
  const inEach = <T>(objects: (vhost: string) => T[]): T[] => vhosts.flatMap(({ name }) => objects(name));
  const federation = { durable: true, auto_delete: false, arguments: { "x-internal-purpose": "federation" } };
  const wire = WireDefinitions.parse({
    rabbitmq_version: "4.3.6",
    ...exported,
    vhosts,
    users: [...(exported.users ?? []), { name: READER, password_hash: "", tags: ["administrator"], limits: {} }],
    permissions: [
      ...(exported.permissions ?? []),
      ...inEach((vhost) => [{ user: READER, vhost, configure: ".*", write: ".*", read: ".*" }]),
    ],
    global_parameters: [
      ...(exported.global_parameters ?? []),
      { name: "cluster_tags", value: [] },
      { name: "internal_cluster_id", value: "x" },
    ],
    exchanges: (exported.exchanges ?? []).filter(({ internal }) => !internal),
    queues: [
      ...(exported.queues ?? []).map((queue) => ({
        ...queue,
        type: queue.arguments && "x-queue-type" in queue.arguments ? queue.arguments["x-queue-type"] : "classic",
      })),
      ...inEach((vhost) => [{ vhost, name: "federation: x -> y", type: "classic", ...federation }]),
    ],
    bindings: [
      ...(exported.bindings ?? []),
      ...inEach((vhost) => [
        { vhost, source: "amq.topic", destination: "amq.gen-exclusive", destination_type: "queue", routing_key: "k", arguments: {} },
        {
          vhost,
          source: "federation: x -> y B",
          destination: "federation: x -> y",
          destination_type: "queue",
          routing_key: "",
          arguments: {},
        },
      ]),
    ],
  });
  const exchanges = WireExchange.array().parse([
    ...(exported.exchanges ?? []),
    ...inEach((vhost) =>
      BUILTIN.map((name) => ({ vhost, name, type: "direct", durable: true, auto_delete: false, internal: false, arguments: {} })),
    ),
    ...inEach((vhost) => [{ vhost, name: "federation: x -> y B", type: "x-federation-upstream", internal: true, ...federation }]),
  ]);
  return { reader: READER, ...fromWire(wire, exchanges) };
}

function withSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSecrets);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, withSecrets(inner)] as const);
  if (entries.length === 1 && entries[0]?.[0] === "secret") return "amqp://user:password@secret";
  const isUser = "name" in value && "tags" in value && "origin" in value && value.origin !== "vhost";
  return { ...(isUser ? { passwordHash: "hash" } : {}), ...Object.fromEntries(entries) };
}
