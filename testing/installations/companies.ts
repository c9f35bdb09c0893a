/** Installations as companies have them: several vhosts, links to other brokers, streams, devices, and what is left of older versions. */
import { bind, classic, exchange, exported, parameter, policy, queue, rights, topics, user } from "./parts.js";

const tenant = (name: string, size: number): object => ({
  metadata: { description: `tenant ${name}`, tags: ["tenant"], default_queue_type: "quorum" },
  queues: [queue("jobs", { "x-max-priority": 5 }, {}), queue("results", { "x-message-ttl": 3_600_000 })].map((one, index) =>
    index === 0 ? classic("jobs", { "x-queue-type": "classic", "x-max-priority": 5 }) : one,
  ),
  exchanges: [exchange("work", "direct")],
  bindings: [bind("work", "jobs", "job"), bind("work", "results", "result")],
  policies: [policy("sizes", "^(jobs|results)$", { "max-length": size, overflow: "reject-publish" }, { priority: 5 })],
  parameters: [
    parameter("vhost-limits", "limits", { "max-connections": 100, "max-queues": 20 }),
    parameter("operator_policy", "ceiling", { pattern: ".*", "apply-to": "queues", priority: 0, definition: { "max-length": 1_000_000 } }),
  ],
});

/** A vhost for each customer, with limits, and people who see several. */
export const tenants = exported({
  vhosts: { "tenant-a": tenant("a", 10_000), "tenant-b": tenant("b", 50_000), "1st/tenant": tenant("first", 2000) },
  users: [
    user("tenant-a", [], { "max-connections": 20 }),
    user("tenant-b"),
    user("support", ["management"]),
    user("prometheus", ["monitoring"]),
    user("root", ["administrator"]),
  ],
  permissions: [
    rights("tenant-a", "tenant-a", "", "^work$", "^(jobs|results)$"),
    rights("tenant-b", "tenant-b", "", "^work$", "^jobs$"),
    rights("support", "tenant-a", "", "", ".*"),
    rights("support", "tenant-b", "", "", ".*"),
    ...["tenant-a", "tenant-b", "1st/tenant"].map((vhost) => rights("root", vhost, ".*", ".*", ".*")),
  ],
  globalParameters: [{ name: "release", value: { notes: "2024-09", hooks: ["https://hooks.example"] } }],
});

/** Two sites: federation with a set, shovels, credentials in URIs, a parameter of a plugin. */
export const sites = exported({
  vhosts: {
    logistics: {
      queues: [
        queue("parcels", { "x-single-active-consumer": true }),
        queue("parcels.remote"),
        classic("federation: parcels -> rabbit@eu", { "x-internal-purpose": "federation" }),
      ],
      exchanges: [
        exchange("parcels", "topic"),
        exchange("federation: parcels", "x-federation-upstream", { "x-internal-purpose": "federation" }, { internal: true }),
      ],
      bindings: [
        bind("parcels", "parcels", "eu.#"),
        bind("parcels", "federation: parcels -> rabbit@eu", "eu.#"),
        bind("amq.topic", "parcels.remote", "remote.*"),
        bind("amq.rabbitmq.event", "parcels.remote", "queue.*"),
      ],
      policies: [
        policy("federate", "^parcels$", { "federation-upstream-set": "others" }, { "apply-to": "exchanges", priority: 1 }),
        policy("parcels", "^parcels$", { "delivery-limit": 3, "message-ttl": 86_400_000 }, { "apply-to": "quorum_queues", priority: 10 }),
      ],
      parameters: [
        parameter("federation-upstream", "eu", {
          uri: "amqps://fed:s3cret@eu.example:5671/logistics",
          expires: 3_600_000,
          "ack-mode": "on-confirm",
        }),
        parameter("federation-upstream", "us", { uri: ["amqp://fed:other@us-1.example", "amqp://fed:other@us-2.example"] }),
        parameter("federation-upstream-set", "others", [{ upstream: "eu" }, { upstream: "us" }]),
        parameter("shovel", "archive", {
          "src-protocol": "amqp091",
          "src-uri": "amqp:///logistics",
          "src-queue": "parcels.remote",
          "src-predeclared": true,
          "dest-protocol": "amqp091",
          "dest-uri": "amqp://shovel:pa55@archive.example",
          "dest-exchange": "archive",
          "dest-exchange-key": "parcels",
        }),
        parameter("shovel", "to-amqp10", {
          "src-protocol": "amqp091",
          "src-uri": "amqp://",
          "src-queue": "parcels",
          "dest-protocol": "amqp10",
          "dest-uri": "amqps://bus:key@bus.example",
          "dest-address": "parcels",
        }),
      ],
    },
  },
  users: [user("shovel")],
  permissions: [rights("shovel", "logistics", "", "^amq\\.default$", "^parcels\\.remote$")],
});

