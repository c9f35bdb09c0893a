/** A message that expires is dead-lettered to where the topology says, or is gone. */
import { numberOf, passes, workQueues, type Subject } from "../ends.js";
import { andNowhereElse } from "../ledger.js";
import { queueCase } from "../post.js";
import { Untried, type Case, type Probe } from "../probe.js";
import { TIMEOUTS } from "../timeouts.js";

const NAME = "dead-letter-expired";

function expiredCase(subject: Subject): Case[] {
  const expiration = TIMEOUTS.expiration;
  const { expired } = subject.fate({ expiration });
  if (!expired) return [];
  const { after, departure } = expired;
  const run = queueCase(NAME, subject, { also: passes(departure) }, async (post) => {
    if (numberOf(subject, "max-length") === 0) throw new Untried("it holds no message");
    const letter = await post.put(`a message that expires after ${expiration} ms`, { expiration });
    await post.follow(
      letter,
      `a message that expired after ${Math.min(after, numberOf(subject, "message-ttl") ?? after)} ms`,
      departure,
      after,
    );
  });
  return [run];
}

export const deadLetterExpired: Probe = {
  name: NAME,
  promise: "A message that expires ends in exactly the queues that the topology says, with that reason in its x-death and not too early.",
  level: "core",
  profile: "probe",
  cases: (plan) => andNowhereElse(NAME, workQueues(plan).flatMap(expiredCase)),
};
