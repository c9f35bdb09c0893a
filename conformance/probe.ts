/** What a probe is: data. One file in `probes/` for each promise. */
import type { Plan } from "../topology/compile/plan.js";
import type { Ground } from "./ground.js";

/**
 * What a promise needs besides a management API. Of a topology: it has such objects. Of a target: it was declared to have it, or the user
 * gave the right to use it.
 */
export const FEATURES = {
  metrics: "an address of metrics",
  tls: "addresses with TLS",
  cluster: "several nodes",
  faults: "the right to stop and cut off nodes",
  restart: "the right to restart the broker",
  long: "time: waits are not cut short",
} as const;
export type Feature = keyof typeof FEATURES;

/**
 * read-only  reads the management API and publishes nothing
 * probe      publishes too, to a copy of the topology in a vhost of its own that is removed afterwards
 * full       publishes to the real objects, and changes policies and users for moments: for brokers that can be thrown away
 */
export const PROFILES = ["read-only", "probe", "full"] as const;
export type Profile = (typeof PROFILES)[number];

/** One thing that was done or seen. */
export interface Evidence {
  readonly kind: "sent" | "arrived" | "read" | "tried" | "waited" | "changed";
  readonly text: string;
  /** Milliseconds since the case began. */
  readonly ms: number;
}

export type Note = (kind: Evidence["kind"], text: string) => void;

/** One object, or one thing that is promised of it. */
export interface Case {
  /** `queue "orders"`: unique within its probe. */
  readonly name: string;
  /**
   * Names of the queues it puts messages into or takes them out of: cases without a common one run at the same time. `"everything"`:
   * it runs alone. @default none: it only reads
   */
  readonly touches?: readonly string[] | "everything";
  /** The longest that it may take, in milliseconds. @default TIMEOUTS.case */
  readonly ms?: number;
  /** Resolves if the promise is kept; throws a `Broken` if it is not. `note` keeps evidence. */
  readonly run: (ground: Ground, note: Note) => Promise<void>;
}

export interface Probe {
  /** Short, for `--only` and reports: `unroutable`. */
  readonly name: string;
  /** A sentence: what is true if every case succeeds. */
  readonly promise: string;
  /** A core promise that is not tried leaves the whole result partial. */
  readonly level: "core" | "extended";
  /** The least that it needs. */
  readonly profile: Profile;
  readonly needs?: readonly Feature[];
  /** Of one vhost's plan; none: the topology promises nothing of the kind. */
  readonly cases: (plan: Plan) => readonly Case[];
}

/** The promise is broken: says of which object, what was expected and what was seen. */
export class Broken extends Error {
  override readonly name = "Broken";
}

/** The case cannot be tried here: says why. */
export class Untried extends Error {
  override readonly name = "Untried";
}
