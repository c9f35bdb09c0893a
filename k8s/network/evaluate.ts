/** Whether NetworkPolicies let one pod connect to another, as the API documents them: a model, for no plain bridge enforces them. Pure. */
import type { KubernetesObject } from "../objects.js";

export interface Pod {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Numbers of its named ports. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly ip?: string;
}

/** What is outside the cluster. */
export interface Outside {
  readonly ip: string;
}

export interface Attempt {
  readonly from: Pod | Outside;
  readonly to: Pod | Outside;
  readonly port: number;
  readonly protocol?: "TCP" | "UDP" | "SCTP";
}

/** Labels of namespaces, by name; each has `kubernetes.io/metadata.name` by itself. */
export type Namespaces = Readonly<Record<string, Readonly<Record<string, string>>>>;

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}
interface PolicyPeer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}
interface PolicyPort {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}
interface PolicyRule {
  readonly from?: readonly PolicyPeer[];
  readonly to?: readonly PolicyPeer[];
  readonly ports?: readonly PolicyPort[];
}
interface Spec {
  readonly podSelector: Selector;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly PolicyRule[];
  readonly egress?: readonly PolicyRule[];
}

const isPod = (end: Pod | Outside): end is Pod => "namespace" in end;

/** An empty selector selects everything. Throws for an operator that there is not. */
export function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Readonly<Record<string, string>>): boolean {
  const equal = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  return (
    equal &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          throw new TypeError(`unknown operator ${operator}`);
      }
    })
  );
}

const bits = (ip: string): number => ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

/** Of version 4. */
export function inBlock(ip: string, cidr: string): boolean {
  const [network = "", length = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(length));
  return Math.floor(bits(ip) / size) === Math.floor(bits(network) / size);
}

function isPeer({ podSelector, namespaceSelector, ipBlock }: PolicyPeer, end: Pod | Outside, own: string, namespaces: Namespaces): boolean {
  if (ipBlock)
    return end.ip !== undefined && inBlock(end.ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((cidr) => inBlock(end.ip ?? "", cidr));
  if (!isPod(end)) return false;
  const labels = { "kubernetes.io/metadata.name": end.namespace, ...namespaces[end.namespace] };
  const inNamespace = namespaceSelector ? selects(namespaceSelector, labels) : end.namespace === own;
  return inNamespace && (podSelector === undefined || selects(podSelector, end.labels));
}

function isPort({ protocol = "TCP", port, endPort }: PolicyPort, attempt: Attempt): boolean {
  if (protocol !== (attempt.protocol ?? "TCP")) return false;
  if (port === undefined) return true;
  const number = typeof port === "string" ? (isPod(attempt.to) ? attempt.to.ports?.[port] : undefined) : port;
  return number !== undefined && attempt.port >= number && attempt.port <= (endPort ?? number);
}

/** One side: a pod that no policy selects lets everything through; else one rule of one of them has to. */
function passes(policies: readonly KubernetesObject[], side: "Ingress" | "Egress", attempt: Attempt, namespaces: Namespaces): boolean {
  const [own, other] = side === "Ingress" ? [attempt.to, attempt.from] : [attempt.from, attempt.to];
  if (!isPod(own)) return true;
  const selecting = policies.filter(({ kind, metadata, ["spec"]: spec }) => {
    const { podSelector, policyTypes = ["Ingress"] } = spec as Spec;
    return (
      kind === "NetworkPolicy" && metadata.namespace === own.namespace && policyTypes.includes(side) && selects(podSelector, own.labels)
    );
  });
  if (selecting.length === 0) return true;
  return selecting.some(({ ["spec"]: spec }) => {
    const { ingress = [], egress = [] } = spec as Spec;
    return (side === "Ingress" ? ingress : egress).some(({ from, to, ports = [] }) => {
      const peers = (side === "Ingress" ? from : to) ?? [];
      const known = peers.length === 0 || peers.some((peer) => isPeer(peer, other, own.namespace, namespaces));
      return known && (ports.length === 0 || ports.some((port) => isPort(port, attempt)));
    });
  });
}

/** Both sides have to let it through. */
export const allows = (policies: readonly KubernetesObject[], attempt: Attempt, namespaces: Namespaces = {}): boolean =>
  passes(policies, "Egress", attempt, namespaces) && passes(policies, "Ingress", attempt, namespaces);
