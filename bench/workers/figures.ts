/** Medians of paired rounds. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = NaN, high = NaN] = sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : [sorted[middle - 1], sorted[middle]];
  return (low + high) / 2;
}

/** What one client did in one cell in one round. */
export interface Figures {
  readonly perSecond: number;
  /** Milliseconds; 0 where nothing is timed. */
  readonly p50: number;
  readonly p99: number;
  /** Microseconds for each message: of the client's processes, and of the broker. `undefined` where it is not known. */
  readonly cpu: number | undefined;
  readonly brokerCpu: number | undefined;
  readonly rssMb: number | undefined;
}

/** By cell, client and round; a client that failed in a round has nothing there. */
export class Table {
  readonly #cells = new Map<string, Map<string, Map<number, Figures>>>();

  add(cell: string, client: string, round: number, figures: Figures): void {
    const clients = this.#cells.get(cell) ?? new Map<string, Map<number, Figures>>();
    this.#cells.set(cell, clients);
    const rounds = clients.get(client) ?? new Map<number, Figures>();
    clients.set(client, rounds);
    rounds.set(round, figures);
  }

  get cells(): readonly string[] {
    return [...this.#cells.keys()];
  }

  median(cell: string, client: string, figure: keyof Figures): number | undefined {
    const values = [...(this.#cells.get(cell)?.get(client)?.values() ?? [])].flatMap((figures) => figures[figure] ?? []);
    return values.length === 0 ? undefined : median(values);
  }

  /** Median of the ratios to another client in the same rounds. */
  ratio(cell: string, client: string, to: string, figure: "perSecond" | "p50" | "p99"): number | undefined {
    const mine = this.#cells.get(cell)?.get(client);
    const theirs = this.#cells.get(cell)?.get(to);
    if (!mine || !theirs) return undefined;
    const ratios = [...mine].flatMap(([round, figures]) => {
      const other = theirs.get(round)?.[figure];
      return other ? [figures[figure] / other] : [];
    });
    return ratios.length === 0 ? undefined : median(ratios);
  }

  toJSON(): unknown {
    return Object.fromEntries(
      [...this.#cells].map(([cell, clients]) => [
        cell,
        Object.fromEntries([...clients].map(([client, rounds]) => [client, Object.fromEntries(rounds)])),
      ]),
    );
  }
}
