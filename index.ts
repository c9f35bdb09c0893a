/** The program of `pulumi up`: configuration, check, look at what is there, broker, topology, outputs. Nothing is decided here. */
import { admitForBroker } from "./program/admit-for-broker.js";
import { openBroker } from "./program/open-broker.js";
import { provisionTopology } from "./program/provision-topology.js";
import { runMonitoring } from "./program/run-monitoring.js";
import { runUi } from "./program/run-ui.js";
import { runWorkers } from "./program/run-workers.js";
import { readSettings } from "./program/settings.js";
import { pulumiCommand, summaryText } from "./program/summary.js";
import { admit } from "./provision/admit.js";
import { toldLater } from "./provision/told.js";
import { loadTopology } from "./sources/load.js";

async function program(): Promise<Record<string, unknown>> {
  const settings = readSettings();
  const { system, environment, strict } = settings;

  const { label, value } = await loadTopology(system, process.cwd());
  const admitted = admitForBroker(admit(value, { label, environment, strict }), settings, label);
  const { plan, installation } = admitted;

  const broker = await openBroker(settings, admitted, process.cwd());
  const topology = await provisionTopology(settings, broker, admitted);
  if (broker.inKubernetes) {
    const { runInKubernetes } = await import("./program/run-kubernetes.js");
    runInKubernetes(broker.inKubernetes, topology, process.cwd());
  }
  const workers = runWorkers(settings, broker, installation, topology);
  const monitoring = runMonitoring(settings, broker, installation, topology, workers);
  const ui = runUi(settings, broker, installation, topology, process.cwd());
  const watched = monitoring && { prometheusUrl: monitoring.prometheusUrl, alertmanagerUrl: monitoring.alertmanagerUrl };
  broker.announce(topology, watched);

  const { managementUrl, metricsUrl, administrator, inDocker } = broker;
  const amqpUrl = inDocker?.amqpUrls.join(" ") ?? broker.amqpUrl;
  const amqpsUrl = inDocker?.amqpsUrls.join(" ") || undefined;
  return {
    endpoints: {
      management: managementUrl,
      ...(broker.amqpUrl ? { amqp: broker.amqpUrl } : {}),
      ...(metricsUrl ? { metrics: metricsUrl } : {}),
      ...(inDocker ? { nodes: { amqp: inDocker.amqpUrls, amqps: inDocker.amqpsUrls, metrics: inDocker.metricsUrls } } : {}),
    },
    ...(workers.length > 0 ? { workers } : {}),
    ...(monitoring ?? {}),
    ...(ui ? { uiUrl: ui.uiUrl } : {}),
    users: topology.users,
    passwords: topology.passwords,
    summary: topology.vhosts.apply(() =>
      summaryText(plan, {
        system: broker.topologyFile ?? system,
        managementUrl,
        amqpUrl,
        amqpsUrl,
        administrator,
        monitoring,
        page: ui?.page,
        passwordIn: broker.passwordIn,
        pulumi: pulumiCommand(),
      }),
    ),
  };
}

export = (): Promise<Record<string, unknown>> => toldLater(program);
