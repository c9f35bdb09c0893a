/** What a trial is held on: a broker alone, or a cluster of three; and the ways to bring it into distress. */
import { Transport } from "../../broker/transport.js";
import type { BreakableBroker } from "../../testing/breakable-broker.js";
import type { TestCluster } from "../../testing/cluster.js";
import type { Address } from "../../testing/proxy.js";

export interface Ground {
  /** Of AMQP, one for each node; those that clients know, in the order in which they try them. */
  readonly addresses: readonly Address[];
  /** An administrator's, of a node that stays. */
  readonly amqpUrl: string;
  /** PEM, with `amqps:`. */
  readonly ca?: string;
  /** Throws for every answer from 400 up, except one to DELETE of what is gone. */
  api(method: "GET" | "PUT" | "POST" | "DELETE", path: string, body?: unknown): Promise<unknown>;
  /** Resolves when it is done: a broker that is started takes connections. */
  broker(what: "kill" | "stop" | "start"): Promise<void>;
  alarm(of: "memory" | "disk", on: boolean): Promise<void>;
  /** The first node, where the queues' leaders are. */
  node(what: "kill" | "start" | "partition" | "heal"): Promise<void>;
}

const not = (what: string): Promise<never> => Promise.reject(new Error(`This ground has no ${what}.`));

export const aloneGround = (broker: BreakableBroker): Ground => ({
  get addresses() {
    return [broker.address];
  },
  get amqpUrl() {
    return broker.live.amqpUrl;
  },
  api: (method, path, body) => broker.api(method, path, body),
  broker: (what) => (what === "start" ? broker.startAgain() : broker[what]()),
  alarm: async (of, on) =>
    void (await (of === "memory"
      ? broker.control("set_vm_memory_high_watermark", on ? "0.0001" : "0.6")
      : broker.control("set_disk_free_limit", on ? "100000GB" : "50MB"))),
  node: () => not("node to lose"),
});

export function clusterGround(cluster: TestCluster): Ground {
  const { management, nodeUrls = {} } = cluster.target({ topologies: [] });
  const transport = new Transport(management);
  const [first = "", , third = ""] = cluster.nodes;
  const addresses = cluster.nodes.map((node): Address => {
    const { hostname, port } = new URL(nodeUrls[node] ?? "");
    return { host: hostname, port: Number(port) };
  });
  const administrator = new URL(nodeUrls[third] ?? "");
  administrator.username = management.username;
  administrator.password = management.password;
  return {
    ...{ addresses, amqpUrl: administrator.href.replace(/\/$/, ""), ...(management.ca === undefined ? {} : { ca: management.ca }) },
    api: async (method, path, body) => {
      try {
        return (await transport.send(method, path, body)).body;
      } catch (error) {
        if (method === "DELETE" && /404|not found/i.test(String(error))) return undefined;
        throw error;
      }
    },
    broker: () => not("broker of its own"),
    alarm: () => not("alarms"),
    node: async (what) => {
      await cluster[what](first);
      if (what === "start" || what === "heal") await cluster.whole();
    },
  };
}
