/** The stack's configuration, read in one place; `Pulumi.yaml` describes every key. */
import * as pulumi from "@pulumi/pulumi";
import { WarrenError } from "../topology/errors.js";
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

const wrong = (key: string, value: unknown, allowed: readonly string[]): WarrenError =>
  new WarrenError(`warren:${key} is ${JSON.stringify(value)}.`, {
    allowed,
    remedy: `pulumi config set warren:${key} VALUE (Pulumi.yaml describes every key)`,
    exitCode: 2,
  });

/** A value that is set; an empty one, as in the defaults of Pulumi.yaml, is none. */
const text = (config: pulumi.Config, key: string): string | undefined => config.get(key) || undefined;

/** What is secret must not stand in the stack's file in clear. */
function needSecret(key: string): void {
  // The SDK keeps to itself what it knows of this.
  const encrypted = JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "[]") as string[];
  if (encrypted.includes(`warren:${key}`)) return;
  throw new WarrenError(`warren:${key} stands in clear in the stack's configuration.`, {
    remedy: `take it out (pulumi config rm warren:${key}), choose another value, and set that with pulumi config set --secret`,
    exitCode: 2,
  });
}

function secretText(config: pulumi.Config, key: string): string | undefined {
  const value = text(config, key);
  if (value !== undefined) needSecret(key);
  return value;
}

function boolean(config: pulumi.Config, key: string, fallback = false): boolean {
  const value = text(config, key) ?? String(fallback);
  if (value !== "true" && value !== "false") throw wrong(key, value, ["true", "false"]);
  return value === "true";
}

function number(config: pulumi.Config, key: string, fallback: number, [least, most]: readonly [number, number]): number {
  const digits = text(config, key) ?? String(fallback);
  const value = Number(digits);
  if (!/^\d+$/.test(digits) || value < least || value > most) throw wrong(key, digits, [`whole numbers from ${least} to ${most}`]);
  return value;
}

const PORT = [1, 65_535] as const;

/** An object of texts, each of them a secret from here on. */
function secretTexts(config: pulumi.Config, key: string): Record<string, pulumi.Output<string>> {
  const entries = Object.entries(readObject(config, key));
  if (entries.length > 0) needSecret(key);
  return Object.fromEntries(
    entries.map(([name, value]) => {
      // Pulumi reads a text of digits as a number.
      if (typeof value !== "string" && typeof value !== "number") throw wrong(`${key}["${name}"]`, "(secret)", ["a text"]);
      return [name, pulumi.secret(String(value))];
    }),
  );
}

function readObject(config: pulumi.Config, key: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = config.getObject<unknown>(key) ?? {};
  } catch {
    value = undefined;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new WarrenError(`warren:${key} is not an object of names and texts.`, {
    remedy: `pulumi config set --secret --path 'warren:${key}["NAME"]' (it asks for the value)`,
    exitCode: 2,
  });
}

function need(config: pulumi.Config, key: string, secret: boolean): string {
  const value = secret ? secretText(config, key) : text(config, key);
  if (value !== undefined) return value;
  throw new WarrenError(`warren:${key} is not set; an external broker needs it.`, {
    remedy: secret ? `pulumi config set --secret warren:${key} (it asks for the value)` : `pulumi config set warren:${key} VALUE`,
    exitCode: 2,
  });
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
  const listeners = { tls: boolean(config, "tls"), plain: boolean(config, "plain", true) };
  if (listeners.tls || listeners.plain) return listeners;
  throw new WarrenError("warren:plain is false, and warren:tls is not true: the broker would listen nowhere.", {
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
