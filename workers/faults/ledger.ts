/** The ledger of a trial: what was handed over, what the client said became of it, what was seen of it; and the verdict. */

/**
 * One thing that happened to a message. `at` is in milliseconds, of one clock.
 *
 * - `sent`: handed over to the client, before anything else can happen to it.
 * - `confirmed`: the client says that the broker has it.
 * - `failed`: the client says that it does not know, or that the broker surely does not have it.
 * - `returned`: the client says that no queue took it. Takes a confirm back, whichever came first.
 * - `delivered`: a handler began with it.
 * - `effect`: its effect took place.
 * - `dead`: it lies in the dead-letter queue at the end.
 * - `left`: it lies in another queue at the end, once nothing takes from it any more.
 */
export interface Entry {
  readonly kind: "sent" | "confirmed" | "failed" | "returned" | "delivered" | "effect" | "dead" | "left";
  readonly id: string;
  readonly at: number;
  /** Of a failure: what the client said. */
  readonly reason?: string;
}

export interface VerdictOptions {
  /** When the fault was over. */
  readonly healedAt?: number;
  /** Messages whose place is the dead-letter queue: without an effect they are not lost, and dead they are not discarded. */
  readonly poison?: ReadonlySet<string>;
}

export interface Verdict {
  readonly sent: number;
  readonly confirmed: number;
  /** Not confirmed; the client said so. */
  readonly failed: number;
  readonly returned: number;
  /** Confirmed although returned: whoever trusts the confirm alone believes that it arrived. */
  readonly confirmedYetReturned: number;
  /** Neither confirmed nor failed by the end: the caller still waits. */
  readonly unanswered: number;
  /** Failed for the caller, and yet processed: a caller who sends it again makes a duplicate. */
  readonly failedYetProcessed: number;
  /** Messages with an effect. */
  readonly processed: number;
  /** Confirmed, without an effect, and in no queue either. */
  readonly lost: readonly string[];
  /** Confirmed, without an effect, and still in a queue: nobody took it in the time that there was. */
  readonly waiting: readonly string[];
  /** Confirmed and no poison, yet in the dead-letter queue instead of having had an effect. */
  readonly discarded: readonly string[];
  /** With an effect, and never sent. */
  readonly unexpected: readonly string[];
  /** Effects beyond the first of each message. */
  readonly duplicates: number;
  /** Messages that were confirmed and whose effect took place more than once or never, and any others with more than one. */
  readonly notExactlyOnce: readonly string[];
  /** From the healing to the first confirm of a message that was sent after it; undefined if there was none. */
  readonly publishMs: number | undefined;
  /** From the healing to the first effect of a message that was sent after it. */
  readonly processMs: number | undefined;
  readonly reasons: Readonly<Record<string, number>>;
}

interface Message {
  sentAt?: number;
  confirmedAt?: number;
  failed?: string;
  returned: boolean;
  dead: boolean;
  left: boolean;
  effects: number;
  firstEffectAt?: number;
}

/** Neither the order of the entries nor their repetition matters, but for `effect`, of which each one counts. */
export function verdict(entries: readonly Entry[], { healedAt, poison = new Set() }: VerdictOptions = {}): Verdict {
  const messages = new Map<string, Message>();
  for (const { kind, id, at, reason = "" } of entries) {
    let message = messages.get(id);
    if (!message) messages.set(id, (message = { returned: false, dead: false, left: false, effects: 0 }));
    if (kind === "sent") message.sentAt = Math.min(at, message.sentAt ?? at);
    else if (kind === "confirmed") message.confirmedAt = Math.min(at, message.confirmedAt ?? at);
    else if (kind === "failed") message.failed = message.failed === undefined || reason < message.failed ? reason : message.failed;
    else if (kind === "returned") message.returned = true;
    else if (kind === "dead") message.dead = true;
    else if (kind === "left") message.left = true;
    else if (kind === "effect") {
      message.effects += 1;
      message.firstEffectAt = Math.min(at, message.firstEffectAt ?? at);
    }
  }
  const all = [...messages];
  const ids = (holds: (message: Message, id: string) => boolean): string[] =>
    all.flatMap(([id, message]) => (holds(message, id) ? [id] : [])).sort();
  const isConfirmed = ({ confirmedAt, returned }: Message): boolean => confirmedAt !== undefined && !returned;
  const isFailed = (message: Message): boolean => message.failed !== undefined && !isConfirmed(message) && !message.returned;
  const innocentWithoutEffect = (message: Message, id: string): boolean => isConfirmed(message) && message.effects === 0 && !poison.has(id);
  const since = (time: (message: Message) => number | undefined): number | undefined => {
    const times = all.flatMap(([, message]) => {
      const at = time(message);
      return healedAt !== undefined && at !== undefined && (message.sentAt ?? -Infinity) >= healedAt ? [at - healedAt] : [];
    });
    return times.length === 0 ? undefined : times.reduce((one, other) => Math.min(one, other));
  };
  const reasons: Record<string, number> = {};
  for (const [, message] of all) if (isFailed(message)) reasons[message.failed ?? ""] = (reasons[message.failed ?? ""] ?? 0) + 1;
  return {
    sent: ids(({ sentAt }) => sentAt !== undefined).length,
    confirmed: ids(isConfirmed).length,
    failed: ids(isFailed).length,
    returned: ids(({ returned }) => returned).length,
    confirmedYetReturned: ids(({ returned, confirmedAt }) => returned && confirmedAt !== undefined).length,
    unanswered: ids(
      ({ sentAt, confirmedAt, failed, returned }) => sentAt !== undefined && confirmedAt === undefined && failed === undefined && !returned,
    ).length,
    failedYetProcessed: ids((message) => isFailed(message) && message.effects > 0).length,
    processed: ids(({ effects }) => effects > 0).length,
    lost: ids((message, id) => innocentWithoutEffect(message, id) && !message.dead && !message.left),
    waiting: ids((message, id) => innocentWithoutEffect(message, id) && !message.dead && message.left),
    discarded: ids((message, id) => innocentWithoutEffect(message, id) && message.dead),
    unexpected: ids(({ sentAt, effects }) => sentAt === undefined && effects > 0),
    duplicates: all.reduce((sum, [, { effects }]) => sum + Math.max(0, effects - 1), 0),
    notExactlyOnce: ids((message, id) => message.effects > 1 || innocentWithoutEffect(message, id)),
    publishMs: since(({ confirmedAt, returned }) => (returned ? undefined : confirmedAt)),
    processMs: since(({ firstEffectAt }) => firstEffectAt),
    reasons,
  };
}
