/** Counts by name. Names beyond a number share one count, so that foreign data cannot fill the memory. */

const NAMES = 1000;
/** The name of all that are counted together. */
export const OTHERS = "(others)";

export class Tally {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    const known = this.#counts.has(name) || this.#counts.size < NAMES ? name : OTHERS;
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + 1);
  }

  /** The most frequent first. */
  entries(): [name: string, count: number][] {
    return [...this.#counts].sort(([a, most], [b, fewer]) => fewer - most || (a < b ? -1 : 1));
  }

  get record(): Record<string, number> {
    return Object.fromEntries(this.entries());
  }
}
