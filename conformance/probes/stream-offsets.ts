/** A reader of a stream gets what is there from where it asks for, as often as it asks. */
import type { Channel } from "amqplib";
import { setTimeout as sleep } from "node:timers/promises";
import { subjects, type Subject } from "../ends.js";
import { queueCase, type Post } from "../post.js";
import { Broken, type Case, type Probe } from "../probe.js";

const NAME = "stream-offsets";
const MESSAGES = 5;
const PREFETCH = 1000;

interface Read {
  readonly id: string;
  readonly offset: number;
}

interface Reader {
  readonly channel: Channel;
  readonly read: Read[];
}

async function attach(post: Post, subject: Subject, offset: string | number): Promise<Reader> {
  const channel = await post.channel();
  await channel.prefetch(PREFETCH);
  const read: Read[] = [];
  await channel.consume(
    subject.name,
    (message) => {
      if (!message) return;
      channel.ack(message);
      const headers = (message.properties.headers ?? {}) as Record<string, unknown>;
      read.push({ id: String(message.properties.messageId), offset: Number(headers["x-stream-offset"]) });
    },
    { noAck: false, arguments: { "x-stream-offset": offset } },
  );
  return { channel, read };
}

/** It gets these messages and no other after the first of them; `before`: others may come first. */
async function gets(post: Post, { read, channel }: Reader, who: string, ids: readonly string[], before = false): Promise<void> {
  const seen = (): string[] => {
    const all = read.map(({ id }) => id);
    return before ? all.slice(Math.max(0, all.indexOf(ids[0] ?? ""))) : all;
  };
  const told = (): string =>
    `it got ${seen().filter((id) => ids.includes(id)).length} of them and ${seen().filter((id) => !ids.includes(id)).length} others`;
  const look = (): Promise<true | undefined> => Promise.resolve(seen().length >= ids.length || undefined);
  await post.ground.eventually(`${post.name}: ${ids.length} messages to a reader ${who}`, look, post.ground.timeouts.arrival, told);
  await sleep(post.ground.timeouts.silence);
  if (seen().join() !== ids.join())
    throw new Broken(`${post.name}: a reader ${who} has to get ${ids.length} messages in their order; ${told()}`);
  post.note("arrived", `${read.length} messages to a reader ${who}`);
  await channel.close();
}

function streamCase(subject: Subject): Case {
  return queueCase(NAME, subject, {}, async (post) => {
    const put = async (): Promise<string[]> => {
      const ids: string[] = [];
      for (let count = 0; count < MESSAGES; count++) ids.push((await post.put(`message ${count + 1}`)).id);
      return ids;
    };
    const live = await attach(post, subject, "next");
    const ids = await put();
    const look = (): Promise<number | undefined> => Promise.resolve(live.read.find(({ id }) => id === ids[2])?.offset);
    const middle = await post.ground.eventually(`${post.name}: messages to a reader from "next" on`, look, post.ground.timeouts.arrival);
    await gets(post, live, 'from "next" on', ids);
    await gets(post, await attach(post, subject, "first"), 'from "first" on', ids, true);
    await gets(post, await attach(post, subject, middle), `from offset ${middle} on`, ids.slice(2));
    await gets(post, await attach(post, subject, middle), `from offset ${middle} on, a second time,`, ids.slice(2));
    const later = await attach(post, subject, "next");
    await gets(post, later, 'from "next" on, after the others,', await put());
  });
}

export const streamOffsets: Probe = {
  name: NAME,
  promise:
    "A reader of a stream gets its messages from the first one, from an offset, or from the next one on, and another reader gets the same.",
  level: "core",
  profile: "probe",
  cases: (plan) =>
    subjects(plan)
      .filter(({ type }) => type === "stream")
      .map(streamCase),
};
