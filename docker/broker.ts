/** A RabbitMQ broker in Docker on this machine, for development: its image, network, volume and container, and the wait until it answers. */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../provision/connection.js";
import { globalName } from "../provision/identity.js";
import { OwnResource } from "../provision/own/resource.js";
import { bootDefinitions, brokerConf, DEFINITIONS_FILE, enabledPlugins } from "./files.js";

export interface DockerBrokerArgs {
  /** Begins the names of everything in Docker: `warren-dev`. */
  readonly prefix: string;
  /** Value of the label `warren.stack` on everything in Docker. */
  readonly stack: string;
  /** @default "rabbitmq:4.3-management" */
  readonly image?: string;
  /** On 127.0.0.1. @default 5672 */
  readonly amqpPort?: number;
  /** Of the management API and UI, on 127.0.0.1. @default 15672 */
  readonly managementPort?: number;
  /** Of the metrics, on 127.0.0.1. @default 15692 */
  readonly metricsPort?: number;
  /** Limit of the container's memory. @default 1024 */
  readonly memoryMb?: number;
  /** Enabled plugins. */
  readonly plugins: readonly string[];
  /** The administrator; in the container only the salted hash of its password is known. */
  readonly administrator: { readonly name: string; readonly password: pulumi.Input<string>; readonly salt: pulumi.Input<string> };
}

export const DEFAULT_IMAGE = "rabbitmq:4.3-management";
export const DEFAULT_PORTS = { amqp: 5672, management: 15672, metrics: 15692 } as const;

/** One after the other, so that a cluster would take the same way. */
const NODES = ["broker-0"] as const;
type Node = (typeof NODES)[number];

const HEALTH = { interval: "15s", timeout: "15s", retries: 4, startPeriod: "1m0s" };
const LOGS = { logDriver: "json-file", logOpts: { "max-size": "10m", "max-file": "3" } };
const START_SECONDS = 120;

export const containerName = (prefix: string, node: Node = "broker-0"): string => `${prefix}-${node}`;

export class Broker extends pulumi.ComponentResource {
  /** How provisioning reaches it. A secret, for it holds the password. */
  readonly connection: pulumi.Output<Connection>;
  /** Without credentials: `amqp://127.0.0.1:5672`. */
  readonly amqpUrl: string;
  /** `http://127.0.0.1:15672` */
  readonly managementUrl: string;
  /** `http://127.0.0.1:15692/metrics` */
  readonly metricsUrl: string;
  /** What is to be provisioned in it waits for this. */
  readonly ready: pulumi.Resource;

  constructor(name: string, args: DockerBrokerArgs, options: pulumi.ComponentResourceOptions = {}) {
    super("warren:docker:Broker", name, {}, options);
    const { amqpPort = DEFAULT_PORTS.amqp, managementPort = DEFAULT_PORTS.management, metricsPort = DEFAULT_PORTS.metrics } = args;
    this.amqpUrl = `amqp://127.0.0.1:${amqpPort}`;
    this.managementUrl = `http://127.0.0.1:${managementPort}`;
    this.metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
    this.connection = connectionOf(this.managementUrl, args.administrator);

    const image = registerImage(this, args);
    const network = registerNetwork(this, args);
    const files = brokerFiles(args);
    const ports = [
      { internal: 5672, external: amqpPort },
      { internal: 15672, external: managementPort },
      { internal: 15692, external: metricsPort },
    ];
    const containers = NODES.map((node) => registerNode(this, args, { node, image, network, files, ports }));
    this.ready = registerReady(this, containers, this.connection);
    this.registerOutputs({ amqpUrl: this.amqpUrl, managementUrl: this.managementUrl, metricsUrl: this.metricsUrl });
  }
}

function connectionOf(endpoint: string, { name, password }: DockerBrokerArgs["administrator"]): pulumi.Output<Connection> {
  return pulumi.secret(pulumi.output(password).apply((clear) => ({ endpoint, username: name, password: clear })));
}

const labels = ({ stack }: DockerBrokerArgs): { label: string; value: string }[] => [{ label: "warren.stack", value: stack }];

/** Stays when the stack goes: another one may need it, and it may have been built here. */
function registerImage(parent: Broker, args: DockerBrokerArgs): docker.RemoteImage {
  return new docker.RemoteImage("broker-image", { name: args.image ?? DEFAULT_IMAGE, keepLocally: true }, { parent });
}

function registerNetwork(parent: Broker, args: DockerBrokerArgs): docker.Network {
  return new docker.Network("network", { name: args.prefix, labels: labels(args) }, { parent, deleteBeforeReplace: true });
}

function brokerFiles(args: DockerBrokerArgs): pulumi.Input<docker.types.input.ContainerUpload>[] {
  const { name, password, salt } = args.administrator;
  const definitions = pulumi.all([password, salt]).apply(([clear, from]) => bootDefinitions({ name, password: clear, salt: from }));
  return [
    { file: "/etc/rabbitmq/conf.d/50-warren.conf", content: brokerConf(args.memoryMb ?? 1024) },
    { file: "/etc/rabbitmq/enabled_plugins", content: enabledPlugins(args.plugins) },
    { file: DEFINITIONS_FILE, content: pulumi.secret(definitions) },
  ];
}

interface NodeParts {
  readonly node: Node;
  readonly image: docker.RemoteImage;
  readonly network: docker.Network;
  readonly files: pulumi.Input<docker.types.input.ContainerUpload>[];
  readonly ports: readonly { readonly internal: number; readonly external: number }[];
}

function registerNode(parent: Broker, args: DockerBrokerArgs, { node, image, network, files, ports }: NodeParts): docker.Container {
  const volume = new docker.Volume(`${node}-data`, { name: `${args.prefix}-${node}`, labels: labels(args) }, { parent });
  return new docker.Container(
    node,
    {
      name: containerName(args.prefix, node),
      image: image.imageId,
      // The node's name is in its data folder, and comes from the host's name.
      hostname: node,
      networksAdvanced: [{ name: network.name, aliases: [node] }],
      volumes: [{ volumeName: volume.name, containerPath: "/var/lib/rabbitmq" }],
      ports: ports.map((port) => ({ ...port, ip: "127.0.0.1" })),
      uploads: files,
      healthcheck: { tests: ["CMD", "rabbitmq-diagnostics", "-q", "check_port_connectivity"], ...HEALTH },
      restart: "unless-stopped",
      mustRun: true,
      // Time to close queues and connections in order.
      destroyGraceSeconds: 30,
      memory: args.memoryMb ?? 1024,
      // As Docker itself sets it; left out, it would look like a change.
      memorySwap: 2 * (args.memoryMb ?? 1024),
      labels: labels(args),
      ...LOGS,
    },
    { parent, deleteBeforeReplace: true },
  );
}

/** Asks the management API itself: a container's health is seen late, and says nothing of the port on this side. */
function registerReady(parent: Broker, containers: readonly docker.Container[], connection: pulumi.Output<Connection>): OwnResource {
  const remedy = pulumi.interpolate`docker logs ${containers[0]?.name} tells why`;
  return new OwnResource(
    "ready",
    globalName("ready", "broker"),
    {
      spec: { broker: pulumi.all(containers.map(({ id }) => id)).apply((ids) => ids.join(",")), timeoutSeconds: START_SECONDS, remedy },
      connection,
    },
    { parent, dependsOn: [...containers] },
  );
}
