/** One node of the dev broker: its volume, its container, and its place in the cluster. */
import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../provision/connection.js";
import { globalName } from "../provision/identity.js";
import { OwnResource } from "../provision/own/resource.js";
import { containerName, type DockerBrokerArgs } from "./broker.js";
import { FINGERPRINT_LABEL } from "./commands.js";
import { bootDefinitions, brokerConf, COOKIE_FILE, DEFINITIONS_FILE, enabledPlugins, TLS_FOLDER } from "./files.js";
import { INSIDE, nodeName, nodeNames, published, type Listeners, type Ports } from "./nodes.js";

export const LOGS = { logDriver: "json-file", logOpts: { "max-size": "10m", "max-file": "3" } };

export const labelsOf = (stack: string): { label: string; value: string }[] => [{ label: "warren.stack", value: stack }];

export interface NodeParts {
  readonly parent: pulumi.Resource;
  readonly args: DockerBrokerArgs;
  readonly node: string;
  readonly index: number;
  readonly count: number;
  readonly image: docker.RemoteImage;
  readonly network: docker.Network;
  readonly ports: Ports;
  readonly listeners: Listeners;
  readonly connection: pulumi.Output<Connection>;
  readonly dependsOn: readonly pulumi.Resource[];
}

export interface Node {
  readonly container: docker.Container;
  /** None where the node is alone. */
  readonly member: pulumi.Resource | undefined;
}

export function registerNode(parts: NodeParts): Node {
  const { parent, args, node, count, dependsOn } = parts;
  const volume = new docker.Volume(`${node}-data`, { name: containerName(args.prefix, node), labels: labelsOf(args.stack) }, { parent });
  const what = { image: parts.image.imageId, uploads: filesOf(parts), ports: portsOf(parts), ...limitsOf(args) };
  const fingerprint = pulumi.unsecret(pulumi.output(what).apply(hashOf));
  const turn = count > 1 ? [registerTurn(parts, fingerprint)] : [];
  const container = new docker.Container(
    node,
    {
      name: containerName(args.prefix, node),
      ...what,
      // The node's name is in its data folder, and comes from the host's name.
      hostname: node,
      networksAdvanced: [{ name: parts.network.name, aliases: [node] }],
      volumes: [{ volumeName: volume.name, containerPath: "/var/lib/rabbitmq" }],
      healthcheck: healthOf(parts.listeners),
      restart: "unless-stopped",
      mustRun: true,
      // Time to close queues and connections in order.
      destroyGraceSeconds: 30,
      labels: [...labelsOf(args.stack), { label: FINGERPRINT_LABEL, value: fingerprint }],
      ...LOGS,
    },
    { parent, deleteBeforeReplace: true, dependsOn: [...dependsOn, ...turn] },
  );
  return { container, member: count > 1 ? registerMember(parts, container) : undefined };
}

/** Of random secrets among others: it tells nothing of them. */
const hashOf = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");

function filesOf({ args, node, index, listeners }: NodeParts): docker.types.input.ContainerUpload[] {
  const { name, password, salt } = args.administrator;
  const definitions = pulumi.all([password, salt]).apply(([clear, from]) => bootDefinitions({ name, password: clear, salt: from }));
  const conf = brokerConf({
    memoryMb: args.memoryMb ?? 1024,
    // The first node names nobody, so that it stays as it is when others come.
    peers: index === 0 ? undefined : nodeNames(index + 1),
    tls: listeners.tls ? { plain: listeners.plain } : undefined,
  });
  return [
    { file: "/etc/rabbitmq/conf.d/50-warren.conf", content: conf },
    { file: "/etc/rabbitmq/enabled_plugins", content: enabledPlugins(args.plugins) },
    { file: DEFINITIONS_FILE, content: pulumi.secret(definitions) },
    { file: COOKIE_FILE, content: pulumi.secret(args.cookie), permissions: "0600" },
    ...tlsFiles(args, node, index),
  ];
}

function tlsFiles({ tls }: DockerBrokerArgs, node: string, index: number): docker.types.input.ContainerUpload[] {
  if (!tls) return [];
  const own = tls.certificates[index];
  if (!own) throw new Error(`There is no certificate for ${node}.`);
  return [
    { file: `${TLS_FOLDER}/ca.pem`, content: own.ca },
    { file: `${TLS_FOLDER}/server.pem`, content: own.cert },
    // Uploaded as root's, and not every image gives this folder to the broker's user; nobody else is in the container.
    { file: `${TLS_FOLDER}/server.key`, content: pulumi.secret(own.key), permissions: "0444" },
  ];
}

const portsOf = ({ ports, listeners }: NodeParts): { internal: number; external: number; ip: string }[] =>
  published(listeners).map((name) => ({ internal: INSIDE[name], external: ports[name], ip: "127.0.0.1" }));

const limitsOf = ({ memoryMb = 1024 }: DockerBrokerArgs): { memory: number; memorySwap: number } => ({
  memory: memoryMb,
  // As Docker itself sets it; left out, it would look like a change.
  memorySwap: 2 * memoryMb,
});

/** Whether every listener takes a connection: what `rabbitmq-diagnostics check_port_connectivity` asks, without starting a virtual machine for it. */
function healthOf(listeners: Listeners): docker.types.input.ContainerHealthcheck {
  const ports = published(listeners).map((name) => INSIDE[name]);
  const check = `for port in ${ports.join(" ")}; do exec 3<>/dev/tcp/127.0.0.1/$port || exit 1; done`;
  return { tests: ["CMD", "bash", "-c", check], interval: "15s", timeout: "15s", retries: 4, startPeriod: "1m0s" };
}

/** After the member before it: otherwise all nodes would be drained at once. */
function registerTurn({ parent, args, node, count, dependsOn }: NodeParts, fingerprint: pulumi.Input<string>): pulumi.Resource {
  const spec = { container: containerName(args.prefix, node), node: `rabbit@${node}`, fingerprint, alone: count === 1 };
  return new OwnResource("turn", globalName("turn", node), { spec }, { parent, dependsOn: [...dependsOn] });
}

/** With the broker as a whole nothing is taken out of the cluster first: there is nobody to keep it. */
function registerMember({ parent, args, node, connection }: NodeParts, container: docker.Container): pulumi.Resource {
  const seat = containerName(args.prefix, nodeName(0));
  const spec = { node: `rabbit@${node}`, container: containerName(args.prefix, node), seat, instance: container.id };
  return new OwnResource(
    "member",
    globalName("member", node),
    { spec, connection },
    { parent, dependsOn: [container], deletedWith: parent },
  );
}
