/** Users who may more, or less, than the topology says. */
import type { Mutation } from "../mutation.js";

const topology = {
  exchanges: { events: { type: "topic" }, audit: { type: "fanout" }, inbox: { type: "topic" } },
  queues: {
    orders: { type: "quorum", from: { events: "order.*" }, maxLength: 100 },
    log: { type: "classic", from: { audit: "" }, maxLength: 100 },
  },
  templates: { instance: { name: "{type}-{id}", type: "quorum", from: { inbox: "message.{id}" }, expires: "1 hour", maxLength: 100 } },
  messages: { created: { to: "events", key: "order.created" } },
  services: {
    shop: { publishes: ["created"] },
    billing: { consumes: ["orders"] },
    chat: { instances: { instance: { type: "chat" } } },
    mail: { instances: { instance: { type: "mail" } } },
  },
} as const;
const probe = "permissions";

export const permissions: readonly Mutation[] = [
  {
    probe,
    name: "a permission to publish is widened",
    topology,
    change: ({ management, vhost }) =>
      management.putPermission(vhost, `${vhost}.shop`, { configure: "", write: "^(events|audit)$", read: "" }),
    says: /user ".*\.shop" may publish to exchange "audit", which the topology does not say/,
  },
  {
    probe,
    name: "a permission to consume is widened",
    topology,
    change: ({ management, vhost }) => management.putPermission(vhost, `${vhost}.billing`, { configure: "", write: "", read: ".*" }),
    says: /user ".*\.billing" may consume from queue "log", which the topology does not say/,
  },
  {
    probe,
    name: "a permission is taken away",
    topology,
    change: ({ management, vhost }) => management.putPermission(vhost, `${vhost}.billing`, { configure: "", write: "", read: "^log$" }),
    says: /user ".*\.billing" may not consume from queue "orders", which the topology says it may/,
  },
  {
    probe,
    name: "a permission to declare is given",
    topology,
    change: ({ management, vhost }) =>
      management.putPermission(vhost, `${vhost}.billing`, { configure: "^events$", write: "", read: "^orders$" }),
    says: /user ".*\.billing" may declare exchange "events", which the topology does not say/,
  },
  {
    probe,
    name: "a topic permission is removed",
    topology,
    change: ({ management, vhost }) => management.deleteTopicPermission(vhost, `${vhost}.shop`, "events"),
    says: /user ".*\.shop" may publish to exchange "events" with key "order\.other", which the topology does not say/,
  },
  {
    probe,
    name: "a topic permission to bind is widened",
    topology,
    change: ({ management, vhost }) => management.putTopicPermission(vhost, `${vhost}.chat`, { exchange: "inbox", write: "", read: ".*" }),
    says: /user ".*\.chat" may bind .* to exchange "inbox" with key "warren-other", which the topology does not say/,
  },
  {
    probe,
    name: "an instance may declare the queues of another service's",
    topology,
    change: async ({ management, vhost }) => {
      const { configure, write, read } = (await management.getPermission(vhost, `${vhost}.chat`)) ?? { configure: "", write: "", read: "" };
      await management.putPermission(vhost, `${vhost}.chat`, { configure: `${configure}|^mail-`, write, read });
    },
    says: /user ".*\.chat" may declare queue "mail-warren-other", which the topology does not say/,
  },
  {
    probe,
    name: "all permissions of a user are removed",
    topology,
    change: ({ management, vhost }) => management.deletePermission(vhost, `${vhost}.billing`),
    says: /user ".*\.billing" has no permissions in vhost/,
  },
];
