/** Deletes dead letters for good, by filter. */
import type { ConsumeMessage } from "amqplib";
import { checkQueue, Connection, type BrokerSettings } from "./connection.js";
import { matches, wanted } from "./filter.js";
import { headersOf, letterOf } from "./letter.js";
import type { LookOptions } from "./look.js";
import { take, type Taken } from "./take.js";
import { Tally } from "./tally.js";

export interface PurgeOptions extends LookOptions {
  /** Nothing is deleted. */
  readonly dryRun: boolean;
  readonly limit?: number | undefined;
}

export interface Purged extends Taken {
  /** Deleted; in a dry run those that would be. */
  readonly matched: number;
  /** Of these. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly from: Readonly<Record<string, number>>;
}

/** Deletes what matches of the messages that were there when it began. An empty filter is all of them: asking is for who calls this. */
export async function purge(broker: BrokerSettings, options: PurgeOptions): Promise<Purged> {
  const { queue, type, filter, dryRun, limit = Infinity, signal, onProgress } = options;
  const connection = await Connection.open(broker);
  try {
    await checkQueue(connection, queue);
    const [reasons, from] = [new Tally(), new Tally()];
    let matched = 0;
    const judge = (message: ConsumeMessage): "remove" | "give-back" => {
      if (matched >= limit || signal?.aborted) return "give-back";
      const letter = letterOf(message);
      if (!matches(filter, letter, headersOf(message), Date.now())) return "give-back";
      matched++;
      reasons.add(letter.reason ?? "unknown");
      from.add(letter.from ?? "unknown");
      return dryRun ? "give-back" : "remove";
    };
    const taken = await take(connection, queue, judge, { type, more: () => wanted(filter, limit, matched), signal, onProgress });
    return { ...taken, matched, reasons: reasons.record, from: from.record };
  } finally {
    await connection.close();
  }
}
