/** Looking at what is in a queue, as tools for dead letters and the management UI do, changes nothing. */
import { fleeting, numberOf, workQueues, type Subject } from "../ends.js";
import { queueCase, type Post } from "../post.js";
import { Broken, Untried, type Case, type Probe } from "../probe.js";
import { deathsOf } from "../seen.js";
import { nackCounts } from "./delivery-limit.js";

const NAME = "looking";
const LOOKS = 50;
const MESSAGES = 3;

/**
 * Gets every message and gives all of them back. Of a quorum queue a message that is given back alone goes behind those that were not
 * got (4.3.6), so that looking at some of them would turn the queue round.
 */
async function look(post: Post, subject: Subject, count: number): Promise<string[]> {
  const channel = await post.channel();
  const seen: string[] = [];
  for (let index = 0; index < count; index++) {
    const message = await post.get(channel, `message ${index + 1} of ${count}`).catch((error: unknown) => {
      if (error instanceof Broken) return undefined;
      throw error;
    });
    if (!message) break;
    if (deathsOf(message.properties.headers ?? {}).length > 0) throw new Broken(`${post.name}: a message came back to it as a dead letter`);
    seen.push(String(message.properties.messageId));
  }
  channel.nackAll(true);
  // Its answer comes after the broker has taken them back.
  await channel.checkQueue(subject.name);
  await channel.close();
  return seen;
}

function lookingCase(subject: Subject): Case {
  return queueCase(NAME, subject, {}, async (post) => {
    const { deliveryLimit, delayedRetry } = subject.fate();
    const limit = deliveryLimit?.limit ?? -1;
    const reason = fleeting(subject);
    if (reason !== undefined) throw new Untried(reason);
    if (delayedRetry) throw new Untried("it holds back what is returned, so that looking takes long");
    if (limit >= 0 && (await nackCounts(post.ground))) throw new Untried("before 4.3 looking counts towards a delivery limit");
    const count = Math.min(MESSAGES, numberOf(subject, "max-length") ?? MESSAGES);
    const ids: string[] = [];
    for (let index = 0; index < count; index++) ids.push((await post.put(`message ${index + 1}`)).id);
    const told = (seen: readonly string[]): string => seen.map((id) => ids.indexOf(id) + 1 || "another").join(", ") || "none";
    for (let time = 1; time <= LOOKS; time++) {
      const seen = await look(post, subject, count);
      if (seen.join() !== ids.join())
        throw new Broken(`${post.name}: look ${time} of ${LOOKS} finds messages ${told(seen)}, put in were ${told(ids)}`);
    }
    post.note("tried", `looked ${LOOKS} times: basic.get, then basic.nack with requeue`);
    const left = await post.ids(subject.name);
    if (left.join() !== ids.join())
      throw new Broken(`${post.name}: after ${LOOKS} looks it holds messages ${told(left)}, put in were ${told(ids)}`);
  });
}

export const looking: Probe = {
  name: NAME,
  promise: "Looking at the messages of a queue fifty times changes nothing: they are there, in their order, and not dead-lettered.",
  level: "core",
  profile: "probe",
  // A quorum queue with a single active consumer refuses basic.get: nobody can look at it.
  cases: (plan) =>
    workQueues(plan)
      .filter(({ type, arguments: args }) => type !== "quorum" || args["x-single-active-consumer"] !== true)
      .map(lookingCase),
};
