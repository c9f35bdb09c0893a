/** The one alert that Prometheus cannot raise: that it is gone. `warren exporter` looks at it, and tells Alertmanager in these words. */

export const PROMETHEUS_DOWN = "PrometheusDown";

export interface PrometheusDown {
  readonly labels: Readonly<Record<"alertname" | "severity" | "installation" | "instance", string>>;
  readonly annotations: Readonly<Record<"summary" | "description" | "runbook_url", string>>;
}

/** When it fires, as a part of a sentence, for the table of alerts. */
export const WHEN = "Prometheus does not answer the exporter, four looks one after the other";

/** `instance` is Prometheus's host and port; `runbooks` as in `MonitoringOptions`. */
export const prometheusDown = (installation: string, instance: string, runbooks: string): PrometheusDown => ({
  labels: { alertname: PROMETHEUS_DOWN, severity: "page", installation, instance },
  annotations: {
    summary: `Prometheus at ${instance} does not answer`,
    description: `Prometheus at ${instance} does not answer the exporter. No other alert about ${installation} can fire until it is back, whatever happens.`,
    runbook_url: `${runbooks.replace(/\/+$/, "")}/${PROMETHEUS_DOWN}.md`,
  },
});
