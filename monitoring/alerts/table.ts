/** All alerts, in the order in which the documentation has them. */
import type { Alert } from "./alert.js";
import { certificateAlerts } from "./certificates.js";
import { clusterAlerts } from "./cluster.js";
import { consumerAlerts } from "./consumers.js";
import { deadLetterAlerts } from "./dead-letters.js";
import { monitoringAlerts } from "./monitoring.js";
import { publishingAlerts } from "./publishing.js";
import { queueAlerts } from "./queues.js";

/** By the group of rules that they are in. */
export const alertGroups: Readonly<Record<string, readonly Alert[]>> = {
  queues: queueAlerts,
  "dead-letters": deadLetterAlerts,
  consumers: consumerAlerts,
  publishing: publishingAlerts,
  cluster: clusterAlerts,
  certificates: certificateAlerts,
  monitoring: monitoringAlerts,
};

export const alerts: readonly Alert[] = Object.values(alertGroups).flat();
