/** The faults, as data: what each stands for, what is done, and when. */
import type { Purpose } from "./frames.js";
import type { Order, Settings } from "./subject.js";

export type Side = "publisher" | "consumer" | "both";

export type Action =
  /** Of the proxy before this side of the clients. */
  | {
      readonly kind: "network";
      readonly do: "cut" | "reset" | "hang" | "hangToBroker" | "hangToClient" | "refuse" | "heal";
      readonly side: Side;
    }
  | { readonly kind: "slow"; readonly bytesPerSecond: number; readonly latencyMs: number; readonly side: Side }
  | { readonly kind: "broker"; readonly do: "kill" | "stop" | "start" }
  | { readonly kind: "alarm"; readonly of: "memory" | "disk"; readonly on: boolean }
  | { readonly kind: "node"; readonly do: "kill" | "start" | "partition" | "heal" }
  | { readonly kind: "queue"; readonly do: "delete" | "make" }
  | { readonly kind: "killChannel"; readonly of: Purpose }
  | { readonly kind: "changePassword" }
  | { readonly kind: "signal"; readonly signal: "SIGTERM" | "SIGKILL"; readonly to: Exclude<Side, "both"> }
  /** The publisher is given nothing more, and everything confirmed is waited for. */
  | { readonly kind: "drain" }
  | { readonly kind: "resume" }
  /** Waits until all processes are connected again. */
  | { readonly kind: "ready" }
  /** So many messages at once, to the publisher. */
  | { readonly kind: "burst"; readonly count: number; readonly to?: "queue" | "nowhere" }
  /** Messages that make their handler misbehave, published by the test itself. */
  | { readonly kind: "order"; readonly act?: Order["act"]; readonly ms?: number; readonly count: number }
  /** Everything is well again from here on. */
  | { readonly kind: "healed" };

export interface Step {
  /** Milliseconds after the step before it was done. */
  readonly after: number;
  readonly do: Action;
}

export interface Scenario {
  readonly name: string;
  /** What a worker has to survive. */
  readonly stands: string;
  readonly steps: readonly Step[];
  /** One process publishes and consumes, as most workers do; otherwise each has its own. */
  readonly together?: true;
  /** Connections that consume; 1. */
  readonly clients?: number;
  /** Milliseconds that the handler takes for each message of the publisher; 2. */
  readonly workMs?: number;
  readonly settings?: Partial<Pick<Settings, "prefetch" | "heartbeatSeconds" | "publishTimeoutMs" | "handlerTimeoutMs">>;
  readonly queueArguments?: Readonly<Record<string, number>>;
  /** How long a client has to come back, in milliseconds; 10,000. */
  readonly patienceMs?: number;
  /** Trials go on for so long after the healing at least; 1,500. */
  readonly observeMs?: number;
  readonly needs?: "cluster";
}

const network = (what: Extract<Action, { kind: "network" }>["do"], side: Side = "both"): Action => ({ kind: "network", do: what, side });
const healed: Action = { kind: "healed" };
const at = (after: number, action: Action): Step => ({ after, do: action });
/** Everything runs for a while before the fault. */
const WARM = 1_000;

