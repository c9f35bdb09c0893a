/** A queue's time to live is waited for, however long it is, up to a bound. */
import { duration } from "../../topology/durations.js";
import { numberOf, passes, workQueues, type Subject } from "../ends.js";
import { andNowhereElse } from "../ledger.js";
import { queueCase } from "../post.js";
import { Untried, type Case, type Probe } from "../probe.js";
import { TIMEOUTS } from "../timeouts.js";
import { outlive } from "./message-ttl.js";

const NAME = "message-ttl-uncut";

function uncutCase(subject: Subject): Case[] {
  const ttl = numberOf(subject, "message-ttl");
  const expired = subject.fate().expired;
  if (ttl === undefined || ttl <= TIMEOUTS.uncut || !expired) return [];
  const tooLong = ttl > TIMEOUTS.long;
  const also = tooLong ? [] : passes(expired.departure);
  const run = queueCase(NAME, subject, { also, ms: ttl + TIMEOUTS.case }, async (post) => {
    if (tooLong) throw new Untried(`its messages live for ${duration(ttl)}, and at most ${duration(TIMEOUTS.long)} are waited for`);
    await outlive(post, subject, ttl);
  });
  return [run];
}

export const messageTtlUncut: Probe = {
  name: NAME,
  promise: "Messages leave a queue when its time to live is over: waited for up to ten minutes.",
  level: "extended",
  profile: "probe",
  needs: ["long"],
  cases: (plan) => andNowhereElse(NAME, workQueues(plan).flatMap(uncutCase)),
};
