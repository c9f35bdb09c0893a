/** The time to live that a queue gives its messages is in effect; a short one is waited for. */
import { inEffect } from "../effective.js";
import { numberOf, passes, workQueues, type Subject } from "../ends.js";
import { andNowhereElse } from "../ledger.js";
import { queueCase, type Post } from "../post.js";
import type { Case, Probe } from "../probe.js";
import { TIMEOUTS } from "../timeouts.js";

const NAME = "message-ttl";

/** A message lives for the queue's time, though its own is longer. */
export async function outlive(post: Post, subject: Subject, ttl: number): Promise<void> {
  const expiration = ttl + TIMEOUTS.long;
  const expired = subject.fate({ expiration }).expired;
  const letter = await post.put(`a message with an expiration of ${expiration} ms`, { expiration });
  post.note("waited", `${ttl} ms`);
  if (expired) await post.follow(letter, `a message that lives for the queue's ${ttl} ms`, expired.departure, ttl);
}

function ttlCase(subject: Subject): Case[] {
  const ttl = numberOf(subject, "message-ttl");
  const expired = subject.fate().expired;
  if (ttl === undefined || !expired) return [];
  const short = ttl <= TIMEOUTS.uncut;
  const run = queueCase(NAME, subject, { also: short ? passes(expired.departure) : [] }, async (post) => {
    await inEffect(post.ground, post.note, subject, ["message-ttl"]);
    if (short) await outlive(post, subject, ttl);
  });
  return [run];
}

export const messageTtl: Probe = {
  name: NAME,
  promise:
    "The time to live that the topology gives the messages of a queue is the one in effect; one of at most two seconds is waited for.",
  level: "core",
  profile: "probe",
  cases: (plan) => andNowhereElse(NAME, workQueues(plan).flatMap(ttlCase)),
};