export const scenarios: readonly Scenario[] = [
  {
    name: "cut",
    stands: "The connection is lost: both ends are closed, three times.",
    steps: [at(WARM, network("cut")), at(1_500, network("cut")), at(1_500, network("cut")), at(0, healed)],
  },
  {
    name: "reset",
    stands: "The connection is reset (RST), as a firewall or a load balancer does, and is refused for 2 s.",
    steps: [at(WARM, network("refuse")), at(0, network("reset")), at(2_000, network("heal")), at(0, healed)],
  },
  {
    name: "half-open",
    stands: "The connection is half open: nothing passes, nobody is told, and new connections hang as well, for 7 s.",
    steps: [at(WARM, network("hang")), at(7_000, network("heal")), at(0, healed)],
  },
  {
    name: "half-open to the broker",
    stands: "Nothing reaches the broker, what it says arrives, for 7 s.",
    steps: [at(WARM, network("hangToBroker")), at(7_000, network("heal")), at(0, healed)],
  },
  {
    name: "no confirm",
    stands: "A confirm that never comes: the broker gets everything, nothing that it says arrives, for 7 s.",
    steps: [at(WARM, network("hangToClient")), at(7_000, network("heal")), at(0, healed)],
  },
  {
    name: "short hang",
    stands: "Everything hangs for 1.5 s, less than the heartbeats take, and goes on.",
    steps: [at(WARM, network("hang")), at(1_500, network("heal")), at(0, healed)],
  },
  {
    name: "slow",
    stands: "A slow network: 20 kB a second and 200 ms latency each way, for 5 s (backpressure).",
    steps: [at(WARM, { kind: "slow", bytesPerSecond: 20_000, latencyMs: 200, side: "both" }), at(5_000, network("heal")), at(0, healed)],
  },
  {
    name: "broker killed",
    stands: "The broker is killed (SIGKILL) and started again with what it has on disk.",
    steps: [at(WARM, { kind: "broker", do: "kill" }), at(500, { kind: "broker", do: "start" }), at(0, healed)],
  },
  {
    name: "broker restarted",
    stands: "The broker is stopped properly and started again.",
    steps: [at(WARM, { kind: "broker", do: "stop" }), at(0, { kind: "broker", do: "start" }), at(0, healed)],
  },
  {
    name: "reconnect storm",
    stands: "20 clients lose their connection at once and are refused for 6 s: attempts, and whether all come back.",
    clients: 20,
    settings: { prefetch: 2 },
    steps: [at(WARM, network("refuse")), at(0, network("reset")), at(6_000, network("heal")), at(0, healed)],
  },
  {
    name: "queue deleted",
    stands:
      "The queue is deleted when it is empty, and made again 2 s later: the server cancels the consumer (a null message), nothing can be routed.",
    steps: [
      at(WARM, { kind: "drain" }),
      at(0, { kind: "queue", do: "delete" }),
      at(0, { kind: "resume" }),
      at(2_000, { kind: "queue", do: "make" }),
      at(0, healed),
    ],
  },
  {
    name: "consumer's channel killed",
    stands: "A double or stale acknowledgement: the broker closes the consumer's channel (406), its connection lives.",
    steps: [at(WARM, { kind: "killChannel", of: "consume" }), at(0, healed)],
  },
  {
    name: "publisher's channel killed",
    stands: "A channel that dies while its connection lives: the publisher's.",
    steps: [at(WARM, { kind: "killChannel", of: "publish" }), at(0, healed)],
  },
  {
    name: "consumer time-out",
    stands: "Handlers that never end hold all the prefetch; the broker's consumer time-out (1 s) passes, and it cancels the consumer.",
    queueArguments: { "x-consumer-timeout": 1_000 },
    settings: { prefetch: 5 },
    steps: [at(WARM, { kind: "order", act: "hang", count: 5 }), at(4_000, healed)],
  },
  {
    name: "memory alarm",
    stands:
      "The broker runs out of memory and blocks who publishes (`connection.blocked`) for 6 s; publisher and consumer are processes of their own.",
    steps: [at(WARM, { kind: "alarm", of: "memory", on: true }), at(6_000, { kind: "alarm", of: "memory", on: false }), at(0, healed)],
  },
  {
    name: "memory alarm, one process",
    stands: "The same with a worker that publishes and consumes: on one connection its acknowledgements are blocked with its publishing.",
    together: true,
    steps: [at(WARM, { kind: "alarm", of: "memory", on: true }), at(6_000, { kind: "alarm", of: "memory", on: false }), at(0, healed)],
  },
  {
    name: "disk alarm",
    stands: "The broker runs out of disk space and blocks who publishes for 4 s.",
    steps: [at(WARM, { kind: "alarm", of: "disk", on: true }), at(4_000, { kind: "alarm", of: "disk", on: false }), at(0, healed)],
  },
  {
    name: "credentials changed",
    stands:
      "The password is changed, the old connections are closed by the broker, and the new password lies where the process gets it from.",
    steps: [at(WARM, { kind: "changePassword" }), at(0, healed)],
  },
  {
    name: "unroutable",
    stands: "50 messages that no queue takes, and which the broker confirms all the same.",
    steps: [at(WARM, { kind: "burst", count: 50, to: "nowhere" }), at(500, healed)],
  },
  {
    name: "publishing while disconnected",
    stands: "20,000 messages in 4 s without a connection: a bounded buffer, then a clear failure.",
    settings: { prefetch: 200 },
    steps: [
      at(WARM, network("refuse", "publisher")),
      at(0, network("reset", "publisher")),
      ...Array.from({ length: 20 }, () => at(200, { kind: "burst", count: 1_000 })),
      at(0, network("heal", "publisher")),
      at(0, healed),
    ],
  },
  {
    name: "SIGTERM",
    stands: "The consumer's process gets SIGTERM with messages in work (300 ms each), and is started again.",
    workMs: 300,
    settings: { prefetch: 40 },
    steps: [
      at(WARM, { kind: "signal", signal: "SIGTERM", to: "consumer" }),
      at(1_000, { kind: "ready" }),
      at(1_000, { kind: "signal", signal: "SIGTERM", to: "consumer" }),
      at(0, healed),
    ],
  },
  {
    name: "SIGKILL of the consumer",
    stands: "The consumer's process is killed with messages in work (300 ms each), and is started again.",
    workMs: 300,
    settings: { prefetch: 40 },
    steps: [
      at(WARM, { kind: "signal", signal: "SIGKILL", to: "consumer" }),
      at(1_000, { kind: "ready" }),
      at(1_000, { kind: "signal", signal: "SIGKILL", to: "consumer" }),
      at(0, healed),
    ],
  },
  {
    name: "SIGKILL of the publisher",
    stands: "The publisher's process is killed with messages on their way, and is started again.",
    steps: [at(WARM, { kind: "signal", signal: "SIGKILL", to: "publisher" }), at(0, healed)],
  },
  {
    name: "poison",
    stands:
      "Three messages whose handler always fails (a rejected promise), among good ones: in the end they lie in the dead-letter queue.",
    steps: [at(WARM, { kind: "order", act: "reject", count: 3 }), at(0, healed)],
    observeMs: 6_000,
  },
  {
    name: "handler throws",
    stands: "A handler that throws synchronously, each time, for three messages.",
    steps: [at(WARM, { kind: "order", act: "throw", count: 3 }), at(0, healed)],
    observeMs: 6_000,
  },
  {
    name: "handler hangs",
    stands: "As many handlers as the prefetch never end, the first time; the broker's own time-out is its default, 30 minutes.",
    settings: { prefetch: 5 },
    steps: [at(WARM, { kind: "order", act: "hang", count: 5 }), at(0, healed)],
  },
  {
    name: "event loop blocked",
    stands: "A handler blocks the event loop for 7 s, longer than the heartbeats allow.",
    steps: [at(WARM, { kind: "order", act: "block", ms: 7_000, count: 1 }), at(7_000, healed)],
  },
  {
    name: "crash loop",
    stands: "A message that ends its process each time, with innocent ones in the prefetch: what of these is discarded with it.",
    workMs: 30,
    settings: { prefetch: 20 },
    steps: [at(WARM, { kind: "order", act: "crash", count: 1 }), at(0, healed)],
    // Five deaths, each with a start of a process, before the message is a dead letter.
    observeMs: 18_000,
    patienceMs: 25_000,
  },
  {
    name: "node killed",
    stands: "Of a cluster of three, the node is killed that the clients are connected to and that leads the queue; it is back after 6 s.",
    needs: "cluster",
    steps: [at(WARM, { kind: "node", do: "kill" }), at(6_000, { kind: "node", do: "start" }), at(0, healed)],
  },
  {
    name: "node partitioned",
    stands: "The same node is cut off from the two others for 6 s, and its clients are not.",
    needs: "cluster",
    steps: [at(WARM, { kind: "node", do: "partition" }), at(6_000, { kind: "node", do: "heal" }), at(0, healed)],
  },
];
