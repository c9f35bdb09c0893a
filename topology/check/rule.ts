/** A rule of the checks: an entry in a table that says what it finds, why it matters and what to do, and a pure function that looks. */
import type { Installation } from "../model.js";
import type { Facts } from "./facts.js";
import type { Severity } from "./finding.js";

/** What a rule finds; the rest of a finding stands in the rule. */
export interface Fault {
  /** Where in the topology. */
  readonly path: string;
  /** In one sentence, with the bad value. */
  readonly message: string;
  readonly value?: unknown;
  readonly allowed?: readonly string[];
  /** What to do, where more can be said than the rule says. */
  readonly remedy?: string;
}

/** A fault in an installation; without a topology it is in what they share. */
export interface SharedFault extends Fault {
  readonly topology?: string;
}

export interface Rule {
  /** Stable, kebab-case; what silences name. */
  readonly code: string;
  readonly severity: Severity;
  /** What it finds. */
  readonly title: string;
  /** Why it matters. */
  readonly why: string;
  /** What to do. */
  readonly remedy: string;
  /** The broker refuses it, or Warren cannot build it: it cannot be silenced. */
  readonly refused?: true;
  /** Looks at one topology. */
  readonly find?: (facts: Facts) => Iterable<Fault>;
  /** Looks at all of them together. */
  readonly findAcross?: (installation: Installation, all: readonly Facts[]) => Iterable<SharedFault>;
}

/** A name in a message. */
export const quote = (name: unknown): string => JSON.stringify(name) ?? String(name);

/** Several names in a message, the first few of many. */
export function several(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most).map(quote).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
