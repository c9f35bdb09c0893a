/** A RabbitMQ broker in Docker on this machine, for development: one node or a cluster, and the wait until it answers. */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../provision/connection.js";
import { globalName } from "../provision/identity.js";
import { OwnResource } from "../provision/own/resource.js";
import { labelsOf, registerNode, type Node } from "./node.js";
import { DEFAULT_PORTS, INSIDE, nodeName, nodeNames, portsOf, type Listeners, type Ports } from "./nodes.js";

export interface NodeCertificates {
  /** Of the authority, PEM. */
  readonly ca: string;
  /** The node's, PEM. */
  readonly cert: string;
  readonly key: pulumi.Input<string>;
}

export interface DockerBrokerArgs {
  /** Begins the names of everything in Docker: `warren-dev`. */
  readonly prefix: string;
  /** Value of the label `warren.stack` on everything in Docker. */
  readonly stack: string;
  /** @default "rabbitmq:4.3-management" */
  readonly image?: string;
  /** Nodes of the cluster: an odd number. @default 1 */
  readonly nodes?: number;
  /** Those of the first node, on 127.0.0.1; each further node has the next ones (of TLS, the ones before). @default DEFAULT_PORTS */
  readonly ports?: Partial<Ports>;
  /** With TLS: a certificate for each node, and where its authority's lies, PEM. */
  readonly tls?: { readonly certificates: readonly NodeCertificates[]; readonly caFile: string };
  /** Whether AMQP and HTTP listen without TLS too. @default true */
  readonly plain?: boolean;
  /** Limit of each container's memory. @default 1024 */
  readonly memoryMb?: number;
  /** Enabled plugins. */
  readonly plugins: readonly string[];
  /** What the nodes know each other by. */
  readonly cookie: pulumi.Input<string>;
  /** The administrator; in the containers only the salted hash of its password is known. */
  readonly administrator: { readonly name: string; readonly password: pulumi.Input<string>; readonly salt: pulumi.Input<string> };
}

export const DEFAULT_IMAGE = "rabbitmq:4.3-management";
const START_SECONDS = 120;

export const containerName = (prefix: string, node = nodeName(0)): string => `${prefix}-${node}`;

/** Where the broker is reached from this machine, by node. */
export function addressesOf(
  ports: Ports,
  count: number,
  { tls, plain }: Listeners,
): { management: string; amqp: string; metrics: string }[] {
  return nodeNames(count).map((_, index) => {
    const own = portsOf(ports, index);
    return {
      management: plain || !tls ? `http://127.0.0.1:${own.management}` : `https://127.0.0.1:${own.https}`,
      amqp: plain || !tls ? `amqp://127.0.0.1:${own.amqp}` : `amqps://127.0.0.1:${own.amqps}`,
      metrics: `http://127.0.0.1:${own.metrics}/metrics`,
    };
  });
}

export class Broker extends pulumi.ComponentResource {
  /** How provisioning reaches it. A secret, for it holds the password. */
  readonly connection: pulumi.Output<Connection>;
  /** Of the first node, without credentials: `amqp://127.0.0.1:5672`. */
  readonly amqpUrl: string;
  /** Of all nodes. */
  readonly amqpUrls: readonly string[];
  /** With TLS, of all nodes: `amqps://127.0.0.1:5671`. */
  readonly amqpsUrls: readonly string[];
  /** For containers in its network: `amqp://broker-0:5672`, of all nodes; with TLS and nothing else, amqps. */
  readonly insideUrls: readonly string[];
  /** `http://127.0.0.1:15672` */
  readonly managementUrl: string;
  /** `http://127.0.0.1:15692/metrics` */
  readonly metricsUrl: string;
  readonly metricsUrls: readonly string[];
  /** What is to be provisioned in it waits for this. */
  readonly ready: pulumi.Resource;
  readonly network: docker.Network;

  constructor(name: string, args: DockerBrokerArgs, options: pulumi.ComponentResourceOptions = {}) {
    super("warren:docker:Broker", name, {}, options);
    const { nodes = 1, plain = true, tls } = args;
    const ports: Ports = { ...DEFAULT_PORTS, ...args.ports };
    const listeners: Listeners = { tls: tls !== undefined, plain };
    const addresses = addressesOf(ports, nodes, listeners);
    const [first = { management: "", amqp: "", metrics: "" }] = addresses;
    this.managementUrl = first.management;
    this.amqpUrl = first.amqp;
    this.metricsUrl = first.metrics;
    this.amqpUrls = addresses.map(({ amqp }) => amqp);
    this.metricsUrls = addresses.map(({ metrics }) => metrics);
    this.amqpsUrls = tls ? nodeNames(nodes).map((_, index) => `amqps://127.0.0.1:${portsOf(ports, index).amqps}`) : [];
    this.insideUrls = nodeNames(nodes).map((node) => (plain || !tls ? `amqp://${node}:${INSIDE.amqp}` : `amqps://${node}:${INSIDE.amqps}`));
    this.connection = connectionOf(this.managementUrl, args, listeners);

    const image = registerImage(this, args);
    this.network = registerNetwork(this, args);
    const members: Node[] = [];
    for (const [index, node] of nodeNames(nodes).entries()) {
      // One after the other: a new one joins those before it, and of those that restart one is away at a time.
      const dependsOn = members.slice(-1).flatMap(({ member }) => (member ? [member] : []));
      const common = { parent: this, args, image, network: this.network, connection: this.connection };
      members.push(registerNode({ ...common, node, index, count: nodes, ports: portsOf(ports, index), listeners, dependsOn }));
    }
    this.ready = registerReady(this, members, this.connection);
    this.registerOutputs({ amqpUrl: this.amqpUrl, managementUrl: this.managementUrl, metricsUrl: this.metricsUrl });
  }
}

function connectionOf(endpoint: string, { administrator, tls }: DockerBrokerArgs, { plain }: Listeners): pulumi.Output<Connection> {
  const ca = tls && !plain ? { caFile: tls.caFile } : {};
  return pulumi.secret(
    pulumi.output(administrator.password).apply((password) => ({ endpoint, username: administrator.name, password, ...ca })),
  );
}

/** Stays when the stack goes: another one may need it, and it may have been built here. */
function registerImage(parent: Broker, args: DockerBrokerArgs): docker.RemoteImage {
  return new docker.RemoteImage("broker-image", { name: args.image ?? DEFAULT_IMAGE, keepLocally: true }, { parent });
}

function registerNetwork(parent: Broker, args: DockerBrokerArgs): docker.Network {
  return new docker.Network("network", { name: args.prefix, labels: labelsOf(args.stack) }, { parent, deleteBeforeReplace: true });
}

/** Asks the management API itself: a container's health is seen late, and says nothing of the port on this side. */
function registerReady(parent: Broker, nodes: readonly Node[], connection: pulumi.Output<Connection>): OwnResource {
  const containers = nodes.map(({ container }) => container);
  const remedy = pulumi.interpolate`docker logs ${containers[0]?.name} tells why`;
  return new OwnResource(
    "ready",
    globalName("ready", "broker"),
    {
      spec: { broker: pulumi.all(containers.map(({ id }) => id)).apply((ids) => ids.join(",")), timeoutSeconds: START_SECONDS, remedy },
      connection,
    },
    { parent, dependsOn: nodes.flatMap(({ container, member }) => (member ? [container, member] : [container])) },
  );
}
