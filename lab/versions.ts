/** Every version that the lab pins, in one place. */

/** The Terraform bridge that two of the built plugins are made with, and the plugin SDK that it needs in place of the upstream one. */
const terraformBridge = { BRIDGE: "3.128.0", TERRAFORM_SDK: "2.0.0-20260318212141-5525259d096b" };

export const versions = {
  engine: {
    /** An engine found on PATH has to be at least this old: hooks, `destroy --run-program` and `--config-file` are used. */
    minimum: "3.200.0",
    /** The one that is downloaded or built: the last one that the Go modules hold, and the version of the npm package. */
    pinned: "3.257.0",
  },
  /** The resource plugins: the version of the npm package, and what a plugin that is built here is built from, by the names in its go.mod.template. */
  plugins: {
    rabbitmq: { version: "3.3.8", modules: { ...terraformBridge, UPSTREAM: "1.8.0" } },
    docker: { version: "5.2.0", modules: { ...terraformBridge, UPSTREAM: "0.0.0-20260916201441-96d331c98ff4" } },
    /** Not over a Terraform provider: `lab/plugins/kubernetes` is the whole of it. */
    kubernetes: { version: "4.34.2", modules: { ENGINE: "3.257.0", KUBERNETES: "0.36.3", CLI_UTILS: "1.2.2" } },
  },
  broker: {
    /** The official image: with it the broker is the one that its makers ship. */
    official: "rabbitmq:4.3-management",
    /** The series that a self-made image must hold, and the Debian suite that has it. */
    series: "4.3",
    suite: "forky",
    /** Counts the changes of lab/image/: another number makes another image. */
    recipe: 1,
  },
  monitoring: {
    prometheus: "prom/prometheus:v3.5.0",
    alertmanager: "prom/alertmanager:v0.28.1",
    /** Debian has none. */
    grafana: "grafana/grafana:12.2.0",
    /** The series of Prometheus that a self-made image must hold, and the Debian suite that has it. */
    series: "3",
    suite: "forky",
    /** Counts the changes of lab/image/prometheus.sh: another number makes another image. */
    recipe: 1,
  },
  worker: {
    /** The series of Node that a self-made base must hold, and the Debian suite that has it. */
    major: 24,
    suite: "forky",
    /** Counts the changes of lab/worker-image/base.sh: another number makes another base. */
    recipe: 1,
    /** Of the image, unpacked. */
    maxBytes: 150_000_000,
  },
  /** The cluster of `npm run lab:kubernetes`. */
  kubernetes: {
    kubernetes: "1.36.3",
    etcd: "3.6.5",
    coredns: "1.15.0",
    provisionerLibrary: "13.0.0",
    /** Debian packages of the node, and the suite that has them. */
    suite: "forky",
    clusterOperator: "2.20.0",
    keda: "2.21.0",
    kwok: "0.8.0",
    metricsServer: "0.9.0",
    topologyOperator: "1.15.0",
    certManager: "1.21.2",
    /** Only its custom resource definitions are used. */
    prometheusOperator: "0.85.0",
  },
} as const;

export type PluginName = keyof typeof versions.plugins;
