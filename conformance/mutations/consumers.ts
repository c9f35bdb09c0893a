/** Queues and streams that give out their messages otherwise than declared, and alternates that get none. */
import type { Mutation } from "../mutation.js";
import { bind, policy, remake, unbind } from "./letters.js";

const exchanges = { events: { type: "direct", alternateExchange: "rest" }, rest: { type: "fanout" } } as const;
const queues = {
  orders: { type: "quorum", from: { events: "order" }, maxLength: 100, singleActiveConsumer: true },
  urgent: { type: "classic", from: { events: "urgent" }, maxLength: 100, maxPriority: 9 },
  caught: { type: "classic", from: { rest: "" }, maxLength: 100 },
  audit: { type: "stream", from: { events: "audit" }, maxAge: "7 days" },
} as const;
const topology = { exchanges, queues } as const;
const CLASSIC = { "x-queue-type": "classic" };

export const consumers: readonly Mutation[] = [
  {
    probe: "priorities",
    name: "a quorum queue is made again as classic",
    topology,
    change: remake("orders", CLASSIC),
    says: /queue "orders": messages \(with priority\) came out as 1 \(none\), 2 \(0\), .*; its type promises 7 \(31\), 9 \(200\), /,
  },
  {
    probe: "priorities",
    name: "a classic queue is made again with fewer priorities",
    topology,
    change: remake("urgent", { ...CLASSIC, "x-max-priority": 2 }),
    says: /queue "urgent": messages \(with priority\) came out as .*; its type promises 3 \(9\), 7 \(31\), /,
  },
  {
    probe: "single-active-consumer",
    name: "the queue is made again without it",
    topology,
    change: remake("orders", { "x-queue-type": "quorum" }),
    says: /queue "orders": both consumers got messages at once|queue "orders": messages 1, 2, 3 to come to the first consumer, in this order: not within/,
  },
  {
    probe: "stream-offsets",
    name: "the stream is made again as a classic queue",
    topology,
    change: remake("audit", CLASSIC),
    says: /queue "audit" lets no reader in at an offset: .*406/,
  },
  {
    probe: "stream-retention",
    name: "a higher policy keeps messages for an hour",
    topology,
    change: policy("audit", { "max-age": "1h" }),
    says: /queue "audit": max-age is "1h" \(policy "behind"\), declared is "7D"/,
  },
  {
    probe: "stream-retention-uncut",
    name: "a higher policy keeps everything",
    topology: { queues: { audit: { type: "stream", maxLengthBytes: "2 MB", streamMaxSegmentSizeBytes: "1 MB" } } },
    long: true,
    change: policy("audit", { "max-length-bytes": 1_000_000_000, "stream-max-segment-size-bytes": 1_000_000 }),
    says: /queue "audit": it keeps its oldest messages in spite of max-length-bytes 2000000/,
  },
  {
    probe: "alternate-exchange",
    name: "the binding of the alternate is removed",
    topology,
    change: unbind("rest", "caught"),
    says: /exchange "events": a message that it cannot route \(key ".*"\) to exchange "events" with key ".*" was returned: NO_ROUTE/,
  },
  {
    probe: "alternate-exchange",
    name: "the alternate is bound to another queue instead",
    topology,
    change: async (broker) => {
      await bind("rest", "urgent")(broker);
      await unbind("rest", "caught")(broker);
    },
    says: /exchange "events": a message that it cannot route \(key ".*"\) did not reach "caught" within .*; it is in "urgent"/,
  },
  {
    probe: "alternate-exchange",
    name: "the alternate is bound to another queue besides",
    topology,
    change: bind("rest", "urgent"),
    says: /exchange "events": a message that it cannot route \(key ".*"\) reached "urgent", which the topology does not say/,
  },
];
