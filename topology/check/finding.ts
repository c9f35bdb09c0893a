/** A finding: what is wrong with a topology, where, and what to do. */

export type Severity = "error" | "warning";

export interface Finding {
  /** Stable, kebab-case: `undeclared-name`. */
  readonly code: string;
  readonly severity: Severity;
  /** Name of the topology. */
  readonly topology: string;
  /** Where in it: `queues["events.neo4j"].retry[0]`. */
  readonly path: string;
  /** The fault in one sentence, with the bad value. */
  readonly message: string;
  /** The bad value, where there is one. Never a secret. */
  readonly value?: unknown;
  /** The values that would be allowed, where they can be listed. */
  readonly allowed?: readonly string[];
  /** What to do. */
  readonly remedy: string;
  /** Set when the topology silences it: the reason given. */
  readonly silenced?: string;
}
