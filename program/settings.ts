/** The stack's configuration, read in one place; `Pulumi.yaml` describes every key. */
import * as pulumi from "@pulumi/pulumi";
import { WarrenError } from "../topology/errors.js";
import { boolean, need, number, PORT, secretText, secretTexts, text, wrong } from "./config.js";
import { monitoringSettings, type MonitoringSettings } from "./monitoring-settings.js";
import { VERSIONS, type Version } from "../topology/settings.js";
import { DEFAULT_IMAGE } from "../docker/broker.js";
import { DEFAULT_PORTS, NODE_COUNTS, portsTwice, type Listeners, type NodeCount, type Ports } from "../docker/nodes.js";
import type { BrokerArgs } from "../provision/args.js";

export interface DockerSettings {
  readonly kind: "docker";
  readonly image: string;
  readonly nodes: NodeCount;
  /** Of the first node. */
  readonly ports: Ports;
  readonly listeners: Listeners;
  /** How long the certificates of nodes hold. */
  readonly certificateDays: number;
  readonly memoryMb: number;
  /** Of workers; none: there is no image for them. */
  readonly workerImage: string | undefined;
  /** Containers of each service that consumes. */
  readonly workers: number;
  /** Messages a second, of each system. */
  readonly load: number;
  /** None: it is off. */
  readonly monitoring: MonitoringSettings | undefined;
  /** @default generated once in the checkout */
  readonly adminPassword: string | undefined;
}

export interface ExternalSettings {
  readonly kind: "external";
  /** Values in clear, for the look at the broker before anything is registered. */
  readonly connection: { readonly endpoint: string; readonly username: string; readonly password: string } & Files;
  /** For the outputs only. */
  readonly amqpUrl: string | undefined;
}

type Files = Partial<Record<"caFile" | "certFile" | "keyFile", string>>;

export interface Settings {
  readonly system: string;
  readonly environment: string;
  readonly broker: DockerSettings | ExternalSettings;
  readonly brokerVersion: Version | undefined;
  readonly allowDataLoss: boolean;
  readonly strict: boolean;
  readonly secrets: Readonly<Record<string, pulumi.Input<string>>>;
  readonly passwords: Readonly<Record<string, pulumi.Input<string>>>;
  /** @default generated once in the checkout */
  readonly salt: string | undefined;
}

function external(config: pulumi.Config): ExternalSettings {
  const files = (["caFile", "certFile", "keyFile"] as const).flatMap((key) => {
    const file = text(config, key);
    return file === undefined ? [] : [[key, file] as const];
  });
  const connection = {
    endpoint: need(config, "endpoint", false),
    username: need(config, "username", false),
    password: need(config, "password", true),
    ...(Object.fromEntries(files) as Files),
  };
  return { kind: "external", connection, amqpUrl: text(config, "amqpUrl") };
}

/** The config key of each port. */
export const PORT_KEYS: Readonly<Record<keyof Ports, string>> = {
  amqp: "amqpPort",
  management: "managementPort",
  metrics: "metricsPort",
  amqps: "amqpsPort",
  https: "httpsPort",
};

function nodeCount(config: pulumi.Config): NodeCount {
  const digits = text(config, "nodes") ?? "1";
  const found = NODE_COUNTS.find((count) => String(count) === digits);
  if (found === undefined) throw wrong("nodes", digits, NODE_COUNTS.map(String));
  return found;
}

function listening(config: pulumi.Config): Listeners {
  const listeners = { tls: boolean(config, "tls", true), plain: boolean(config, "plain", true) };
  if (listeners.tls || listeners.plain) return listeners;
  throw new WarrenError("warren:plain and warren:tls are false: the broker would listen nowhere.", {
    remedy: "pulumi config set warren:tls true",
    exitCode: 2,
  });
}

function portsFor(config: pulumi.Config, nodes: NodeCount, listeners: Listeners): Ports {
  const of = (name: keyof Ports): number => number(config, PORT_KEYS[name], DEFAULT_PORTS[name], PORT);
  const ports = { amqp: of("amqp"), management: of("management"), metrics: of("metrics"), amqps: of("amqps"), https: of("https") };
  const [twice] = portsTwice(ports, nodes, listeners);
  if (!twice) return ports;
  throw new WarrenError(`Port ${twice.port} would be the ${twice.uses.join(" and the ")} port.`, {
    remedy: `each node has the next ports (of TLS, the ones before): leave ${nodes} free from each of ${Object.values(PORT_KEYS).join(", ")}`,
    exitCode: 2,
  });
}

function inDocker(config: pulumi.Config): DockerSettings {
  const nodes = nodeCount(config);
  const listeners = listening(config);
  return {
    kind: "docker",
    image: text(config, "image") ?? DEFAULT_IMAGE,
    nodes,
    listeners,
    ports: portsFor(config, nodes, listeners),
    certificateDays: number(config, "certificateDays", 90, [1, 800]),
    memoryMb: number(config, "memoryMb", 1024, [256, 1_048_576]),
    workerImage: text(config, "workerImage"),
    workers: boolean(config, "workers") ? number(config, "workerReplicas", 1, [1, 20]) : 0,
    load: boolean(config, "load") ? number(config, "loadRate", 20, [1, 10_000]) : 0,
    monitoring: monitoringSettings(config),
    adminPassword: secretText(config, "adminPassword"),
  };
}

/** Throws a WarrenError that names the key, its value, and what could stand there. */
export function readSettings(): Settings {
  const config = new pulumi.Config("warren");
  const broker = text(config, "broker") ?? "docker";
  if (broker !== "docker" && broker !== "external") throw wrong("broker", broker, ["docker", "external"]);
  const version = text(config, "brokerVersion");
  const brokerVersion = VERSIONS.find((known) => known === version);
  if (version !== undefined && brokerVersion === undefined) throw wrong("brokerVersion", version, VERSIONS);
  return {
    system: text(config, "system") ?? "contextiq",
    environment: text(config, "environment") ?? pulumi.getStack(),
    broker: broker === "docker" ? inDocker(config) : external(config),
    brokerVersion,
    allowDataLoss: boolean(config, "allowDataLoss"),
    strict: boolean(config, "strict"),
    secrets: secretTexts(config, "secrets"),
    passwords: secretTexts(config, "passwords"),
    salt: secretText(config, "salt"),
  };
}

/** The connection of an external broker, its password marked. */
export const externalArgs = ({ connection }: ExternalSettings): BrokerArgs => ({
  ...connection,
  password: pulumi.secret(connection.password),
});
