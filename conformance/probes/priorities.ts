/** Messages of several priorities come out in the order that the queue's type promises. */
import { isAtLeast } from "../../broker/index.js";
import { fleeting, numberOf, workQueues, type Subject } from "../ends.js";
import type { Ground } from "../ground.js";
import { queueCase } from "../post.js";
import { Broken, Untried, type Case, type Probe } from "../probe.js";

const NAME = "priorities";

/** `undefined` is a message that says none. */
const SENT = [undefined, 0, 9, 4, 5, 1, 31, 9, 200, undefined] as const;

/** Strict from 4.3 on; before, quorum queues have two, and let the lower one have its share. */
const HIGH = 5;
/** What quorum queues take for none, and the highest that they tell from others (source: quorum queue documentation, "Priorities"). */
const QUORUM_NONE = 4;
const QUORUM_HIGHEST = 31;

const strict = (ground: Ground): Promise<boolean> =>
  ground.once("strict priorities", async () => isAtLeast(await ground.management.version(), "4.3"));

/** The order of a message among others, highest first: of equals the first that came comes out first. */
function rank(subject: Subject, isStrict: boolean): (priority: number | undefined) => number {
  if (subject.type === "quorum") {
    if (!isStrict) return (priority = 0) => (priority >= HIGH ? 1 : 0);
    return (priority = QUORUM_NONE) => Math.min(priority, QUORUM_HIGHEST);
  }
  const highest = subject.arguments["x-max-priority"];
  return (priority = 0) => Math.min(priority, typeof highest === "number" ? highest : 0);
}

function priorityCase(subject: Subject): Case {
  return queueCase(NAME, subject, {}, async (post) => {
    const reason = fleeting(subject);
    if (reason !== undefined) throw new Untried(reason);
    if ((numberOf(subject, "max-length") ?? SENT.length) < SENT.length) throw new Untried("it holds too few messages to compare");
    const isStrict = await strict(post.ground);
    const of = rank(subject, isStrict);
    const sent: { readonly id: string; readonly priority: number | undefined; readonly told: string }[] = [];
    for (const [index, priority] of SENT.entries()) {
      const told = `${index + 1} (${priority === undefined ? "none" : priority})`;
      const { id } = await post.put(`message ${told}`, priority === undefined ? {} : { priority });
      sent.push({ id, priority, told });
    }
    const ids = await post.ids(subject.name);
    const tell = (all: readonly string[]): string => all.map((id) => sent.find((one) => one.id === id)?.told ?? "another").join(", ");
    const sorted = [...sent].sort((a, b) => of(b.priority) - of(a.priority)).map(({ id }) => id);
    post.note("arrived", `messages (with priority) ${tell(ids)}`);
    // Before 4.3 only this is sure: of each of the two kinds in their order, and a high one first.
    const high = (all: readonly string[]): string[] => all.filter((id) => sent.some((one) => one.id === id && of(one.priority) === 1));
    const low = (all: readonly string[]): string[] => all.filter((id) => !high(all).includes(id));
    const loose = subject.type === "quorum" && !isStrict;
    const kept = loose
      ? ids[0] === sorted[0] && high(ids).join() === high(sorted).join() && low(ids).join() === low(sorted).join()
      : ids.join() === sorted.join();
    if (!kept) throw new Broken(`${post.name}: messages (with priority) came out as ${tell(ids)}; its type promises ${tell(sorted)}`);
  });
}

export const priorities: Probe = {
  name: NAME,
  promise:
    "Messages come out by their priority in the order that the queue's type promises, and of the same priority in the order in which they came.",
  level: "core",
  profile: "probe",
  cases: (plan) => workQueues(plan).map(priorityCase),
};
