/** NetworkPolicies: for each kind of pods exactly the flows that it needs; in namespaces of the stack's own nothing else goes in or out. Pure. */
import { dnsName, OWN } from "../names.js";
import { namespaceNames } from "../namespaces.js";
import type { KubernetesObject } from "../objects.js";
import type { Peer } from "../settings.js";
import { flows, ownPods, same, type End, type Flow, type Parts, type Port } from "./flows.js";

const NAMESPACE = "kubernetes.io/metadata.name";

/** As a policy names it. */
const peerOf = (end: End): object =>
  "cidr" in end
    ? { ipBlock: { cidr: end.cidr, ...(end.except && end.except.length > 0 ? { except: end.except } : {}) } }
    : {
        namespaceSelector: { matchLabels: { [NAMESPACE]: end.namespace } },
        ...(Object.keys(end.labels).length > 0 ? { podSelector: { matchLabels: end.labels } } : {}),
      };

const portOf = ({ port, endPort, protocol = "TCP" }: Port): object => ({ protocol, port, ...(endPort === undefined ? {} : { endPort }) });

/** One rule for each set of ports, with all who have it. */
function rulesOf(each: readonly Flow[], side: "from" | "to"): object[] {
  const byPorts = new Map<string, { readonly ports: readonly Port[]; readonly ends: Map<string, End> }>();
  for (const flow of each) {
    const key = JSON.stringify(flow.ports);
    const rule = byPorts.get(key) ?? { ports: flow.ports, ends: new Map<string, End>() };
    rule.ends.set(JSON.stringify(flow[side]), flow[side]);
    byPorts.set(key, rule);
  }
  return [...byPorts.values()].map(({ ports, ends }) => ({ [side]: [...ends.values()].map(peerOf), ports: ports.map(portOf) }));
}

const policy = (namespace: string, name: string, spec: object): KubernetesObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name, namespace, labels: { ...OWN } },
  spec,
});

const nameOf = ({ labels }: Peer): string => dnsName("allow", ...Object.values(labels));

function policyOf(pods: Peer, all: readonly Flow[]): KubernetesObject {
  return policy(pods.namespace, nameOf(pods), {
    podSelector: { matchLabels: pods.labels },
    policyTypes: ["Ingress", "Egress"],
    ingress: rulesOf(
      all.filter(({ to }) => same(to, pods)),
      "from",
    ),
    egress: rulesOf(
      all.filter(({ from }) => same(from, pods)),
      "to",
    ),
  });
}

const denyAll = (namespace: string): KubernetesObject =>
  policy(namespace, "deny-all", { podSelector: {}, policyTypes: ["Ingress", "Egress"] });

/** By namespace, so that each comes before what runs there. None where they are switched off. */
export function networkPolicies(parts: Parts): ReadonlyMap<string, readonly KubernetesObject[]> {
  const { namespaces, network } = parts.settings;
  const all = network.policies ? flows(parts) : [];
  const pods = network.policies ? ownPods(parts) : [];
  return new Map(
    namespaceNames(parts.settings).map((namespace) => [
      namespace,
      [
        // Others run in a namespace that others make: they would be cut off.
        ...(network.policies && namespaces.create ? [denyAll(namespace)] : []),
        ...pods.filter((each) => each.namespace === namespace).map((each) => policyOf(each, all)),
      ],
    ]),
  );
}
