/** Rules for how many pods there are, where they are, and how they are replaced. */
import { rangeOf } from "../sizes.js";
import { deployments, matches, ofKind, say, specOf, type Labels, type PolicyRule } from "./rule.js";

interface Budget {
  readonly maxUnavailable?: number | string;
  readonly minAvailable?: number | string;
  readonly selector?: { readonly matchLabels?: Labels };
}
interface Scaler {
  readonly scaleTargetRef?: { readonly kind?: string; readonly name: string };
  readonly minReplicaCount?: number;
  readonly maxReplicaCount?: number;
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
  readonly fallback?: object;
  readonly triggers?: readonly {
    readonly type: string;
    readonly metadata: Labels;
    readonly authenticationRef?: { readonly name: string };
  }[];
}
interface Cluster {
  readonly replicas?: number;
  readonly affinity?: { readonly podAntiAffinity?: object };
  readonly override?: {
    readonly statefulSet?: {
      readonly spec?: {
        readonly template?: { readonly spec?: { readonly topologySpreadConstraints?: readonly { readonly topologyKey: string }[] } };
      };
    };
  };
}

const ZONE = "topology.kubernetes.io/zone";
const HOST = "kubernetes.io/hostname";
const brokerPods = (name: string): Labels => ({
  "app.kubernetes.io/name": name,
  "app.kubernetes.io/component": "rabbitmq",
  "app.kubernetes.io/part-of": "rabbitmq",
});

