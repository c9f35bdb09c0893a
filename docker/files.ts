/** The files that a broker's container starts with. Pure. */
import { passwordHash, stableSalt } from "../broker/password.js";

/** As Erlang reads it: `[rabbitmq_management,rabbitmq_prometheus].` */
export const enabledPlugins = (plugins: readonly string[]): string => `[${plugins.join(",")}].\n`;

export const DEFINITIONS_FILE = "/etc/rabbitmq/warren-definitions.json";

/** A fragment of `rabbitmq.conf`. The administrator comes from the definitions, and with them the broker makes no default user. */
export function brokerConf(memoryMb: number): string {
  return [
    "# Written by Warren.",
    `load_definitions = ${DEFINITIONS_FILE}`,
    "log.console = true",
    "log.console.level = info",
    "# The broker reads no limit of a control group of version 1.",
    `total_memory_available_override_value = ${memoryMb}MB`,
    "disk_free_limit.absolute = 256MB",
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
