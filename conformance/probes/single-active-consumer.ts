/** Of several consumers one gets the messages, and when it goes the next takes over in the same order. */
import type { Channel } from "amqplib";
import { setTimeout as sleep } from "node:timers/promises";
import { fleeting, numberOf, workQueues, type Subject } from "../ends.js";
import { queueCase, type Post } from "../post.js";
import { Broken, Untried, type Case, type Probe } from "../probe.js";

const NAME = "single-active-consumer";
const MESSAGES = 3;
const PREFETCH = 10;

interface Consumer {
  readonly channel: Channel;
  /** Ids of the messages that it got. */
  readonly got: string[];
  readonly ack: () => void;
}

async function consume(post: Post, subject: Subject): Promise<Consumer> {
  const channel = await post.channel();
  await channel.prefetch(PREFETCH);
  const got: string[] = [];
  await channel.consume(subject.name, (message) => message && got.push(String(message.properties.messageId)));
  return { channel, got, ack: () => channel.ackAll() };
}

function activeCase(subject: Subject): Case {
  return queueCase(NAME, subject, {}, async (post) => {
    const { timeouts } = post.ground;
    const reason = fleeting(subject);
    if (reason !== undefined) throw new Untried(reason);
    if ((numberOf(subject, "max-length") ?? MESSAGES) < MESSAGES) throw new Untried("it holds too few messages");
    const numbers = new Map<string, number>();
    const put = async (): Promise<void> => {
      for (let count = 0; count < MESSAGES; count++) {
        const { id } = await post.put(`message ${numbers.size + 1}`);
        numbers.set(id, numbers.size + 1);
      }
    };
    const [first, second] = [await consume(post, subject), await consume(post, subject)];
    // A message can be there before its publisher hears that it was taken.
    const told = ({ got }: Consumer): string => got.map((id) => numbers.get(id) ?? "another").join(", ");
    const gets = (who: string, consumer: Consumer, wanted: readonly number[], ms: number): Promise<true> =>
      post.ground.eventually(
        `${post.name}: messages ${wanted.join(", ")} to come to the ${who} consumer, in this order`,
        async () => {
          if (first.got.length > 0 && second.got.length > 0)
            throw new Broken(`${post.name}: both consumers got messages at once: ${told(first)} and ${told(second)}`);
          return Promise.resolve(told(consumer) === wanted.join(", ") || undefined);
        },
        ms,
        () => `it got ${told(consumer) || "none"}`,
      );
    await put();
    await gets("first", first, [1, 2, 3], timeouts.arrival);
    await sleep(timeouts.silence);
    await gets("first", first, [1, 2, 3], timeouts.arrival);
    post.note("arrived", "all messages to the first consumer, none to the second");
    // What it had and did not acknowledge is for the next one, before what comes later.
    first.got.length = 0;
    await first.channel.close();
    const closed = Date.now();
    await gets("second", second, [1, 2, 3], timeouts.failover);
    post.note("waited", `${Date.now() - closed} ms until the second consumer took over`);
    second.ack();
    second.got.length = 0;
    await put();
    await gets("second", second, [4, 5, 6], timeouts.arrival);
    second.ack();
    // The broker has heard of it before the channel is closed.
    await second.channel.checkQueue(subject.name);
  });
}

export const singleActiveConsumer: Probe = {
  name: NAME,
  promise: "Of several consumers only one gets messages; when it goes another one takes over, and the order is kept.",
  level: "core",
  profile: "probe",
  cases: (plan) =>
    workQueues(plan)
      .filter((subject) => subject.arguments["x-single-active-consumer"] === true)
      .map(activeCase),
};
