/** The operators that the prod stack expects in a cluster, and the definitions of others whose objects it writes. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { step } from "../steps.js";
import { versions } from "../versions.js";
import { programFolder } from "./binaries.js";
import { issuingAuthority } from "./identity.js";
import { provideProgram } from "./images.js";
import { certManagerNamespace, certManagerObjects, issuerName } from "./cert-manager.js";
import { apply, type KubernetesObject, tryKubectl, waitCondition, waitRollout } from "./kubectl.js";
import { stateFolder } from "./layout.js";
import { filesOf, fitDeployment, kustomized } from "./manifests.js";
import { sources, type SourceName } from "./programs.js";
import { topologyOperatorObjects } from "./topology-operator.js";

const pins = versions.kubernetes;
/** Of nobody in particular; the kubelet has to see that it is not root. */
const USER = 65532;
/** Counts the changes of this file that a cluster which is up has to take over. */
const RECIPE = 1;

export interface Operator {
  readonly name: string;
  /** What it is built from; none: only definitions. */
  readonly source?: SourceName;
  readonly version: string;
  /** The image with the programs of its source. */
  readonly image?: string;
  readonly objects: (image: string, broker: string) => Promise<readonly KubernetesObject[]>;
  /** Namespace and name of Deployments, and names of APIServices, that have to be there. */
  readonly deployments?: readonly (readonly [namespace: string, name: string])[];
  readonly apiServices?: readonly string[];
  /** Objects that have to be Ready: `clusterissuer/warren-lab`. */
  readonly ready?: readonly string[];
  /** Installed only where it is asked for. */
  readonly extra?: ExtraName;
}

/** Operators that the ordinary lab is without, each with those that it needs. */
export const extras = {
  "cert-manager": ["cert-manager"],
  // It speaks to brokers whose certificates it can trust.
  "topology-operator": ["cert-manager", "topology-operator"],
} as const;
export type ExtraName = keyof typeof extras;

export const operators: readonly Operator[] = [
  {
    name: "definitions of other operators",
    version: [pins.topologyOperator, pins.prometheusOperator, pins.certManager].join(", "),
    objects: async () => [
      ...(await filesOf({ path: "github.com/rabbitmq/messaging-topology-operator", version: pins.topologyOperator }, "config/crd/bases")),
      ...(await filesOf(
        { path: "github.com/prometheus-operator/prometheus-operator", version: pins.prometheusOperator },
        "example/prometheus-operator-crd",
        /_(podmonitors|servicemonitors|prometheusrules)\.yaml$/,
      )),
      ...(await filesOf({ path: "github.com/cert-manager/cert-manager", version: pins.certManager }, "deploy/crds")),
    ],
  },
  {
    name: "RabbitMQ cluster operator",
    source: "clusterOperator",
    version: pins.clusterOperator,
    image: `warren-lab/rabbitmq-cluster-operator:${pins.clusterOperator}`,
    objects: async (image, broker) =>
      fitDeployment(
        await kustomized(sources.clusterOperator.module, "config/installation"),
        "rabbitmq-cluster-operator",
        image,
        ({ env = [] }) => void env.push({ name: "DEFAULT_RABBITMQ_IMAGE", value: broker }),
      ),
    deployments: [["rabbitmq-system", "rabbitmq-cluster-operator"]],
  },
  {
    name: "metrics-server",
    source: "metricsServer",
    version: pins.metricsServer,
    image: `warren-lab/metrics-server:${pins.metricsServer}`,
    objects: async (image) =>
      fitDeployment(await kustomized(sources.metricsServer.module, "manifests/base"), "metrics-server", image, (container, pod) => {
        // The authority that signed the kubelets' certificates is the one that every namespace has in a ConfigMap.
        container.args = [...(container.args ?? []), "--kubelet-certificate-authority=/authority/ca.crt"];
        container.volumeMounts = [...(container.volumeMounts ?? []), { name: "authority", mountPath: "/authority", readOnly: true }];
        pod.volumes = [...(pod.volumes ?? []), { name: "authority", configMap: { name: "kube-root-ca.crt" } }];
      }),
    deployments: [["kube-system", "metrics-server"]],
    apiServices: ["v1beta1.metrics.k8s.io"],
  },
  {
    name: "KEDA",
    source: "keda",
    version: pins.keda,
    image: `warren-lab/keda:${pins.keda}`,
    objects: async (image) =>
      fitDeployment(
        fitDeployment(await kustomized(sources.keda.module, "config/minimal"), "keda-operator", image, (container) => {
          // One replica needs no election, which costs a start 15 seconds; and there are no webhooks whose certificates it could look after.
          container.args = [...(container.args ?? []).filter((arg) => arg !== "--leader-elect"), "--enable-webhook-patching=false"];
        }),
        "keda-metrics-apiserver",
        image,
      ),
    deployments: [
      ["keda", "keda-operator"],
      ["keda", "keda-metrics-apiserver"],
    ],
    apiServices: ["v1beta1.external.metrics.k8s.io"],
  },
  {
    name: "cert-manager",
    extra: "cert-manager",
    source: "certManager",
    version: pins.certManager,
    image: `warren-lab/cert-manager:${basename(programFolder(sources.certManager)).replace("cert-manager-", "")}`,
    objects: async (image) => certManagerObjects(image, USER, await issuingAuthority()),
    deployments: [[certManagerNamespace, "cert-manager"]],
    ready: [`clusterissuer/${issuerName}`],
  },
  {
    name: "RabbitMQ messaging topology operator",
    extra: "topology-operator",
    source: "topologyOperator",
    version: pins.topologyOperator,
    image: `warren-lab/rabbitmq-messaging-topology-operator:${pins.topologyOperator}`,
    objects: async (image) => topologyOperatorObjects(image, USER, await issuingAuthority()),
    deployments: [["rabbitmq-system", "messaging-topology-operator"]],
  },
];

