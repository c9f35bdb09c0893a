/** Several deliveries in one call of the handler. */
import { outcomeOf, type Outcome } from "./outcomes.js";

export interface BatchOptions {
  /** Deliveries in one call. The prefetch has to be at least as large. */
  readonly size: number;
  /** Milliseconds after which fewer are handled too. @default 100 */
  readonly wait?: number;
}

/**
 * Gathers deliveries for a handler of many. What it returns holds for all of them, or is a list with an outcome for each;
 * a throw is a retry for all.
 */
export function batched<D>(
  handler: (deliveries: readonly D[]) => unknown,
  { size, wait = 100 }: BatchOptions,
): (delivery: D) => Promise<Outcome> {
  let gathered: { readonly delivery: D; readonly resolve: (outcome: Outcome) => void; readonly reject: (error: unknown) => void }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const run = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const batch = gathered;
    gathered = [];
    try {
      const result: unknown = await handler(batch.map(({ delivery }) => delivery));
      if (Array.isArray(result) && result.length !== batch.length)
        throw new Error(`The handler gave ${result.length} outcomes for ${batch.length} deliveries.`);
      batch.forEach(({ resolve }, index) => resolve(outcomeOf(Array.isArray(result) ? (result as unknown[])[index] : result)));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  return (delivery) =>
    new Promise((resolve, reject) => {
      gathered.push({ delivery, resolve, reject });
      if (gathered.length >= size) void run();
      else timer ??= setTimeout(() => void run(), wait);
    });
}
