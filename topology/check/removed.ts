/** What RabbitMQ 4.x no longer has, or takes without effect. */

/** Arguments of queues that are accepted and do nothing. */
export const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  "x-queue-mode": "classic queues keep their messages on disk since 3.12",
  "x-max-in-memory-length": "quorum queues keep no messages in memory since 3.10",
  "x-max-in-memory-bytes": "quorum queues keep no messages in memory since 3.10",
  "x-ha-policy": "mirrored queues were removed in 4.0",
};

/** Arguments that the broker denies, with the version since which it does. */
export const REMOVED_ARGUMENTS: Readonly<Record<string, { readonly since: "4.0" | "4.3"; readonly instead: string }>> = {
  "x-queue-master-locator": { since: "4.3", instead: "Use queueLeaderLocator." },
};

/** Policy keys that the broker does not know any more. */
export const REMOVED_POLICY_KEYS: Readonly<Record<string, { readonly since: "4.0" | "4.3"; readonly instead: string }>> = {
  "ha-mode": { since: "4.0", instead: "Use quorum queues, which are replicated by themselves." },
  "ha-params": { since: "4.0", instead: "Use quorum queues, and quorumInitialGroupSize." },
  "ha-sync-mode": { since: "4.0", instead: "Use quorum queues." },
  "ha-sync-batch-size": { since: "4.0", instead: "Use quorum queues." },
  "ha-promote-on-shutdown": { since: "4.0", instead: "Use quorum queues." },
  "ha-promote-on-failure": { since: "4.0", instead: "Use quorum queues." },
  "queue-master-locator": { since: "4.3", instead: "Use queue-leader-locator." },
};
