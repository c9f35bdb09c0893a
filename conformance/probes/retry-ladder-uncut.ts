/** Every rung of a ladder holds a message for its declared time, however long that is, up to a bound. */
import { duration } from "../../topology/durations.js";
import { subjects } from "../ends.js";
import { andNowhereElse } from "../ledger.js";
import { queueCase } from "../post.js";
import { Untried, type Case, type Probe } from "../probe.js";
import { TIMEOUTS } from "../timeouts.js";
import { cameBack, climb, rungs, type Rung } from "./retry-ladder.js";

const NAME = "retry-ladder-uncut";

/** All rungs of one queue at the same time. */
function ladderCase(ladder: readonly Rung[], of: ReturnType<typeof subjects>[number]): Case {
  const waited = ladder.filter(({ ttl }) => ttl <= TIMEOUTS.long);
  const longest = Math.max(0, ...waited.map(({ ttl }) => ttl));
  const also = [...waited.map(({ subject }) => subject.name), ...waited.flatMap(cameBack)];
  return queueCase(NAME, of, { also, ms: longest + TIMEOUTS.case }, async (post) => {
    await Promise.all(waited.map((rung) => climb(post, rung)));
    if (waited.length < ladder.length) throw new Untried(`a rung of more than ${duration(TIMEOUTS.long)} is not waited for`);
  });
}

export const retryLadderUncut: Probe = {
  name: NAME,
  promise: "A message that failed waits in the rung of its failure not less than the declared time: waited for up to ten minutes.",
  level: "extended",
  profile: "probe",
  needs: ["long"],
  cases: (plan) => {
    const all = rungs(plan);
    const cases = subjects(plan).flatMap((subject) => {
      const ladder = all.filter(({ of }) => of === subject.name);
      return ladder.length === 0 ? [] : [ladderCase(ladder, subject)];
    });
    return andNowhereElse(NAME, cases);
  },
};
