/** What failed waits in the rung of its failure and comes back to its queue alone; what failed too often is kept with its history. */
import { retryExchange } from "../../topology/names.js";
import type { Plan } from "../../topology/compile/plan.js";
import { inEffect } from "../effective.js";
import { ends, numberOf, passes, subjects, type Subject } from "../ends.js";
import { andNowhereElse } from "../ledger.js";
import { queueCase, type Post } from "../post.js";
import type { Case, Probe } from "../probe.js";
import { TIMEOUTS } from "../timeouts.js";

const NAME = "retry-ladder";

export interface Rung {
  readonly subject: Subject;
  /** The queue that it belongs to. */
  readonly of: string;
  readonly number: number;
  readonly ttl: number;
}

export const rungs = (plan: Plan): Rung[] =>
  subjects(plan).flatMap((subject) => {
    const ttl = numberOf(subject, "message-ttl");
    return subject.role?.kind === "rung" && ttl !== undefined ? [{ subject, of: subject.role.of, number: subject.role.rung, ttl }] : [];
  });

/** What a worker writes on a message that failed. */
const history = (attempt: number) => ({
  "warren-attempt": attempt,
  "warren-history": Array.from({ length: attempt }, (_, index) => ({ attempt: index + 1, reason: "tried by the suite" })),
});

/** A message that failed for the n-th time waits in rung n for as long as it has to, and comes back. */
export async function climb(post: Post, { subject, of, number }: Rung, expiration?: number): Promise<void> {
  const to = { exchange: retryExchange(of), key: String(number) };
  const own = expiration === undefined ? {} : { expiration };
  const { expired } = subject.fate({ to, ...own });
  const cut = expiration === undefined ? "" : ` with an expiration of ${expiration} ms`;
  const what = `a message${cut} for ${JSON.stringify(subject.name)}`;
  const letter = await post.send(to.exchange, to.key, what, { headers: history(number), ...own });
  post.note("waited", `${expired?.after ?? 0} ms`);
  if (expired) await post.follow(letter, what, expired.departure, expired.after);
}

/** The queues that a message of a rung can be in. */
export const cameBack = ({ subject, of }: Rung): string[] => {
  const { expired } = subject.fate();
  return [of, ...(expired ? passes(expired.departure) : [])];
};

function rungCase(rung: Rung): Case {
  const { subject, ttl } = rung;
  return queueCase(NAME, subject, { also: cameBack(rung) }, async (post) => {
    await inEffect(post.ground, post.note, subject, ["message-ttl"]);
    if (ttl > TIMEOUTS.expiration) await climb(post, rung, TIMEOUTS.expiration);
    if (ttl <= TIMEOUTS.uncut) await climb(post, rung);
  });
}

function exhaustedCase(subject: Subject): Case[] {
  const exhausted = subject.fate().retries?.exhausted;
  if (!exhausted || ends(exhausted).length === 0) return [];
  const { exchange = "", keys: [key = ""] = [] } = exhausted;
  const also = passes(exhausted);
  const run = queueCase(NAME, subject, { name: "exhausted", also }, async (post) => {
    const what = "a message that failed too often";
    const letter = await post.send(exchange, key, what, { headers: history(subject.fate().retries?.rungs.length ?? 0) });
    await post.follow(letter, what, exhausted);
  });
  return [run];
}

export const retryLadder: Probe = {
  name: NAME,
  promise:
    "A message that failed waits in the rung of its failure, and comes back to its queue alone; after the last one it is kept among the dead letters, with its history.",
  level: "core",
  profile: "probe",
  cases: (plan) => andNowhereElse(NAME, [...rungs(plan).map(rungCase), ...subjects(plan).flatMap(exhaustedCase)]),
};