export const scalingRules: readonly PolicyRule[] = [
  {
    code: "budget",
    severity: "error",
    title: "Whatever has several pods has one PodDisruptionBudget, which lets one go and not all",
    why: "Without one a drain of machines takes all pods at once; with one that lets none go, no machine can be drained.",
    *find(manifests) {
      const budgets = ofKind(manifests.objects, "PodDisruptionBudget");
      const several = [
        ...deployments(manifests)
          .filter(({ object }) => rangeOf(object, manifests.objects)[1] > 1)
          .map(({ object, labels }) => ({ object, labels })),
        ...ofKind(manifests.objects, "RabbitmqCluster")
          .filter((object) => (specOf<Cluster>(object).replicas ?? 1) > 1)
          .map((object) => ({ object, labels: brokerPods(object.metadata.name) })),
      ];
      for (const { object, labels } of several) {
        const found = budgets.filter(
          (each) => each.metadata.namespace === object.metadata.namespace && matches(specOf<Budget>(each).selector?.matchLabels, labels),
        );
        yield* say(object, found.length !== 1 && `has ${found.length === 0 ? "no budget" : `${found.length} budgets`}`);
        for (const each of found) {
          const { maxUnavailable, minAvailable } = specOf<Budget>(each);
          const isBroker = object.kind === "RabbitmqCluster";
          yield* say(
            object,
            maxUnavailable === undefined && minAvailable === undefined && "has a budget that says nothing",
            [0, "0", "0%"].includes(maxUnavailable ?? -1) && "has a budget that lets none go",
            minAvailable === "100%" && "has a budget that lets none go",
            maxUnavailable === "100%" && "has a budget that lets all go",
            isBroker && maxUnavailable !== 1 && "has a budget that lets more than one node of the broker go",
          );
        }
      }
    },
  },
  {
    code: "spread",
    severity: "error",
    title: "Pods of one kind are spread over machines and zones",
    why: "All on one machine they are gone together.",
    *find(manifests) {
      for (const { object, pod, labels } of deployments(manifests)) {
        if (rangeOf(object, manifests.objects)[1] < 2) continue;
        const keys = (pod.topologySpreadConstraints ?? [])
          .filter(({ labelSelector }) => matches(labelSelector?.matchLabels, labels))
          .map(({ topologyKey }) => topologyKey);
        yield* say(object, !keys.includes(ZONE) && "is not spread over zones", !keys.includes(HOST) && "is not spread over machines");
      }
      for (const object of ofKind(manifests.objects, "RabbitmqCluster")) {
        const { replicas = 1, affinity, override } = specOf<Cluster>(object);
        const zones = override?.statefulSet?.spec?.template?.spec?.topologySpreadConstraints ?? [];
        yield* say(
          object,
          replicas > 1 && !affinity?.podAntiAffinity && "may have several nodes on one machine",
          replicas > 1 && !zones.some(({ topologyKey }) => topologyKey === ZONE) && "is not spread over zones",
        );
      }
    },
  },
  {
    code: "rolling-update",
    severity: "error",
    title: "Of a Deployment new pods come before old ones go",
    why: "An update, or a change of credentials, would leave queues without consumers.",
    *find(manifests) {
      for (const { object, spec } of deployments(manifests)) {
        const away = spec.strategy?.rollingUpdate?.maxUnavailable;
        yield* say(object, ![0, "0", "0%"].includes(away ?? -1) && "takes old pods away first");
      }
    },
  },
  {
    code: "one-autoscaler",
    severity: "error",
    title: "A Deployment has at most one autoscaler, and then no number of its own",
    why: "Two autoscalers fight over the number; one in the manifest sets it back at each update.",
    *find(manifests) {
      const scalers = ofKind(manifests.objects, "ScaledObject", "HorizontalPodAutoscaler");
      const all = deployments(manifests);
      for (const { object, spec } of all) {
        const own = scalers.filter(
          (each) =>
            each.metadata.namespace === object.metadata.namespace && specOf<Scaler>(each).scaleTargetRef?.name === object.metadata.name,
        );
        yield* say(
          object,
          own.length > 1 && `has ${own.length} autoscalers`,
          own.length > 0 && spec.replicas !== undefined && `says ${spec.replicas} replicas, and is scaled`,
          own.length === 0 && spec.replicas === undefined && "says no number of replicas, and is not scaled",
        );
      }
      for (const each of scalers) {
        const { scaleTargetRef, minReplicaCount, minReplicas, maxReplicaCount, maxReplicas, triggers = [] } = specOf<Scaler>(each);
        const [min, max] = [minReplicaCount ?? minReplicas ?? 0, maxReplicaCount ?? maxReplicas ?? 0];
        yield* say(
          each,
          !all.some(
            ({ object }) => object.metadata.name === scaleTargetRef?.name && object.metadata.namespace === each.metadata.namespace,
          ) && `scales ${scaleTargetRef?.name}, which is not there`,
          min > max && `scales from ${min} to ${max}`,
          min === 0 && !triggers.some(({ type }) => type === "rabbitmq") && "goes to zero, and nothing of what it looks at brings it back",
        );
      }
    },
  },
  {
    code: "depth-over-http",
    severity: "error",
    title: "Autoscalers look at queues over HTTPS, count what is unacknowledged, and have a fallback",
    why: "Over AMQP ready messages alone count, and pods are taken away from their work; without a fallback a broker that does not answer freezes the number.",
    *find(manifests) {
      const known = ofKind(manifests.objects, "TriggerAuthentication");
      for (const object of ofKind(manifests.objects, "ScaledObject")) {
        const { triggers = [], fallback } = specOf<Scaler>(object);
        const depth = triggers.filter(({ type }) => type === "rabbitmq");
        yield* say(object, depth.length > 0 && !fallback && "has no fallback");
        for (const { metadata, authenticationRef } of depth)
          yield* say(
            object,
            metadata["protocol"] !== "http" && `looks at ${metadata["queueName"]} over ${metadata["protocol"] ?? "what its address says"}`,
            !/^https:/.test(metadata["host"] ?? "") && `looks at ${metadata["host"]}, without TLS`,
            metadata["excludeUnacknowledged"] === "true" && `does not count what is unacknowledged in ${metadata["queueName"]}`,
            !known.some(
              ({ metadata: { name, namespace } }) => name === authenticationRef?.name && namespace === object.metadata.namespace,
            ) && `looks with ${authenticationRef?.name ?? "no credentials"}, which are not there`,
          );
      }
    },
  },
];
