/** Short words for RabbitMQ's definitions, as a broker exports them. */

type Arguments = { readonly [name: string]: unknown };

export interface Objects {
  readonly queues?: readonly object[];
  readonly exchanges?: readonly object[];
  readonly bindings?: readonly object[];
  readonly policies?: readonly object[];
  readonly parameters?: readonly object[];
}

export const queue = (name: string, given: Arguments = {}, more: object = {}): object => ({
  name,
  durable: true,
  auto_delete: false,
  arguments: { "x-queue-type": "quorum", ...given },
  ...more,
});

/** As old clients declare it: without a type. */
export const classic = (name: string, given: Arguments = {}, more: object = {}): object => ({
  name,
  durable: true,
  auto_delete: false,
  type: "classic",
  arguments: given,
  ...more,
});

export const exchange = (name: string, type: string, given: Arguments = {}, more: object = {}): object => ({
  name,
  type,
  durable: true,
  auto_delete: false,
  internal: false,
  arguments: given,
  ...more,
});

export const bind = (source: string, destination: string, key = "", given: Arguments = {}, to = "queue"): object => ({
  source,
  destination,
  destination_type: to,
  routing_key: key,
  arguments: given,
});

export const policy = (name: string, pattern: string, definition: object, more: object = {}): object => ({
  name,
  pattern,
  "apply-to": "queues",
  priority: 0,
  definition,
  ...more,
});

export const parameter = (component: string, name: string, value: unknown): object => ({ component, name, value });

/** A salted hash like any other. */
export const HASH = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR";

export const user = (name: string, tags: readonly string[] = [], limits: object = {}): object => ({
  name,
  password_hash: HASH,
  hashing_algorithm: "rabbit_password_hashing_sha256",
  tags,
  limits,
});

export const rights = (name: string, vhost: string, configure: string, write: string, read: string): object => ({
  user: name,
  vhost,
  configure,
  write,
  read,
});

export const topics = (name: string, vhost: string, of: string, write: string, read: string): object => ({
  user: name,
  vhost,
  exchange: of,
  write,
  read,
});

export interface Exported {
  readonly version?: string;
  readonly vhosts: { readonly [name: string]: Objects & { readonly metadata?: object } };
  readonly users?: readonly object[];
  readonly permissions?: readonly object[];
  readonly topicPermissions?: readonly object[];
  readonly globalParameters?: readonly object[];
}

/** `GET /api/definitions` */
export function exported({
  version = "4.3.6",
  vhosts,
  users = [],
  permissions = [],
  topicPermissions = [],
  globalParameters = [],
}: Exported): object {
  const all = (key: keyof Objects): object[] =>
    Object.entries(vhosts).flatMap(([vhost, objects]) => (objects[key] ?? []).map((item) => ({ ...item, vhost })));
  return {
    rabbit_version: version,
    rabbitmq_version: version,
    product_name: "RabbitMQ",
    vhosts: Object.entries(vhosts).map(([name, { metadata }]) => ({
      name,
      description: "",
      tags: [],
      metadata: { description: "", tags: [], default_queue_type: "classic", ...metadata },
    })),
    users,
    permissions,
    topic_permissions: topicPermissions,
    global_parameters: [{ name: "internal_cluster_id", value: "rabbitmq-cluster-id-x" }, ...globalParameters],
    parameters: all("parameters"),
    policies: all("policies"),
    queues: all("queues"),
    exchanges: all("exchanges"),
    bindings: all("bindings"),
  };
}
