/** A message that a consumer rejects is dead-lettered to where the topology says, or is gone. */
import { fleeting, passes, workQueues, type Subject } from "../ends.js";
import { andNowhereElse } from "../ledger.js";
import { queueCase } from "../post.js";
import { Untried, type Case, type Probe } from "../probe.js";

const NAME = "dead-letter-rejected";

function rejectedCase(subject: Subject): Case[] {
  const { rejected } = subject.fate();
  if (!rejected) return [];
  const run = queueCase(NAME, subject, { also: passes(rejected) }, async (post) => {
    const reason = fleeting(subject);
    if (reason !== undefined) throw new Untried(reason);
    const letter = await post.put("a message to reject");
    const channel = await post.channel();
    channel.reject(await post.get(channel, "a message to reject"), false);
    post.note("tried", "basic.reject without requeue");
    await post.follow(letter, "a rejected message", rejected);
  });
  return [run];
}

export const deadLetterRejected: Probe = {
  name: NAME,
  promise:
    "A message that is rejected ends in exactly the queues that the topology says, with that reason in its x-death and the declared key.",
  level: "core",
  profile: "probe",
  cases: (plan) => andNowhereElse(NAME, workQueues(plan).flatMap(rejectedCase)),
};
