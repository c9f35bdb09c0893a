/** What the container of the live page starts with: where it is in the stack's network, its words, its files. Pure. */
import { ALERTMANAGER, MONITORING_PORTS } from "./monitoring-files.js";
import { managementInside, nodeName, type Listeners } from "./nodes.js";

/** Its name in the network; ends the name of its container. */
export const UI = "ui";

/** Of `warren ui` itself; in the container, and by default on 127.0.0.1. */
export const UI_PORT = 15_680;

/** Uploaded into it. */
export const UI_FILES = {
  topology: "/run/warren/topology.cjs",
  password: "/run/warren/password",
  token: "/run/warren/ui-token",
  ca: "/run/warren/ca.pem",
} as const;

/** Read-only: whoever looks at the dev stack has `warren ui --write` for the rest. */
export const uiWords = (listeners: Listeners, monitored: boolean): string[] => [
  ...["ui", UI_FILES.topology, "--broker", managementInside(nodeName(0), listeners)],
  ...["--listen", "0.0.0.0", "--port", String(UI_PORT)],
  ...(monitored ? ["--alertmanager", `http://${ALERTMANAGER}:${MONITORING_PORTS.alertmanager}`] : []),
];

/** Where it looks, as variables. What is secret is in files: the environment of a container can be read by everybody who may ask Docker. */
export const uiEnvironment = (user: string, withCa: boolean): string[] => [
  `WARREN_BROKER_USERNAME=${user}`,
  `WARREN_BROKER_PASSWORD_FILE=${UI_FILES.password}`,
  `WARREN_UI_TOKEN_FILE=${UI_FILES.token}`,
  ...(withCa ? [`WARREN_BROKER_CA_FILE=${UI_FILES.ca}`] : []),
  // For the image's health check.
  `WARREN_HTTP_PORT=${UI_PORT}`,
];
