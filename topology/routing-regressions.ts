/** Cases in which the model of routing once said other than the broker: compared with a live broker every time. */
import type { Death } from "./explain/x-death.js";
import type { Topology } from "./model.js";
import type { MessageHeaders } from "./routing.js";

/**
 * What is done with a message in every queue that it first comes to and where it lies still:
 * `lies`       nothing
 * `rejected`   a consumer rejects it without requeue
 * `returns`    a consumer rejects it without requeue, and again each time that it is back, three times at most
 * `fails`      a consumer rejects it with requeue, as often as the queue's delivery limit takes
 * `overflows`  it is published once more than the largest of the queues takes
 */
export type Then = "lies" | "rejected" | "returns" | "fails" | "overflows";

export interface Sent {
  readonly exchange: string;
  readonly key: string;
  readonly headers?: MessageHeaders;
  readonly cc?: readonly string[];
  readonly bcc?: readonly string[];
  /** Milliseconds. */
  readonly expiration?: number;
  readonly then: Then;
}

/** Where a copy of a message ends, and the `x-death` header that it then has. */
export interface End {
  readonly queue: string;
  readonly deaths: readonly Death[];
}

/** What became of one copy that was published. */
export interface Outcome {
  /** It came back to its publisher: no queue got it. */
  readonly returned: boolean;
  /** The broker did not confirm it. */
  readonly nacked: boolean;
  readonly ends: readonly End[];
}

/** Exchanges are named e0, e1, ..., queues q0, q1, ...; nothing else in it is. */
export type Network = Omit<Topology, "name">;

export interface Regression {
  /** What was wrong. */
  readonly was: string;
  readonly topology: Network;
  readonly message: Sent;
  /** By copy. */
  readonly expected: readonly Outcome[];
}

const lies = (...queues: readonly string[]): Outcome => ({
  returned: false,
  nacked: false,
  ends: queues.map((queue) => ({ queue, deaths: [] })),
});
const death = (queue: string, reason: Death["reason"], exchange: string, ...keys: readonly string[]): Death => ({
  queue,
  reason,
  count: 1,
  exchange,
  "routing-keys": keys,
});
const none: Outcome = { returned: false, nacked: false, ends: [] };

export const ROUTING_REGRESSIONS: readonly Regression[] = [
  {
    was: "a quorum queue with reject-publish takes one message more than its maximum",
    topology: { queues: { q0: { type: "quorum", maxLength: 1, overflow: "reject-publish" } } },
    message: { exchange: "", key: "q0", then: "overflows" },
    expected: [lies("q0"), lies("q0"), { ...none, nacked: true }],
  },
  {
    was: "in a queue with a maximum of 0 nothing lies: a dead letter that comes there leaves at once",
    topology: {
      queues: {
        q0: { type: "classic", deadLetterTo: { queue: "q1" } },
        q1: { type: "quorum", maxLength: 0, deadLetterTo: { queue: "q2" } },
        q2: { type: "classic" },
      },
    },
    message: { exchange: "", key: "q0", then: "rejected" },
    expected: [{ ...none, ends: [{ queue: "q2", deaths: [death("q1", "maxlen", "", "q1"), death("q0", "rejected", "", "q0")] }] }],
  },
  {
    was: "a classic queue with reject-publish that is full loses a dead letter, without its own dead-letter exchange",
    topology: {
      queues: {
        q0: { type: "classic", deadLetterTo: { queue: "q1" } },
        q1: { type: "classic", maxLength: 0, overflow: "reject-publish", deadLetterTo: { queue: "q2" } },
        q2: { type: "classic" },
      },
    },
    message: { exchange: "", key: "q0", then: "rejected" },
    expected: [none],
  },
  {
    was: "a headers exchange sees the header CC, and not BCC",
    topology: {
      exchanges: { e0: { type: "headers" } },
      queues: {
        q0: { type: "classic", from: { e0: { arguments: { CC: null } } } },
        q1: { type: "classic", from: { e0: { arguments: { BCC: null } } } },
      },
    },
    message: { exchange: "e0", key: "", cc: ["a"], bcc: ["b"], then: "lies" },
    expected: [lies("q0")],
  },
  {
    was: "the entries of a table in a binding are in the order of their names, whatever the order in which they are written",
    topology: {
      exchanges: { e0: { type: "headers" } },
      queues: {
        q0: { type: "classic", from: { e0: { arguments: { h: { y: "2", x: "1" } } } } },
      },
    },
    message: { exchange: "e0", key: "", headers: { h: { x: "1", y: "2" } }, then: "lies" },
    expected: [lies("q0")],
  },
  {
    was: "BCC stays out of the history of a dead letter also where a later key is the same, and still routes it",
    topology: {
      exchanges: { e0: { type: "direct" } },
      queues: {
        q0: { type: "classic", deadLetterTo: { exchange: "e0", routingKey: "a" } },
        q1: { type: "classic", from: { e0: "a" }, messageTtl: "2 ms", deadLetterTo: { queue: "q2" } },
        q2: { type: "classic" },
      },
    },
    message: { exchange: "", key: "q0", bcc: ["a"], expiration: 3_600_000, then: "rejected" },
    expected: [
      {
        ...none,
        ends: [
          {
            queue: "q2",
            deaths: [death("q1", "expired", "e0"), { ...death("q0", "rejected", "", "q0"), "original-expiration": "3600000" }],
          },
        ],
      },
    ],
  },
  {
    was: "of two copies that come back to their queue the one that is there first is rejected again",
    topology: {
      exchanges: { e0: { type: "fanout" } },
      queues: {
        q0: { type: "classic", from: { e0: "" }, deadLetterTo: "e0" },
        q1: { type: "classic", from: { e0: "" }, messageTtl: "1 hour", deadLetterTo: { queue: "q0" } },
      },
    },
    message: { exchange: "", key: "q0", then: "returns" },
    expected: [
      {
        ...none,
        ends: [
          { queue: "q0", deaths: [{ ...death("q0", "rejected", "", "q0"), count: 3 }] },
          ...[1, 2, 3].map((count) => ({ queue: "q1", deaths: [{ ...death("q0", "rejected", "", "q0"), count }] })),
        ],
      },
    ],
  },
];
