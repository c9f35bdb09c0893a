/** Rules for all objects together: names, references, what selects what. */
import { allows, type Pod } from "../network/evaluate.js";
import { keyOf } from "../objects.js";
import { deployments, matches, ofKind, say, specOf, type Labels, type PolicyRule } from "./rule.js";

interface Service {
  readonly selector?: Labels;
  readonly ports?: readonly { readonly targetPort?: number | string; readonly port: number }[];
}
interface Monitor {
  readonly selector?: {
    readonly matchLabels?: Labels;
    readonly matchExpressions?: readonly { readonly key: string; readonly values?: readonly string[] }[];
  };
  readonly podMetricsEndpoints?: readonly { readonly port?: string }[];
}

const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const LABEL = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
const CLUSTER_WIDE = ["Namespace"];

export const wholeRules: readonly PolicyRule[] = [
  {
    code: "twice",
    severity: "error",
    title: "Every object is there once, with a name and labels that Kubernetes takes",
    why: "The second would overwrite the first: two services whose names come out alike would be one.",
    *find({ objects }) {
      const seen = new Set<string>();
      for (const object of objects) {
        const key = keyOf(object);
        const { name, namespace, labels = {} } = object.metadata;
        yield* say(
          object,
          seen.has(key) && "is there twice",
          !NAME.test(name) && "has a name that Kubernetes refuses",
          Object.values(labels).some((value) => !LABEL.test(value)) && "has a label that Kubernetes refuses",
          namespace === undefined && !CLUSTER_WIDE.includes(object.kind) && "is in no namespace",
        );
        seen.add(key);
      }
    },
  },
  {
    code: "namespace",
    severity: "error",
    title: 'Namespaces enforce Pod Security "restricted"',
    why: "What a manifest promises, something else could break.",
    *find({ objects }) {
      const made = ofKind(objects, "Namespace");
      for (const object of made)
        yield* say(
          object,
          object.metadata.labels?.["pod-security.kubernetes.io/enforce"] !== "restricted" && 'does not enforce "restricted"',
        );
      if (made.length === 0) return;
      for (const object of objects) {
        const { namespace } = object.metadata;
        yield* say(
          object,
          namespace !== undefined && !made.some(({ metadata }) => metadata.name === namespace) && `is in ${namespace}, which nobody makes`,
        );
      }
    },
  },
  {
    code: "selectors",
    severity: "error",
    title: "Selectors select the pods that they are for, and no others",
    why: "A Service would send requests to pods that do not serve, a Deployment would adopt those of another.",
    *find(manifests) {
      const all = deployments(manifests);
      for (const { object, spec, labels } of all) {
        const own = spec.selector.matchLabels;
        yield* say(object, !matches(own, labels) && "does not select its own pods");
        for (const other of all)
          yield* say(
            object,
            other.object !== object &&
              other.object.metadata.namespace === object.metadata.namespace &&
              matches(own, other.labels) &&
              `selects the pods of ${other.object.metadata.name}`,
          );
      }
      for (const object of ofKind(manifests.objects, "Service")) {
        const { selector, ports = [] } = specOf<Service>(object);
        const selected = all.filter(
          (each) => each.object.metadata.namespace === object.metadata.namespace && matches(selector, each.labels),
        );
        yield* say(object, selected.length !== 1 && `selects the pods of ${selected.length} Deployments`);
        for (const { pod } of selected) {
          const open = pod.containers
            .flatMap((container) => container.ports ?? [])
            .flatMap(({ name, containerPort }) => [name, containerPort]);
          for (const { port, targetPort = port } of ports)
            yield* say(object, !open.includes(targetPort) && `leads to port ${targetPort}, which is not there`);
        }
      }
    },
  },
  {
    code: "references",
    severity: "error",
    title: "Secrets and ConfigMaps that pods name are there",
    why: "Pods wait for them for ever, with nothing but an event to say so.",
    *find(manifests) {
      const { secrets, authorities } = manifests;
      const maps = [...ofKind(manifests.objects, "ConfigMap").map(({ metadata }) => metadata), ...authorities];
      for (const { object, pod } of deployments(manifests)) {
        const { namespace } = object.metadata;
        const isThere = (known: readonly { readonly name: string; readonly namespace?: string }[], name: string): boolean =>
          known.some((each) => each.name === name && each.namespace === namespace);
        for (const { secret, configMap } of pod.volumes ?? [])
          yield* say(
            object,
            secret && !isThere(secrets, secret.secretName) && `mounts the Secret ${secret.secretName}, which nobody makes`,
            configMap && !isThere(maps, configMap.name) && `mounts the ConfigMap ${configMap.name}, which nobody makes`,
          );
      }
    },
  },
  {
    code: "network-policy",
    severity: "error",
    title: "No pod can be reached, or reach out, but where a policy says so",
    why: "Whoever is in a pod of the cluster could try every queue's password; and every pod could send what it reads to anywhere.",
    *find(manifests) {
      const policies = ofKind(manifests.objects, "NetworkPolicy");
      const brokers = ofKind(manifests.objects, "RabbitmqCluster").map((object) => ({
        object,
        labels: {
          "app.kubernetes.io/name": object.metadata.name,
          "app.kubernetes.io/component": "rabbitmq",
          "app.kubernetes.io/part-of": "rabbitmq",
        },
      }));
      const stranger: Pod = { namespace: "warren-nobody", labels: { app: "nobody" } };
      for (const { object, labels } of [...deployments(manifests), ...brokers]) {
        const pod: Pod = { namespace: object.metadata.namespace ?? "", labels };
        const ports = [1, 80, 443, 5671, 9090, 15671];
        yield* say(
          object,
          ports.some((port) => allows(policies, { from: stranger, to: pod, port })) && "can be reached by everybody",
          ports.some((port) => allows(policies, { from: pod, to: stranger, port })) && "can reach everybody",
        );
      }
    },
  },
  {
    code: "monitored",
    severity: "warning",
    title: "Whatever has metrics is scraped",
    why: "Alerts on what is not scraped never fire.",
    *find(manifests) {
      const monitors = ofKind(manifests.objects, "PodMonitor");
      if (monitors.length === 0) return;
      for (const { object, pod, labels } of deployments(manifests)) {
        const ports = pod.containers.flatMap((container) => container.ports ?? []).map(({ name }) => name);
        const found = monitors.filter((each) => {
          const { selector = {}, podMetricsEndpoints = [] } = specOf<Monitor>(each);
          const named = (selector.matchExpressions ?? []).every(({ key, values = [] }) => values.includes(labels[key] ?? ""));
          const here = each.metadata.namespace === object.metadata.namespace && matches(selector.matchLabels, labels) && named;
          return here && podMetricsEndpoints.some(({ port }) => port === "metrics");
        });
        yield* say(object, ports.includes("metrics") && found.length !== 1 && `is scraped by ${found.length} monitors`);
      }
    },
  },
];
