/** One batch of claimed entries: published, and noted in the outbox as each turned out. */
import { kindOf, patience, reasonOf } from "./failure.js";
import type { Outbox, OutboxEntry } from "./outbox.js";
import type { Publish, RelayOptions } from "./relay.js";
import { isBusy } from "../sqlite.js";

interface Delivery {
  readonly outbox: Pick<Outbox, "extend" | "release" | "sent" | "failed">;
  readonly publish: Publish;
  readonly by: string;
  readonly lease: number;
  readonly timeout: number;
  readonly signal: AbortSignal;
  readonly onFailure: NonNullable<RelayOptions["onFailure"]>;
}

/** How long an entry waits that failed by the way, in milliseconds, where others got through. */
const DEFER = 5000;

/** How often a busy file is tried again, each time for as long as its handle waits. */
const TRIES = 20;

/** Gives whether anything is other than before: `false` means that nothing can be published at present. */
export async function deliver(entries: readonly OutboxEntry[], delivery: Delivery): Promise<boolean> {
  const { outbox, by, lease, signal, onFailure } = delivery;
  const open = new Set(entries.map(({ id }) => id));
  const confirmed: string[] = [];
  const passing: { readonly entry: OutboxEntry; readonly error: unknown }[] = [];
  let done = 0;
  let fault: { readonly error: unknown } | undefined;

  const store = async (work: () => unknown): Promise<void> => {
    try {
      await patiently(work);
    } catch (error) {
      fault ??= { error };
    }
  };
  // Confirms come in groups; each group is one statement.
  let flushing: Promise<void> | undefined;
  const flush = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    flushing = undefined;
    const ids = confirmed.splice(0);
    await store(() => outbox.sent(ids));
    for (const id of ids) open.delete(id);
  };
  const settled: Promise<void>[] = [];
  const renewal = setInterval(() => void store(() => outbox.extend([...open], by, new Date(Date.now() + lease))), lease / 3);

  const chain = async (links: readonly OutboxEntry[]): Promise<void> => {
    for (const entry of links) {
      if (signal.aborted || fault) return;
      try {
        await inTime(delivery.publish(entry.message, entry.body, { ...entry.options, messageId: entry.id }), delivery.timeout);
      } catch (error) {
        const kind = kindOf(error);
        if (kind !== "passing") done += 1;
        if (kind === "passing" || kind === "full") {
          passing.push({ entry, error });
          return;
        }
        open.delete(entry.id);
        const notBefore = new Date(Date.now() + patience(entry.attempts + 1));
        await store(async () => {
          onFailure(entry, error, await outbox.failed(entry.id, by, reasonOf(error), notBefore, kind === "hopeless"));
        });
        return;
      }
      done += 1;
      confirmed.push(entry.id);
      if (!flushing) settled.push((flushing = flush()));
    }
  };
  await Promise.all(chains(entries).map(chain));
  await Promise.all(settled);

  const progress = done > 0;
  for (const { entry, error } of passing) {
    open.delete(entry.id);
    const notBefore = progress ? new Date(Date.now() + DEFER) : undefined;
    await store(() => outbox.release([entry.id], by, notBefore, reasonOf(error)));
    onFailure(entry, error, "waiting");
  }
  // What was not tried: behind one that failed, or after the signal.
  await store(() => outbox.release([...open], by));
  clearInterval(renewal);
  if (fault) throw fault.error;
  return progress;
}

/** Entries with the same `orderBy` after one another, the others each for itself. */
function chains(entries: readonly OutboxEntry[]): OutboxEntry[][] {
  const byWord = new Map<string | symbol, OutboxEntry[]>();
  for (const entry of entries) {
    const word = entry.orderBy ?? Symbol();
    const links = byWord.get(word);
    if (links) links.push(entry);
    else byWord.set(word, [entry]);
  }
  return [...byWord.values()];
}

async function inTime(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error(`no answer within ${ms} ms`), { code: "timeout" })), ms);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Tries again while another process holds the file. What was confirmed has to be noted, or it is published again. */
async function patiently(work: () => unknown): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (!isBusy(error) || tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
