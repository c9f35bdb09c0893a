/** Installations as well-known frameworks leave them on a broker. */
import { bind, classic, exchange, exported, policy, queue, rights, user } from "./parts.js";

/** Celery with Django: priorities, events, one mailbox for each worker. */
export const celery = exported({
  vhosts: {
    "/": {
      metadata: { description: "Default virtual host" },
      queues: [
        classic("celery", { "x-max-priority": 10 }),
        classic("emails", { "x-max-priority": 10 }),
        classic("reports"),
        classic("celery@web-1.celery.pidbox", { "x-expires": 10_000, "x-message-ttl": 300_000 }, { durable: false, auto_delete: true }),
        classic("celeryev.8f5e3c1a", { "x-expires": 60_000, "x-message-ttl": 5000 }, { durable: false, auto_delete: true }),
      ],
      exchanges: [
        exchange("celery", "direct"),
        exchange("celeryev", "topic"),
        exchange("celery.pidbox", "fanout", {}, { durable: false }),
        exchange("reply.celery.pidbox", "direct", {}, { durable: false }),
        exchange("emails", "direct"),
      ],
      bindings: [
        bind("celery", "celery", "celery"),
        bind("emails", "emails", "emails"),
        bind("celery", "reports", "reports"),
        bind("celery.pidbox", "celery@web-1.celery.pidbox"),
        bind("celeryev", "celeryev.8f5e3c1a", "worker.#"),
      ],
      policies: [policy("lazy", "^(celery|emails)$", { "max-length": 500_000, overflow: "reject-publish" })],
    },
  },
  users: [user("django"), user("ops", ["administrator"]), user("flower", ["monitoring"])],
  permissions: [rights("django", "/", ".*", ".*", ".*"), rights("ops", "/", ".*", ".*", ".*"), rights("flower", "/", "", "", ".*")],
});

/** Spring Cloud Stream: a topic exchange for each destination, a queue for each group, one exchange for all dead letters. */
export const springCloudStream = exported({
  version: "4.2.1",
  vhosts: {
    shop: {
      metadata: { default_queue_type: "quorum" },
      queues: ["orders.billing", "orders.shipping", "payments.ledger", "payments.fraud"].flatMap((name) => [
        queue(name, { "x-dead-letter-exchange": "DLX", "x-dead-letter-routing-key": name, "x-delivery-limit": 5 }),
        queue(`${name}.dlq`, { "x-message-ttl": 604_800_000 }),
      ]),
      exchanges: [exchange("orders", "topic"), exchange("payments", "topic"), exchange("DLX", "direct")],
      bindings: [
        ...["orders.billing", "orders.shipping", "payments.ledger", "payments.fraud"].flatMap((name) => [
          bind(name.split(".")[0] ?? "", name, "#"),
          bind("DLX", `${name}.dlq`, name),
        ]),
      ],
    },
  },
  users: [user("shop.billing"), user("shop.api"), user("shop.fraud")],
  permissions: [
    rights("shop.billing", "shop", "", "^(DLX|payments)$", "^orders\\.billing$"),
    rights("shop.api", "shop", "", "^orders$", ""),
    rights("shop.fraud", "shop", "^payments\\.fraud.*", "^(DLX|payments.*)$", "^payments"),
  ],
});

