/** The stack's configuration, read in one place; `Pulumi.yaml` describes every key. */
import * as pulumi from "@pulumi/pulumi";
import { WarrenError } from "../topology/errors.js";
import { boolean, need, number, PORT, secretText, secretTexts, text, wrong } from "./config.js";
import { monitoringPorts, monitoringSettings, type MonitoringSettings, type ToolPort } from "./monitoring-settings.js";
import { VERSIONS, type Version } from "../topology/settings.js";
import { DEFAULT_IMAGE } from "../docker/broker.js";
import { DEFAULT_PORTS, NODE_COUNTS, portsTwice, type Listeners, type NodeCount, type Ports } from "../docker/nodes.js";
import { UI_PORT } from "../docker/ui-files.js";
import type { BrokerArgs } from "../provision/args.js";
import { kubernetesSettings, type KubernetesSettings } from "./kubernetes-settings.js";

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
  /** Of the live page, on 127.0.0.1; none: it is off. */
  readonly uiPort: number | undefined;
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
  readonly broker: DockerSettings | ExternalSettings | KubernetesSettings;
  readonly brokerVersion: Version | undefined;
  readonly allowDataLoss: boolean;
  /** Whether what is on the broker already is imported. */
  readonly adopt: boolean;
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

function portsFor(config: pulumi.Config): Ports {
  const of = (name: keyof Ports): number => number(config, PORT_KEYS[name], DEFAULT_PORTS[name], PORT);
  return { amqp: of("amqp"), management: of("management"), metrics: of("metrics"), amqps: of("amqps"), https: of("https") };
}

/** What listens beside the broker's nodes. */
export const toolPorts = ({ monitoring, uiPort }: Pick<DockerSettings, "monitoring" | "uiPort">): ToolPort[] => [
  ...(monitoring ? monitoringPorts(monitoring) : []),
  ...(uiPort === undefined ? [] : [{ tool: "ui", key: "warren:uiPort", port: uiPort }]),
];

/** Throws a WarrenError if two of the stack would listen on one port: whatever is made, one of them could not start. */
function needDifferentPorts(settings: Pick<DockerSettings, "nodes" | "listeners" | "ports" | "monitoring" | "uiPort">): void {
  const { nodes, listeners, ports } = settings;
  const tools = toolPorts(settings);
  const [twice] = portsTwice(ports, nodes, listeners, Object.fromEntries(tools.map(({ tool, port }) => [tool, port])));
  if (!twice) return;
  const own = `each node has the next ports (of TLS, the ones before): leave ${nodes} free from each of ${Object.values(PORT_KEYS).join(", ")}`;
  const others = tools.length === 0 ? "" : `; and give ones of their own to ${tools.map(({ key }) => key).join(", ")}`;
  throw new WarrenError(`Port ${twice.port} would be the ${twice.uses.join(" and the ")} port.`, { remedy: own + others, exitCode: 2 });
}

function inDocker(config: pulumi.Config): DockerSettings {
  const listened = {
    nodes: nodeCount(config),
    listeners: listening(config),
    ports: portsFor(config),
    monitoring: monitoringSettings(config),
    uiPort: boolean(config, "ui") ? number(config, "uiPort", UI_PORT, PORT) : undefined,
  };
  needDifferentPorts(listened);
  return {
    kind: "docker",
    image: text(config, "image") ?? DEFAULT_IMAGE,
    ...listened,
    certificateDays: number(config, "certificateDays", 90, [1, 800]),
    memoryMb: number(config, "memoryMb", 1024, [256, 1_048_576]),
    workerImage: text(config, "workerImage"),
    workers: boolean(config, "workers") ? number(config, "workerReplicas", 1, [1, 20]) : 0,
    load: boolean(config, "load") ? number(config, "loadRate", 20, [1, 10_000]) : 0,
    adminPassword: secretText(config, "adminPassword"),
  };
}

const BROKERS = { docker: inDocker, external, kubernetes: kubernetesSettings } as const;

/** Throws a WarrenError that names the key, its value, and what could stand there. */
export function readSettings(): Settings {
  const config = new pulumi.Config("warren");
  const broker = text(config, "broker") ?? "docker";
  const read = Object.hasOwn(BROKERS, broker) ? BROKERS[broker as keyof typeof BROKERS] : undefined;
  if (!read) throw wrong("broker", broker, Object.keys(BROKERS));
  const adopt = boolean(config, "adopt");
  if (adopt && broker !== "external") {
    throw new WarrenError(
      `warren:adopt is true, and warren:broker is ${JSON.stringify(broker)}: only a broker that is there can be adopted.`,
      {
        remedy:
          "pulumi config set warren:broker external, with warren:endpoint, warren:username and warren:password; or take warren:adopt out",
        exitCode: 2,
      },
    );
  }
  const version = text(config, "brokerVersion");
  const brokerVersion = VERSIONS.find((known) => known === version);
  if (version !== undefined && brokerVersion === undefined) throw wrong("brokerVersion", version, VERSIONS);
  return {
    system: text(config, "system") ?? "contextiq",
    environment: text(config, "environment") ?? pulumi.getStack(),
    broker: read(config),
    brokerVersion,
    allowDataLoss: boolean(config, "allowDataLoss"),
    adopt,
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
