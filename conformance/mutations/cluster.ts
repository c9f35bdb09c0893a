/** What goes wrong in a cluster. */
import type { Topology } from "../../topology/model.js";
import type { ClusterMutation } from "../mutation.js";

/** What stands on the cluster, and in the code, before the change. */
export const clusterTopology = {
  exchanges: { events: { type: "topic" } },
  queues: {
    orders: { type: "quorum", from: { events: "order.*" }, queueLeaderLocator: "balanced" },
    invoices: { type: "quorum", from: { events: "invoice.*" }, queueLeaderLocator: "balanced" },
    parcels: { type: "quorum", from: { events: "parcel.*" }, queueLeaderLocator: "balanced" },
    returns: { type: "quorum", from: { events: "return.*" }, queueLeaderLocator: "balanced", quorumInitialGroupSize: 3 },
    audit: { type: "stream", from: { events: "#" } },
  },
} as const satisfies Omit<Topology, "name">;

const asClassic: ClusterMutation["change"] = async ({ management, vhost }) => {
  await management.deleteQueue(vhost, "orders");
  await management.putQueue(vhost, "orders", { durable: true, autoDelete: false, arguments: { "x-queue-type": "classic" } });
};

const erlang = (text: string): string => `<<${[...Buffer.from(text)].join(",")}>>`;

export const clusterMutations: readonly ClusterMutation[] = [
  {
    probe: "cluster-nodes",
    name: "a node is stopped",
    change: ({ cluster }) => cluster.kill("rabbit@three"),
    says: /node rabbit@three is in the cluster, and does not run/,
  },
  {
    probe: "quorum-members",
    name: "a member of a queue is removed",
    change: ({ cluster, vhost }) =>
      cluster.command("rabbit@one", "rabbitmq-queues", "delete_member", "--vhost", vhost, "orders", "rabbit@three"),
    says: /queue "orders" has 2 members \(rabbit@one, rabbit@two\), declared are 3 \(by default\)/,
  },
  {
    probe: "quorum-members",
    name: "a node is stopped",
    change: ({ cluster }) => cluster.kill("rabbit@three"),
    says: /queue "returns": its member on rabbit@three is not online/,
  },
  {
    probe: "leaders",
    name: "all leaders are moved to one node",
    change: ({ cluster, vhost }) => {
      const move = `[rabbit_quorum_queue:transfer_leadership(Q, 'rabbit@two') || Q <- rabbit_amqqueue:list(${erlang(vhost)}), rabbit_quorum_queue =:= amqqueue:get_type(Q)].`;
      return cluster.command("rabbit@one", "rabbitmqctl", "eval", move);
    },
    says: /node rabbit@two leads 4 of the 4 quorum queues .*at most 3 is balanced/,
  },
  {
    probe: "node-killed",
    name: "a queue is made again as classic",
    change: asClassic,
    says: /queue "orders" \(classic on rabbit@\w+\): publishing and consuming through the other nodes after rabbit@\w+ was killed: not within/,
  },
  {
    probe: "node-killed",
    name: "a policy of a higher priority makes a queue drop messages",
    change: ({ management, vhost }) =>
      management.putPolicy(vhost, "short", { pattern: "^orders$", applyTo: "queues", priority: 99, definition: { "max-length": 10 } }),
    says: /queue "orders": \d+ of \d+ confirmed messages are lost, rabbit@\w+ was killed meanwhile/,
  },
  {
    probe: "node-partitioned",
    name: "a queue is made again as classic",
    change: asClassic,
    says: /queue "orders" \(classic on rabbit@\w+\): publishing and consuming through the other nodes after rabbit@\w+ was cut off: not within/,
  },
];
