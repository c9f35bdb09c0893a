/** The monitoring beside the dev broker, derived from what is provisioned, if the configuration switches it on. */
import * as pulumi from "@pulumi/pulumi";
import { Monitoring } from "../docker/monitoring.js";
import { exporterWords, targetsOf, topologyScript } from "../docker/monitoring-files.js";
import type { WorkerTarget } from "../docker/workers.js";
import { ALERTMANAGER_FILE, monitoring, RULES_FILE } from "../monitoring/index.js";
import type { Provisioned } from "../provision/topology.js";
import { WarrenError } from "../topology/errors.js";
import type { Installation } from "../topology/model.js";
import type { OpenBroker } from "./open-broker.js";
import type { Settings } from "./settings.js";

export interface MonitoringOutputs {
  readonly prometheusUrl: string;
  readonly alertmanagerUrl: string;
  /** Its address, or why it is not there. */
  readonly grafana: string;
}

const CONFIG = "prometheus.yml";
const DASHBOARDS = "dashboards/";
const NO_GRAFANA =
  "left out: there is no image of it here, and none could be pulled (docker pull grafana/grafana, then npm run up, adds it)";

/** Throws a WarrenError (exit code 2) if there is no image for the exporter. */
export function runMonitoring(
  settings: Settings,
  broker: OpenBroker,
  installation: Installation,
  topology: Provisioned,
  workers: readonly WorkerTarget[],
): MonitoringOutputs | undefined {
  const { broker: chosen, environment } = settings;
  const { inDocker } = broker;
  if (chosen.kind !== "docker" || !inDocker || !chosen.monitoring) return undefined;
  const { workerImage, nodes, listeners, monitoring: wanted } = chosen;
  if (workerImage === undefined)
    throw new WarrenError("warren:monitoring is on, and warren:workerImage names no image, in which the exporter is.", {
      remedy: "npm run worker-image builds one: pulumi config set warren:workerImage NAME; npm run up does both",
      exitCode: 2,
    });
  const stack = pulumi.getStack();
  const prefix = `${pulumi.getProject()}-${stack}`;
  const { files } = monitoring(installation, {
    ...{ name: prefix, environment, interval: wanted.interval, holdScale: wanted.hold, certificates: listeners.tls },
    ...{ ...targetsOf(nodes), workers: workers.map(({ target }) => target) },
    // It may hold a token.
    ...(wanted.webhook === undefined ? {} : { webhooks: { page: wanted.webhook, ticket: wanted.webhook } }),
  });
  const alertmanager = files[ALERTMANAGER_FILE] ?? "";
  const made = new Monitoring("monitoring", {
    ...{
      prefix,
      stack,
      network: inDocker.network,
      ports: wanted.ports,
      alertmanager: wanted.webhook === undefined ? alertmanager : pulumi.secret(alertmanager),
    },
    images: { ...wanted.images, worker: workerImage },
    files: Object.fromEntries([CONFIG, RULES_FILE].map((name) => [name, files[name] ?? ""])),
    dashboards: Object.fromEntries(
      Object.entries(files).flatMap(([name, text]) => (name.startsWith(DASHBOARDS) ? [[name.slice(DASHBOARDS.length), text]] : [])),
    ),
    exporter: {
      words: exporterWords(nodes, listeners, wanted.interval, prefix),
      topology: topologyScript(installation, environment),
      user: broker.administrator,
      password: broker.args.password,
      ca: broker.authority,
      after: [topology],
    },
  });
  const { prometheusUrl, alertmanagerUrl, grafanaUrl } = made;
  return { prometheusUrl, alertmanagerUrl, grafana: grafanaUrl ?? NO_GRAFANA };
}
