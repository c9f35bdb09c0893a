/** The part of the configuration that is about the monitoring in the dev stack. */
import type * as pulumi from "@pulumi/pulumi";
import { DEFAULT_MONITORING_IMAGES } from "../docker/monitoring.js";
import { MONITORING_PORTS, type MonitoringPorts } from "../docker/monitoring-files.js";
import { boolean, factor, number, PORT, text, url } from "./config.js";

export interface MonitoringSettings {
  readonly images: { readonly prometheus: string; readonly alertmanager: string; readonly grafana: string | undefined };
  readonly ports: MonitoringPorts;
  /** Seconds between two scrapes. */
  readonly interval: number;
  /** Multiplies the times that alerts have to hold. */
  readonly hold: number;
  /** Where Alertmanager sends alerts. */
  readonly webhook: string | undefined;
}

/** The config key of each port. */
export const MONITORING_PORT_KEYS: Readonly<Record<keyof MonitoringPorts, string>> = {
  prometheus: "prometheusPort",
  alertmanager: "alertmanagerPort",
  grafana: "grafanaPort",
};

/** `undefined`: it is off. */
export function monitoringSettings(config: pulumi.Config): MonitoringSettings | undefined {
  if (!boolean(config, "monitoring")) return undefined;
  const port = (name: keyof MonitoringPorts): number => number(config, MONITORING_PORT_KEYS[name], MONITORING_PORTS[name], PORT);
  return {
    images: {
      prometheus: text(config, "prometheusImage") ?? DEFAULT_MONITORING_IMAGES.prometheus,
      alertmanager: text(config, "alertmanagerImage") ?? DEFAULT_MONITORING_IMAGES.alertmanager,
      grafana: text(config, "grafanaImage"),
    },
    ports: { prometheus: port("prometheus"), alertmanager: port("alertmanager"), grafana: port("grafana") },
    interval: number(config, "scrapeInterval", 15, [1, 300]),
    hold: factor(config, "alertHold", 1, 100),
    webhook: url(config, "alertWebhook"),
  };
}

/** A port of a tool that is listened on, and the config key that sets it. */
export interface ToolPort {
  readonly tool: string;
  readonly key: string;
  readonly port: number;
}

/** The ports that are listened on, with their keys. */
export const monitoringPorts = ({ ports, images }: MonitoringSettings): ToolPort[] =>
  Object.entries(MONITORING_PORT_KEYS)
    .filter(([name]) => name !== "grafana" || images.grafana !== undefined)
    .map(([name, key]) => ({ tool: name, key: `warren:${key}`, port: ports[name as keyof MonitoringPorts] }));
