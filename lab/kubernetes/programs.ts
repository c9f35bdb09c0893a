/** The programs of the cluster: which Go modules they come from. */
import { versions } from "../versions.js";
import { type Module } from "./modules.js";

const pins = versions.kubernetes;

export interface Source {
  /** For messages: "the Kubernetes programs". */
  readonly what: string;
  /** The folder in the cache is `<tool>-<version>`. */
  readonly tool: string;
  /** None: it needs nothing but Go. */
  readonly module?: Module;
  /** File name in the cache to the package that it is built from, relative to the module; several share what they have in common. */
  readonly programs: Readonly<Record<string, string>>;
  /** Set by the linker. */
  readonly variables?: Readonly<Record<string, string>>;
  /** A folder of `go/` with files that use the module as a library: then the one program is built from them. */
  readonly own?: string;
  /** How long a cold build took on two cores. */
  readonly minutes: number;
}

const [major = "", minor = ""] = pins.kubernetes.split(".");
const gitVersion = "k8s.io/component-base/version";

export const sources = {
  etcd: {
    what: "etcd",
    tool: "etcd",
    module: { path: "go.etcd.io/etcd/server/v3", version: pins.etcd },
    programs: { etcd: "" },
    minutes: 1,
  },
  kubernetes: {
    what: "the Kubernetes programs",
    tool: "kubernetes",
    module: { path: "k8s.io/kubernetes", version: pins.kubernetes },
    programs: Object.fromEntries(
      ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"].map((name) => [
        name,
        `cmd/${name}`,
      ]),
    ),
    // Without them `kubectl version` fails, and clients that look at the server's version do too.
    variables: {
      [`${gitVersion}.gitVersion`]: `v${pins.kubernetes}`,
      [`${gitVersion}.gitMajor`]: major,
      [`${gitVersion}.gitMinor`]: minor,
    },
    minutes: 5,
  },
  coredns: {
    what: "CoreDNS",
    tool: "coredns",
    module: { path: "github.com/coredns/coredns", version: pins.coredns },
    programs: { coredns: "" },
    own: "coredns",
    minutes: 2,
  },
  provisioner: {
    what: "the provisioner of volumes",
    tool: "kubernetes-lab-provisioner",
    module: { path: "sigs.k8s.io/sig-storage-lib-external-provisioner/v13", version: pins.provisionerLibrary },
    programs: { provisioner: "" },
    own: "provisioner",
    minutes: 1,
  },
  pause: {
    what: "the pause program",
    tool: "kubernetes-lab-pause",
    programs: { pause: "" },
    own: "pause",
    minutes: 1,
  },
  clusterOperator: {
    what: "the RabbitMQ cluster operator",
    tool: "rabbitmq-cluster-operator",
    module: { path: "github.com/rabbitmq/cluster-operator/v2", version: pins.clusterOperator },
    programs: { manager: "cmd" },
    minutes: 2,
  },
  topologyOperator: {
    what: "the RabbitMQ messaging topology operator",
    tool: "rabbitmq-messaging-topology-operator",
    module: { path: "github.com/rabbitmq/messaging-topology-operator", version: pins.topologyOperator },
    programs: { manager: "" },
    minutes: 3,
  },
  certManager: {
    what: "cert-manager",
    tool: "cert-manager",
    module: { path: "github.com/cert-manager/cert-manager", version: pins.certManager },
    programs: { controller: "" },
    own: "cert-manager",
    minutes: 4,
  },
  keda: {
    what: "KEDA",
    tool: "keda",
    module: { path: "github.com/kedacore/keda/v2", version: pins.keda },
    programs: { keda: "cmd/operator", "keda-adapter": "cmd/adapter" },
    variables: { "github.com/kedacore/keda/v2/version.Version": pins.keda },
    minutes: 8,
  },
  metricsServer: {
    what: "metrics-server",
    tool: "metrics-server",
    module: { path: "sigs.k8s.io/metrics-server", version: pins.metricsServer },
    programs: { "metrics-server": "cmd/metrics-server" },
    minutes: 1,
  },
  kwok: {
    what: "kwok",
    tool: "kwok",
    module: { path: "sigs.k8s.io/kwok", version: pins.kwok },
    programs: { kwok: "cmd/kwok" },
    minutes: 1,
  },
} as const satisfies Record<string, Source>;

export type SourceName = keyof typeof sources;
