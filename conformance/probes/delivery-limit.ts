/** A message that is returned too often leaves its queue, and what does not count does not. */
import { isAtLeast } from "../../broker/index.js";
import type { Letter } from "../arrival.js";
import { workQueues, passes, fleeting, type Subject } from "../ends.js";
import type { Ground } from "../ground.js";
import { andNowhereElse } from "../ledger.js";
import { queueCase, type Post } from "../post.js";
import { Broken, Untried, type Case, type Probe } from "../probe.js";

const NAME = "delivery-limit";

/** Returns of a message that may be returned for ever; and more than the limit, where what is returned does not count. */
const WITHOUT_END = 50;
const BEYOND = 5;
const MOST = 200;

/** From 4.3 on a message that is returned by `basic.nack` has not failed. */
export const nackCounts = (ground: Ground): Promise<boolean> =>
  ground.once("nack counts", async () => !isAtLeast(await ground.management.version(), "4.3"));

/** Gets and returns a message so many times; tells at which it was gone. */
async function giveBack(post: Post, letter: Letter, how: "reject" | "nack", times: number): Promise<number | undefined> {
  const channel = await post.channel();
  for (let count = 1; count <= times; count++) {
    const look = post.get(channel, "the message", post.ground.timeouts.arrival);
    const message = await look.catch((error: unknown) => {
      if (error instanceof Broken) return undefined;
      throw error;
    });
    if (message?.properties.messageId !== letter.id) return count;
    if (how === "reject") channel.reject(message, true);
    else channel.nack(message, false, true);
  }
  post.note("tried", `returned ${times} times by basic.${how}`);
  return undefined;
}

/** It is there after so many returns. */
async function stays(post: Post, subject: Subject, how: "reject" | "nack", times: number): Promise<void> {
  const letter = await post.put(`a message to return by ${how}`);
  const gone = await giveBack(post, letter, how, times);
  if (gone !== undefined)
    throw new Broken(`${post.name}: a message was gone after it was returned ${gone - 1} times by ${how}, it has to stay`);
  await post.ground.eventually(
    `${post.name}: a message that was returned ${times} times by ${how} to be still there`,
    async () => (await post.ids(subject.name)).includes(letter.id) || undefined,
    post.ground.timeouts.arrival,
  );
}

function limitCases(subject: Subject): Case[] {
  const { deliveryLimit, delayedRetry } = subject.fate();
  if (!deliveryLimit) return [];
  const { deliveries, departure, limit } = deliveryLimit;
  const possible = (): void => {
    const reason = fleeting(subject);
    if (reason !== undefined) throw new Untried(reason);
    if (delayedRetry) throw new Untried("it holds back what is returned, so that returning so often takes too long");
    if (limit > MOST) throw new Untried(`a message may be returned ${limit} times, which is more than is tried`);
  };
  const rejected = queueCase(NAME, subject, { name: "by reject", also: departure ? passes(departure) : [] }, async (post) => {
    possible();
    if (deliveries === undefined || !departure) return stays(post, subject, "reject", WITHOUT_END);
    const letter = await post.put("a message to return by reject");
    const gone = await giveBack(post, letter, "reject", deliveries);
    if (gone !== undefined)
      throw new Broken(
        `${post.name}: a message was gone after it was returned ${gone - 1} times by reject, by the topology it is after ${deliveries}`,
      );
    await post.follow(letter, `a message that was returned ${deliveries} times`, departure);
  });
  const returned = queueCase(NAME, subject, { name: "by nack", also: departure ? passes(departure) : [] }, async (post) => {
    possible();
    if (!(await nackCounts(post.ground)) || deliveries === undefined || !departure)
      return stays(post, subject, "nack", (deliveries ?? WITHOUT_END) + BEYOND);
    const letter = await post.put("a message to return by nack");
    await giveBack(post, letter, "nack", deliveries);
    await post.follow(letter, `a message that was returned ${deliveries} times`, departure);
  });
  return [rejected, returned];
}

export const deliveryLimit: Probe = {
  name: NAME,
  promise:
    "A message that is returned by reject more often than its delivery limit leaves its queue as the topology says; returning it by nack does not count from 4.3 on.",
  level: "core",
  profile: "probe",
  cases: (plan) => andNowhereElse(NAME, workQueues(plan).flatMap(limitCases)),
};
