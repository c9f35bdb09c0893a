/** A rule over manifests: an entry in a table that says what it finds and why it matters, and a pure function that looks. */
import { titleOf, type KubernetesObject } from "../objects.js";
import type { AuthorityNeed, SecretNeed } from "../secrets.js";

export interface Manifests {
  readonly objects: readonly KubernetesObject[];
  /** What others make beside them. */
  readonly secrets: readonly Pick<SecretNeed, "name" | "namespace">[];
  readonly authorities: readonly Pick<AuthorityNeed, "name" | "namespace">[];
}

export interface Fault {
  readonly object: KubernetesObject;
  readonly message: string;
}

export interface PolicyRule {
  /** Stable, kebab-case; what an exemption names: annotation `warren/without.CODE`, with the reason as its value. */
  readonly code: string;
  readonly severity: "error" | "warning";
  /** What has to be so. */
  readonly title: string;
  readonly why: string;
  readonly find: (manifests: Manifests) => Iterable<Fault>;
}

export interface PolicyFinding extends Pick<PolicyRule, "code" | "severity" | "why"> {
  /** `Deployment warren-workers/contextiq-webhook` */
  readonly object: string;
  readonly message: string;
}

/*
 * What rules read of an object. Manifests are data of many shapes; each reader takes what is there and gives nothing for what is not.
 */

export type Labels = Readonly<Record<string, string>>;

export interface Container {
  readonly name?: string;
  readonly image?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly hostPort?: number }[];
  readonly resources?: { readonly requests?: Labels; readonly limits?: Labels };
  readonly livenessProbe?: object;
  readonly readinessProbe?: object;
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly privileged?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly runAsNonRoot?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
}

export interface PodTemplate {
  readonly metadata?: { readonly labels?: Labels; readonly annotations?: Labels };
  readonly spec: {
    readonly containers: readonly Container[];
    readonly volumes?: readonly {
      readonly name: string;
      readonly secret?: { readonly secretName: string };
      readonly configMap?: { readonly name: string };
      readonly hostPath?: object;
    }[];
    readonly securityContext?: {
      readonly runAsNonRoot?: boolean;
      readonly runAsUser?: number;
      readonly seccompProfile?: { readonly type: string };
    };
    readonly serviceAccountName?: string;
    readonly automountServiceAccountToken?: boolean;
    readonly terminationGracePeriodSeconds?: number;
    readonly topologySpreadConstraints?: readonly {
      readonly topologyKey: string;
      readonly labelSelector?: { readonly matchLabels?: Labels };
    }[];
    readonly hostNetwork?: boolean;
    readonly hostPID?: boolean;
    readonly hostIPC?: boolean;
  };
}

export interface DeploymentSpec {
  readonly replicas?: number;
  readonly selector: { readonly matchLabels: Labels };
  readonly strategy?: { readonly rollingUpdate?: { readonly maxUnavailable?: number | string } };
  readonly template: PodTemplate;
}

export const specOf = <Spec>(object: KubernetesObject): Spec => (object["spec"] ?? {}) as Spec;

export const ofKind = (objects: readonly KubernetesObject[], ...kinds: readonly string[]): KubernetesObject[] =>
  objects.filter(({ kind }) => kinds.includes(kind));

export interface Deployed {
  readonly object: KubernetesObject;
  readonly spec: DeploymentSpec;
  readonly pod: PodTemplate["spec"];
  readonly labels: Labels;
}

export const deployments = ({ objects }: Manifests): Deployed[] =>
  ofKind(objects, "Deployment").map((object) => {
    const spec = specOf<DeploymentSpec>(object);
    return { object, spec, pod: spec.template.spec, labels: spec.template.metadata?.labels ?? {} };
  });

export const containersOf = (manifests: Manifests): (Deployed & { readonly container: Container })[] =>
  deployments(manifests).flatMap((each) => each.pod.containers.map((container) => ({ ...each, container })));

export const matches = (selector: Labels | undefined, labels: Labels): boolean =>
  Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);

/** Fault of an object, if something is said. */
export function* say(object: KubernetesObject, ...messages: readonly (string | false | undefined)[]): Generator<Fault> {
  for (const message of messages) if (message) yield { object, message };
}

/** The reason for which an object need not keep a rule. */
export function exempt(object: KubernetesObject, code: string): string | undefined {
  const annotation = `warren/without.${code}`;
  const template = specOf<{ readonly template?: PodTemplate }>(object).template?.metadata?.annotations ?? {};
  return (object.metadata.annotations?.[annotation] ?? template[annotation])?.trim() || undefined;
}

export function findings(rules: readonly PolicyRule[], manifests: Manifests): PolicyFinding[] {
  return rules.flatMap(({ code, severity, why, find }) =>
    [...find(manifests)]
      .filter(({ object }) => exempt(object, code) === undefined)
      .map(({ object, message }) => ({ code, severity, why, object: titleOf(object), message })),
  );
}