/** Telemetry: streams, a super stream, hashing, headers. */
export const telemetry = exported({
  vhosts: {
    telemetry: {
      queues: [
        queue("raw", { "x-queue-type": "stream", "x-max-age": "7D", "x-max-length-bytes": 20_000_000_000 }),
        ...["0", "1", "2"].map((key) => queue(`metrics-${key}`, { "x-queue-type": "stream", "x-max-age": "12h" })),
        ...["shard-1", "shard-2", "shard-3"].map((name) => queue(name, { "x-max-length": 100_000, "x-overflow": "reject-publish" })),
        queue("pdf"),
        queue("large"),
      ],
      exchanges: [
        exchange("metrics", "direct", { "x-super-stream": true }),
        exchange("shards", "x-consistent-hash", { "hash-header": "device" }),
        exchange("documents", "headers"),
        exchange("all", "fanout", {}, { internal: true }),
      ],
      bindings: [
        ...["0", "1", "2"].map((key, order) => bind("metrics", `metrics-${key}`, key, { "x-stream-partition-order": order })),
        ...["shard-1", "shard-2", "shard-3"].map((name) => bind("shards", name, "10")),
        bind("documents", "pdf", "", { "x-match": "all", format: "pdf", pages: 1 }),
        bind("documents", "large", "", { "x-match": "any", large: true, format: "tiff" }),
        bind("all", "raw"),
        bind("amq.fanout", "all", "", {}, "exchange"),
      ],
      policies: [
        policy("metrics", "^metrics-(0|1|2)$", { "stream-max-segment-size-bytes": 100_000_000 }, { "apply-to": "streams", priority: 10 }),
      ],
    },
  },
  users: [user("collector"), user("telemetry.dashboards")],
  permissions: [
    rights("collector", "telemetry", "", "^(amq\\.fanout|documents|shards)$", ""),
    rights("telemetry.dashboards", "telemetry", "", "", "^(metrics-.+|raw)$"),
  ],
});

/** Devices over MQTT: the broker's own topic exchange, keys by topic permissions, sessions of clients. */
export const devices = exported({
  vhosts: {
    iot: {
      queues: [
        queue("readings", { "x-message-ttl": 900_000 }),
        queue("commands"),
        classic("mqtt-subscription-meter-17qos1", { "x-expires": 86_400_000 }),
        {
          name: "mqtt-subscription-meter-18qos0",
          durable: true,
          auto_delete: false,
          type: "rabbit_mqtt_qos0_queue",
          arguments: { "x-queue-type": "MQTT-QoS0" },
        },
        classic("amq.gen-Jz2f9kq8", {}, { durable: false, auto_delete: true }),
        {
          name: "sessions",
          durable: true,
          auto_delete: false,
          type: "delayed-by-plugin",
          arguments: { "x-queue-type": "delayed-by-plugin" },
        },
      ],
      bindings: [
        bind("amq.topic", "readings", "meters.*.reading"),
        bind("amq.topic", "commands", "meters.*.command"),
        bind("amq.topic", "mqtt-subscription-meter-17qos1", "meters.17.command"),
        bind("amq.topic", "amq.gen-Jz2f9kq8", "#"),
        bind("amq.topic", "sessions", "sessions"),
      ],
    },
  },
  users: [user("meters"), user("ingest"), user("legacy")].map((one, index) =>
    index === 2 ? { ...one, hashing_algorithm: "rabbit_password_hashing_md5" } : one,
  ),
  permissions: [
    rights("meters", "iot", "^mqtt-subscription-.*", "^(amq\\.topic|mqtt-subscription-.*)$", "^(amq\\.topic|mqtt-subscription-.*)$"),
    rights("ingest", "iot", "", "", "^readings$"),
    rights("legacy", "iot", "", "^amq\\.topic$", ""),
  ],
  topicPermissions: [
    topics("meters", "iot", "amq.topic", "^meters\\.[^.]+\\.reading$", "^meters\\.[^.]+\\.command$"),
    topics("legacy", "iot", "amq.topic", "^meters\\.[^.]+\\.reading$", "^$"),
  ],
});

/** OpenStack on 3.13: mirrored queues by a policy that RabbitMQ 4 no longer knows, replies, fanouts. */
export const openStack = exported({
  version: "3.13.7",
  vhosts: {
    nova: {
      queues: [
        ...["conductor", "scheduler", "compute.node-1", "compute.node-2"].map((name) => classic(name)),
        classic("reply_3d0f7c2b9a", { "x-expires": 1_800_000 }),
        classic("scheduler_fanout_71aa", { "x-expires": 1_800_000 }),
      ],
      exchanges: [exchange("nova", "topic"), exchange("scheduler_fanout", "fanout"), exchange("reply_3d0f7c2b9a", "direct")],
      bindings: [
        ...["conductor", "scheduler", "compute.node-1", "compute.node-2"].map((name) => bind("nova", name, name)),
        bind("reply_3d0f7c2b9a", "reply_3d0f7c2b9a", "reply_3d0f7c2b9a"),
        bind("scheduler_fanout", "scheduler_fanout_71aa"),
      ],
      policies: [policy("ha-all", "^(?!(amq\\.)|(.*_fanout_)|(reply_)).*", { "ha-mode": "all" }, { "apply-to": "all" })],
    },
  },
  users: [user("openstack", ["administrator"]), user("nova")],
  permissions: [rights("openstack", "nova", ".*", ".*", ".*"), rights("nova", "nova", ".*", ".*", ".*")],
});