/** MassTransit: an exchange for each type of message and for each queue, `_error` and `_skipped` beside it, a scheduler of a plugin. */
export const massTransit = exported({
  version: "4.1.4",
  vhosts: {
    ordering: {
      queues: ["submit-order", "submit-order_error", "submit-order_skipped", "order-state"].map((name) => classic(name)),
      exchanges: [
        ...["Contracts:SubmitOrder", "Contracts:OrderAccepted", "Contracts:IEvent"].map((name) => exchange(name, "fanout")),
        ...["submit-order", "submit-order_error", "submit-order_skipped", "order-state"].map((name) => exchange(name, "fanout")),
        exchange("submit-order_delay", "x-delayed-message", { "x-delayed-type": "fanout" }),
      ],
      bindings: [
        bind("Contracts:OrderAccepted", "Contracts:IEvent", "", {}, "exchange"),
        bind("Contracts:SubmitOrder", "submit-order", "", {}, "exchange"),
        bind("Contracts:OrderAccepted", "order-state", "", {}, "exchange"),
        bind("submit-order_delay", "submit-order", "", {}, "exchange"),
        ...["submit-order", "submit-order_error", "submit-order_skipped", "order-state"].map((name) => bind(name, name)),
      ],
    },
  },
  users: [user("ordering", [], { "max-connections": 50, "max-channels": 500 })],
  permissions: [rights("ordering", "ordering", ".*", ".*", ".*")],
});

const LEVELS = [0, 1, 2, 3];
const level = (number: number): string => `nsb.v2.delay-level-0${number}`;

/** NServiceBus: delays of 1, 2, 4, 8 seconds as a chain of queues and topic exchanges, each with its keys. */
export const nServiceBus = exported({
  vhosts: {
    "/": {
      queues: [
        ...["Sales", "Billing", "error", "audit"].map((name) => queue(name, { "x-delivery-limit": -1 })),
        ...LEVELS.map((number) =>
          queue(level(number), {
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
            "x-message-ttl": 1000 * 2 ** number,
            "x-dead-letter-exchange": number === 0 ? "nsb.v2.delay-delivery" : level(number - 1),
          }),
        ),
      ],
      exchanges: [
        exchange("nsb.v2.delay-delivery", "topic"),
        ...LEVELS.map((number) => exchange(level(number), "topic")),
        ...["Sales", "Billing", "error", "audit", "Messages:OrderPlaced"].map((name) => exchange(name, "fanout")),
      ],
      bindings: [
        ...LEVELS.map((number) => bind(level(number), level(number), `${"*.".repeat(3 - number)}1.#`)),
        ...LEVELS.map((number) =>
          bind(level(number), number === 0 ? "nsb.v2.delay-delivery" : level(number - 1), `${"*.".repeat(3 - number)}0.#`, {}, "exchange"),
        ),
        ...["Sales", "Billing"].map((name) => bind("nsb.v2.delay-delivery", name, `#.${name}`, {}, "exchange")),
        bind("Messages:OrderPlaced", "Billing", "", {}, "exchange"),
        ...["Sales", "Billing", "error", "audit"].map((name) => bind(name, name)),
      ],
    },
  },
});

/** Rascal and others by hand: rungs in names of somebody's own, a dead letter queue, an exchange that nobody declared. */
export const handMadeRetries = exported({
  vhosts: {
    mail: {
      queues: [
        queue("mail.send", { "x-dead-letter-exchange": "mail.retry" }),
        queue("mail.send.retry.5s", { "x-message-ttl": 5000, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "mail.send" }),
        queue("mail.send.retry.1m", { "x-message-ttl": 60_000, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "mail.send" }),
        queue("mail.bounced", { "x-dead-letter-exchange": "mail.gone", "x-max-length": 5000 }),
        queue("mail.dead", { "x-max-length-bytes": 1_073_741_824 }),
      ],
      exchanges: [exchange("mail", "topic", { "alternate-exchange": "mail.unrouted" }), exchange("mail.retry", "direct")],
      bindings: [
        bind("mail", "mail.send", "mail.send.#"),
        bind("mail", "mail.bounced", "mail.bounced"),
        bind("mail.retry", "mail.send.retry.5s", "1"),
        bind("mail.retry", "mail.send.retry.1m", "2"),
        bind("mail.retry", "mail.dead", "dead"),
      ],
    },
  },
  users: [user("mailer")],
  permissions: [rights("mailer", "mail", "^$", "^(mail|mail\\.retry)$", "^(mail\\.bounced|mail\\.send)$")],
});