/** Installs each (of extra ones, those that are named), or leaves it if it was installed as it should be; then waits until all answer. `broker`: the image of a RabbitmqCluster that names none. */
export async function installOperators(
  broker: string,
  getSource: (name: SourceName) => Promise<string>,
  extra: readonly ExtraName[] = [],
): Promise<void> {
  const wanted = new Set<ExtraName>(extra.flatMap((name) => extras[name]));
  const chosen = operators.filter((operator) => operator.extra === undefined || wanted.has(operator.extra));
  for (const operator of chosen) {
    // The slowest to build is the last: the others are of use before.
    if (operator.source) await getSource(operator.source);
    await step(`${operator.name} ${operator.version}`, () => install(operator, broker));
  }
  await step("Operators", async () => {
    await Promise.all(chosen.map(waitReady));
    return { value: undefined, way: "ready" };
  });
}

async function install(operator: Operator, broker: string): Promise<{ value: undefined; way: string }> {
  const { name, source, image = "", version } = operator;
  if (source) {
    const folder = programFolder(sources[source]);
    await provideProgram({ image, programs: Object.keys(sources[source].programs).map((program) => join(folder, program)), user: USER });
  }
  const state = [version, broker, RECIPE].join(" ");
  if (readInstalled()[name] === state) return { value: undefined, way: "there" };
  const objects = await operator.objects(image, broker);
  const definitions = objects.filter(({ kind }) => kind === "CustomResourceDefinition" || kind === "Namespace");
  const rest = objects.filter((object) => !definitions.includes(object));
  for (const part of [definitions, rest]) if (part.length > 0) await apply(`Installing ${name}`, part);
  writeFileSync(installedFile(), JSON.stringify({ ...readInstalled(), [name]: state }));
  return { value: undefined, way: "installed" };
}

async function waitReady({ deployments = [], apiServices = [], ready = [] }: Operator): Promise<void> {
  for (const [namespace, name] of deployments) await waitRollout(namespace, name, 180);
  for (const name of apiServices) await waitCondition(`The API ${name}`, "Available", [`apiservice/${name}`], 180);
  for (const name of ready) await waitCondition(name, "Ready", [name], 60);
}

/** Operator to what was installed of it, in the cluster that is up. */
const installedFile = (): string => join(stateFolder(), "operators.json");
function readInstalled(): Record<string, string> {
  return existsSync(installedFile()) ? (JSON.parse(readFileSync(installedFile(), "utf8")) as Record<string, string>) : {};
}

/** Takes away what would hold up the end of a cluster: objects that only their operators may let go, and APIs that no longer answer. */
export async function releaseOperators(): Promise<void> {
  const kinds = ["scaledobjects.keda.sh", "scaledjobs.keda.sh", "rabbitmqclusters.rabbitmq.com"];
  for (const kind of kinds) await tryKubectl(["delete", kind, "--all", "--all-namespaces", "--wait=false", "--ignore-not-found"]);
  const apis = operators.flatMap(({ apiServices = [] }) => apiServices);
  await tryKubectl(["delete", "apiservice", ...apis, "--ignore-not-found", "--wait=false"]);
}
