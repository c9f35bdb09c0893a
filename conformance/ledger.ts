/** What the probes of a run sent where, so that a message is recognised where it should not be, whoever finds it. */
import { list } from "./ends.js";
import type { Ground } from "./ground.js";
import { Broken, type Case } from "./probe.js";

interface Entry {
  readonly probe: string;
  /** `queue "orders": a rejected message` */
  readonly what: string;
  readonly possible: Set<string>;
}

const ledgers = new WeakMap<Ground, Ledger>();

export class Ledger {
  readonly #sent = new Map<string, Entry>();
  readonly #found = new Map<string, Set<string>>();

  static of(ground: Ground): Ledger {
    const ledger = ledgers.get(ground) ?? new Ledger();
    ledgers.set(ground, ledger);
    return ledger;
  }

  /** A message may be in these queues, from now on. */
  allow(id: string, probe: string, what: string, queues: readonly string[]): void {
    const { possible = new Set<string>() } = this.#sent.get(id) ?? {};
    for (const queue of queues) possible.add(queue);
    this.#sent.set(id, { probe, what, possible });
  }

  /** Somebody found it, who may have looked for something else. */
  found(id: string, queue: string): void {
    if (this.#sent.has(id)) this.#found.set(id, (this.#found.get(id) ?? new Set()).add(queue));
  }

  /** Where it was found. */
  where(id: string): string[] {
    return [...(this.#found.get(id) ?? [])];
  }

  /** What messages of a probe were found where they should not be, a line for each. */
  astray(probe: string): string[] {
    return [...this.#found].flatMap(([id, queues]) => {
      const entry = this.#sent.get(id);
      const astray = [...queues].filter((queue) => entry?.possible.has(queue) === false);
      if (entry?.probe !== probe || astray.length === 0) return [];
      return [`${entry.what} reached ${list(astray)}, which the topology does not say`];
    });
  }

  count(probe: string): number {
    return [...this.#sent.values()].filter((entry) => entry.probe === probe).length;
  }
}

/** Cases with a last one: none of the probe's messages is in a queue where the topology does not have it. None without any. */
export const andNowhereElse = (probe: string, cases: readonly Case[]): readonly Case[] =>
  cases.length === 0 ? [] : [...cases, nowhereElse(probe)];

const nowhereElse = (probe: string): Case => ({
  name: "nowhere else",
  touches: "everything",
  run: async (ground, note) => {
    const ledger = Ledger.of(ground);
    const session = await ground.session();
    for (const { name, type } of ground.plan.queues) {
      if (type !== "stream") for (const { properties } of await session.drain(name)) ledger.found(String(properties.messageId), name);
    }
    note("read", `${ground.plan.queues.length} queues looked through for ${ledger.count(probe)} messages`);
    const lines = ledger.astray(probe);
    if (lines.length > 0) throw new Broken(lines.join("\n"));
  },
});
