/** Every version that the lab pins, in one place. */

export const versions = {
  engine: {
    /** An engine found on PATH has to be at least this old: hooks, `destroy --run-program` and `--config-file` are used. */
    minimum: "3.200.0",
    /** The one that is downloaded or built: the last one that the Go modules hold, and the version of the npm package. */
    pinned: "3.257.0",
  },
  /** The Terraform bridge that the built plugins are made with, and the plugin SDK that it needs in place of the upstream one. */
  bridge: "3.128.0",
  terraformSdk: "2.0.0-20260318212141-5525259d096b",
  plugins: {
    rabbitmq: { version: "3.3.8", upstream: "1.8.0" },
    docker: { version: "5.2.0", upstream: "0.0.0-20260916201441-96d331c98ff4" },
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
    /** Only their custom resource definitions are used. */
    topologyOperator: "1.15.0",
    prometheusOperator: "0.85.0",
    certManager: "1.21.2",
  },
} as const;

export type PluginName = keyof typeof versions.plugins;
