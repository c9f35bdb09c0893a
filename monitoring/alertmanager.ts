/** Settings of Alertmanager: what comes together in one message, what is not said beside its cause, where pages and tickets go. */

/** Addresses that get a POST for each message; what has none is shown by Alertmanager alone. */
export interface Webhooks {
  readonly page?: string;
  readonly ticket?: string;
}

export interface Receiver {
  readonly name: string;
  readonly webhook_configs?: readonly { readonly url: string; readonly send_resolved: true }[];
}

export interface Inhibition {
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
  /** Labels in which both have to be equal. */
  readonly equal: readonly string[];
}

export interface AlertmanagerConfig {
  readonly route: {
    readonly receiver: string;
    readonly group_by: readonly string[];
    readonly group_wait: string;
    readonly group_interval: string;
    readonly repeat_interval: string;
    readonly routes: readonly { readonly matchers: readonly string[]; readonly receiver: string; readonly repeat_interval: string }[];
  };
  readonly inhibit_rules: readonly Inhibition[];
  readonly receivers: readonly Receiver[];
}

const alert = (...names: readonly string[]): string =>
  names.length === 1 ? `alertname=${JSON.stringify(names[0])}` : `alertname=~${JSON.stringify(names.join("|"))}`;

const inhibits = (source: string, targets: readonly string[], ...equal: readonly string[]): Inhibition => ({
  source_matchers: [alert(source)],
  target_matchers: [alert(...targets)],
  equal: ["installation", ...equal],
});

/** What follows from another alert says nothing new. */
const INHIBITIONS: readonly Inhibition[] = [
  // Of what is missing neither has an instance, which is equal: only a node's own target follows from the node.
  {
    source_matchers: [alert("NodeDown")],
    target_matchers: [alert("TargetDown"), 'job="rabbitmq-detailed"'],
    equal: ["installation", "instance"],
  },
  inhibits("QuorumLost", ["QueueWithoutConsumers", "ServiceNotConsuming", "TooFewConsumers"], "vhost", "queue"),
  inhibits("QueueWithoutConsumers", ["MessagesNearTtl", "TooFewConsumers"], "vhost", "queue"),
  inhibits("QueueFilling", ["QueueFullSoon"], "vhost", "queue"),
  inhibits("CertificateExpires", ["CertificateExpiresSoon"], "endpoint"),
];

const receiver = (name: string, url: string | undefined): Receiver => ({
  name,
  ...(url === undefined ? {} : { webhook_configs: [{ url, send_resolved: true as const }] }),
});

/** Pages are repeated every hour, tickets every day. */
export function alertmanagerConfig({ page, ticket }: Webhooks = {}): AlertmanagerConfig {
  return {
    route: {
      receiver: "ticket",
      group_by: ["installation", "alertname", "vhost"],
      group_wait: "15s",
      group_interval: "5m",
      repeat_interval: "24h",
      routes: [{ matchers: ['severity="page"'], receiver: "page", repeat_interval: "1h" }],
    },
    inhibit_rules: INHIBITIONS,
    receivers: [receiver("page", page), receiver("ticket", ticket)],
  };
}
