/** A queue that is full does with what is too much as the topology says: drops or dead-letters the oldest, or refuses the new. */
import type { ConfirmChannel } from "amqplib";
import type { Overflow } from "../../topology/explain.js";
import type { Letter } from "../arrival.js";
import { changed, inEffect } from "../effective.js";
import { ends, fleeting, numberOf, passes, subjects, type Subject } from "../ends.js";
import { andNowhereElse } from "../ledger.js";
import { queueCase, type Post } from "../post.js";
import { Broken, Untried, type Case, type Probe } from "../probe.js";

const NAME = "overflow";

/** A limit up to this one is filled as it is; others are lowered for a while. */
const FILLED = 500;
const LOWERED = 3;
const MORE = 5;
interface Filled extends Letter {
  readonly number: number;
}

async function publish(post: Post, channel: ConfirmChannel, subject: Subject, number: number): Promise<Filled> {
  const id = post.register(`message ${number} of many`, [subject.name]);
  const at = Date.now();
  const confirmed = await new Promise<boolean>((resolve) => {
    channel.publish("", subject.name, Buffer.from(""), { messageId: id, persistent: true }, (error) => resolve(!error));
  });
  return { id, at, confirmedAt: Date.now(), number, confirmed, headers: {} };
}

async function fill(
  post: Post,
  subject: Subject,
  limit: number,
  { mode, departure, holds = limit, maxLength = limit }: Overflow,
): Promise<void> {
  const channel = await post.confirmChannel();
  // Some take a little more than their limit.
  const most = limit + holds - maxLength;
  const numbers = Array.from({ length: limit }, (_, index) => index + 1);
  const first = await Promise.all(numbers.map((number) => publish(post, channel, subject, number)));
  const early = first.find(({ confirmed }) => !confirmed);
  if (early) throw new Broken(`${post.name}: message ${early.number} was refused, it has to take ${limit}`);
  const more: Filled[] = [];
  for (let number = limit + 1; number <= limit + MORE; number++) more.push(await publish(post, channel, subject, number));
  const refused = more.filter(({ confirmed }) => !confirmed);
  post.note("sent", `${limit + MORE} messages to a queue for ${limit}: ${refused.length} refused`);
  const all = [...first, ...more];
  let left: readonly Filled[];
  let gone: readonly Filled[];
  if (mode === "drop-head") {
    if (refused.length > 0) throw new Broken(`${post.name}: message ${refused[0]?.number} was refused, it has to drop the oldest`);
    [gone, left] = [all.slice(0, MORE), all.slice(MORE)];
  } else {
    if (all.length - refused.length !== most)
      throw new Broken(`${post.name}: took ${all.length - refused.length} messages, it has to take ${most} and refuse the others`);
    [gone, left] = [mode === "reject-publish-dlx" ? refused : [], all.filter(({ confirmed }) => confirmed)];
  }
  if (departure) for (const letter of gone) await post.follow(letter, `message ${letter.number}, with which it was full,`, departure);
  const found = await post.ids(subject.name);
  const byId = new Map(all.map(({ id, number }) => [id, number]));
  const told = (ids: readonly string[]): string => ids.map((id) => byId.get(id) ?? "another").join(", ") || "none";
  const expected = left.map(({ id }) => id);
  if (found.join() !== expected.join())
    throw new Broken(`${post.name}: of ${all.length} messages these are left: ${told(found)}; by the topology: ${told(expected)}`);
  post.note("read", `messages ${left[0]?.number ?? 0} to ${left.at(-1)?.number ?? 0} are left`);
}

/** Channels that were told of a full queue hear that it has room again. */
async function takesAgain(post: Post, subject: Subject): Promise<void> {
  const again = async (): Promise<true | undefined> => {
    const id = post.register("a message after the queue was full", [subject.name]);
    return (await post.session.publish("", subject.name, { messageId: id })).confirmed || undefined;
  };
  await post.ground.eventually(`${post.name}: messages to be taken again after it was full`, again, post.ground.timeouts.effect);
  await post.ids(subject.name);
}

function overflowCase(subject: Subject): Case[] {
  const { overflow } = subject.fate();
  if (!overflow) return [];
  const keys = ["max-length", "max-length-bytes", "overflow"].filter((key) => subject.settings.has(key));
  const limit = numberOf(subject, "max-length");
  const departure = overflow.departure;
  const run = queueCase(NAME, subject, { also: departure ? passes(departure) : [] }, async (post) => {
    await inEffect(post.ground, post.note, subject, keys);
    if (limit === undefined) return;
    if (departure && ends(departure).some(({ queue }) => queue === subject.name)) throw new Untried("its dead letters come back to it");
    if (departure?.effect === "kept") throw new Untried("a dead letter that nobody takes would stay in the queue for ever");
    const full = (most: number): Promise<void> => fill(post, subject, most, overflow);
    const ttl = subject.settings.get("message-ttl");
    if (limit <= FILLED && !fleeting(subject)) await full(limit);
    else if (ttl?.source.kind === "argument" && fleeting(subject)) throw new Untried("its messages expire sooner than it could be filled");
    else {
      const longer = ttl && fleeting(subject) ? { "message-ttl": post.ground.timeouts.case } : {};
      await changed(post.ground, post.note, subject, { "max-length": Math.min(limit, LOWERED), ...longer }, () =>
        full(Math.min(limit, LOWERED)),
      );
    }
    if (overflow.mode !== "drop-head") await takesAgain(post, subject);
  });
  return [run];
}

export const overflow: Probe = {
  name: NAME,
  promise: "A queue holds as many messages as the topology says, and what is too much is dropped, dead-lettered or refused as it says.",
  level: "core",
  profile: "probe",
  cases: (plan) =>
    andNowhereElse(
      NAME,
      subjects(plan)
        .filter(({ type }) => type !== "stream")
        .flatMap(overflowCase),
    ),
};
