/** The files that a broker's container starts with. Pure. */
import { passwordHash, stableSalt } from "../broker/password.js";

/** As Erlang reads it: `[rabbitmq_management,rabbitmq_prometheus].` */
export const enabledPlugins = (plugins: readonly string[]): string => `[${plugins.join(",")}].\n`;

export const DEFINITIONS_FILE = "/etc/rabbitmq/warren-definitions.json";
/** Holds `ca.pem`, `server.pem` and `server.key`. */
export const TLS_FOLDER = "/etc/rabbitmq/warren-tls";
/** In the data folder: it has to be the same on all nodes, and the commands inside the container read it there too. */
export const COOKIE_FILE = "/var/lib/rabbitmq/.erlang.cookie";

/** The listeners of AMQP and of the management API, with certificates from a folder. Without `plain`, nothing else listens there. */
export const tlsLines = (folder: string, { plain }: { readonly plain: boolean }): string[] => [
  ...(plain ? ["management.tcp.port = 15672"] : ["listeners.tcp = none"]),
  "listeners.ssl.1 = 5671",
  "management.ssl.port = 15671",
  ...["ssl_options", "management.ssl"].flatMap((options) => [
    `${options}.cacertfile = ${folder}/ca.pem`,
    `${options}.certfile = ${folder}/server.pem`,
    `${options}.keyfile = ${folder}/server.key`,
  ]),
];

/** A node that is new looks for these and joins them; one that is a member already knows its cluster. */
export const peerLines = (hosts: readonly string[]): string[] => [
  "cluster_formation.peer_discovery_backend = classic_config",
  ...hosts.map((host, index) => `cluster_formation.classic_config.nodes.${index + 1} = rabbit@${host}`),
  "cluster_formation.discovery_retry_interval = 500",
];

export interface BrokerConf {
  readonly memoryMb: number;
  /** Hosts that the node joins when it is new, itself included; none: it begins a cluster. */
  readonly peers?: readonly string[] | undefined;
  /** With TLS; whether AMQP and HTTP without it listen too. */
  readonly tls?: { readonly plain: boolean } | undefined;
}

/** A fragment of `rabbitmq.conf`. The administrator comes from the definitions, and with them the broker makes no default user. */
export function brokerConf({ memoryMb, peers, tls }: BrokerConf): string {
  return [
    "# Written by Warren.",
    `load_definitions = ${DEFINITIONS_FILE}`,
    "log.console = true",
    "log.console.level = info",
    "# The broker reads no limit of a control group of version 1.",
    `total_memory_available_override_value = ${memoryMb}MB`,
    "disk_free_limit.absolute = 256MB",
    "# Else the node that provisions would lead every queue.",
    "queue_leader_locator = balanced",
    ...(peers ? peerLines(peers) : []),
    ...(tls ? tlsLines(TLS_FOLDER, tls) : []),
    "",
  ].join("\n");
}

export interface Administrator {
  readonly name: string;
  readonly password: string;
  /** Where the salt of the hash comes from. */
  readonly salt: string;
}

/** What the broker imports at every start: one administrator, by the hash of the password. */
export function bootDefinitions({ name, password, salt }: Administrator): string {
  const user = {
    name,
    password_hash: passwordHash(password, stableSalt(salt, name)),
    hashing_algorithm: "rabbit_password_hashing_sha256",
    tags: ["administrator"],
  };
  return `${JSON.stringify({ users: [user] }, null, 2)}\n`;
}
