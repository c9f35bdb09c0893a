/** One run of load: so many messages a second, whatever becomes of those before, and how long each takes. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { requeue, type Bus, type Outcome, PublishError } from "../../workers/index.js";
import type { AnyTopology } from "../../workers/types.js";
import { Recorder } from "./latencies.js";

export interface LoadOptions {
  readonly publisher: Bus<AnyTopology, string>;
  readonly message: string;
  readonly body: unknown;
  readonly key: Readonly<Record<string, string>> | undefined;
  /** Messages in a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly consumer?: { readonly bus: Bus<AnyTopology, string>; readonly queue: string };
  readonly signal: AbortSignal;
  readonly onProgress: (load: Load) => void;
}

export interface Load {
  sent: number;
  confirmed: number;
  consumed: number;
  /** Of other runs, or of others; given back. */
  foreign: number;
  /** By the code of their `PublishError`. */
  readonly failed: Record<string, number>;
  /** Milliseconds that publishing took. */
  elapsed: number;
  readonly confirm: Recorder;
  readonly endToEnd: Recorder;
}

const RUN = "warren-load";
const AT = "warren-load-at";
/** Milliseconds between looks at what is due. */
const TICK = 2;
const PROGRESS_EVERY = 200;
/** Milliseconds for what is under way at the end. */
const PATIENCE = 10_000;
/** Milliseconds before a message of others is given back: at once it would come at once. */
const FOREIGN_WAIT = 500;

/**
 * Open loop: a message is sent when it is due, and its latency counts from then, so that a broker that makes senders wait cannot hide it.
 */
export async function runLoad(options: LoadOptions): Promise<Load> {
  const { publisher, message, body, key, rate, duration, consumer, signal } = options;
  const load: Load = {
    sent: 0,
    confirmed: 0,
    consumed: 0,
    foreign: 0,
    failed: {},
    elapsed: 0,
    confirm: new Recorder(),
    endToEnd: new Recorder(),
  };
  const run = randomUUID();
  const began = performance.now();
  if (consumer) await consume(consumer, load, run);
  const start = performance.now();
  const underWay = new Set<Promise<void>>();
  let shown = 0;
  for (;;) {
    const now = performance.now();
    load.elapsed = now - start;
    if (load.elapsed >= duration || signal.aborted) break;
    for (const due = Math.min(duration, load.elapsed) * (rate / 1000); load.sent < due; load.sent++) {
      const at = start + (load.sent * 1000) / rate;
      const headers = { [RUN]: run, [AT]: at - began };
      const work: Promise<void> = publisher
        .publishAny(message, body, { headers, ...(key === undefined ? {} : { key }) })
        .then(
          () => {
            load.confirmed++;
            load.confirm.record(performance.now() - at);
          },
          (error: unknown) => {
            const code = error instanceof PublishError ? error.code : "unknown";
            load.failed[code] = (load.failed[code] ?? 0) + 1;
          },
        )
        .finally(() => underWay.delete(work));
      underWay.add(work);
    }
    if (now - shown > PROGRESS_EVERY) {
      shown = now;
      options.onProgress(load);
    }
    await sleep(TICK);
  }
  await Promise.race([Promise.all(underWay), sleep(PATIENCE, undefined, { signal }).catch(() => undefined)]);
  if (consumer) {
    const until = Date.now() + PATIENCE;
    while (load.consumed < load.confirmed && Date.now() < until && !signal.aborted) await sleep(TICK);
  }
  return load;

  async function consume({ bus, queue }: NonNullable<LoadOptions["consumer"]>, into: Load, mine: string): Promise<void> {
    await bus.consume(
      queue as never,
      async ({ headers }: { readonly headers: Readonly<Record<string, unknown>> }): Promise<Outcome | undefined> => {
        if (headers[RUN] !== mine) {
          into.foreign++;
          await sleep(FOREIGN_WAIT);
          return requeue();
        }
        into.consumed++;
        into.endToEnd.record(performance.now() - began - Number(headers[AT]));
        return undefined;
      },
    );
  }
}
