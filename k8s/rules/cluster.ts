/** Rules for the broker. */
import { bytesOf } from "../quantities.js";
import { brokerMemory } from "../rabbitmq-conf.js";
import { containersOf, ofKind, say, specOf, type PolicyRule } from "./rule.js";

interface Cluster {
  readonly replicas?: number;
  readonly resources?: { readonly limits?: { readonly memory?: string } };
  readonly persistence?: { readonly storage?: string };
  readonly rabbitmq?: { readonly additionalConfig?: string };
  readonly tls?: { readonly secretName?: string; readonly disableNonTLSListeners?: boolean };
}

/** The last value counts, as in the broker. */
const settingOf = (conf: string, key: string): string | undefined =>
  conf
    .split("\n")
    .map((line) => /^\s*([^#=\s]+)\s*=\s*(.*?)\s*$/.exec(line))
    .findLast((found) => found?.[1] === key)?.[2];

export const clusterRules: readonly PolicyRule[] = [
  {
    code: "broker-nodes",
    severity: "warning",
    title: "The broker has an odd number of nodes, at least three, each with a volume",
    why: "Of one or two none may be lost; without a volume a node that is moved comes back empty.",
    *find({ objects }) {
      for (const object of ofKind(objects, "RabbitmqCluster")) {
        const { replicas = 1, persistence } = specOf<Cluster>(object);
        yield* say(
          object,
          (replicas < 3 || replicas % 2 === 0) && `has ${replicas} ${replicas === 1 ? "node" : "nodes"}`,
          bytesOf(persistence?.storage ?? "10Gi") === 0 && "has no volumes",
        );
      }
    },
  },
  {
    code: "memory-watermark",
    severity: "error",
    title: "Publishers are held back well before a pod's memory, or its volume, is used up",
    why: "A node that reaches its limit is killed, and takes its connections along; one that fills its volume does not start again.",
    *find({ objects }) {
      for (const object of ofKind(objects, "RabbitmqCluster")) {
        const { resources, persistence, rabbitmq } = specOf<Cluster>(object);
        const limit = bytesOf(resources?.limits?.memory ?? "");
        const conf = rabbitmq?.additionalConfig ?? "";
        const relative = Number(settingOf(conf, "vm_memory_high_watermark.relative") ?? "0.6");
        const absolute = settingOf(conf, "vm_memory_high_watermark.absolute");
        const override = settingOf(conf, "total_memory_available_override_value");
        const disk = Number(settingOf(conf, "disk_free_limit.absolute"));
        const volume = bytesOf(persistence?.storage ?? "10Gi");
        const mark = brokerMemory(limit) * relative;
        yield* say(
          object,
          !(mark <= 0.75 * limit && mark >= 0.2 * limit) && `holds publishers back at ${Math.round((100 * mark) / limit)} % of its limit`,
          absolute !== undefined && "has a watermark in bytes, which does not follow the limit",
          override !== undefined && "takes its memory to be another than the operator says",
          !Number.isFinite(disk) && "has no limit of free space",
          volume > 0 && disk >= volume / 2 && "would hold publishers back with more than half of its volume free",
        );
      }
    },
  },
  {
    code: "tls-only",
    severity: "error",
    title: "The broker listens with TLS alone, and clients use it",
    why: "Passwords and messages would be in clear on the network of the cluster; the operator leaves plain listeners open unless told.",
    *find(manifests) {
      for (const object of ofKind(manifests.objects, "RabbitmqCluster")) {
        const { tls = {}, rabbitmq } = specOf<Cluster>(object);
        yield* say(
          object,
          !tls.secretName && "has no certificate",
          tls.disableNonTLSListeners !== true && "listens without TLS",
          settingOf(rabbitmq?.additionalConfig ?? "", "prometheus.tcp.ip") !== "127.0.0.1" && "tells its metrics without TLS",
        );
      }
      for (const { object, container } of containersOf(manifests))
        for (const { name, value } of container.env ?? [])
          yield* say(object, value !== undefined && /(^|,)\s*amqp:\/\//.test(value) && `connects without TLS (${name})`);
    },
  },
];
