/** A stream lets go of what is older, or more, than it keeps. */
import { setTimeout as sleep } from "node:timers/promises";
import { duration, millisecondsOfMaxAge, size } from "../../topology/durations.js";
import { numberOf, subjects, textOf, type Subject } from "../ends.js";
import { queueCase, type Post } from "../post.js";
import { Broken, Untried, type Probe } from "../probe.js";
import { TIMEOUTS } from "../timeouts.js";
import { RETENTION } from "./stream-retention.js";

const NAME = "stream-retention-uncut";

/** What a stream has without a setting (source: stream documentation). */
const DEFAULT_SEGMENT = 500_000_000;
/** The most that is published to fill segments, which are let go of as a whole. */
const MOST_BYTES = 64_000_000;
const BODY = Buffer.alloc(64_000);
const AT_ONCE = 20;

async function fill(post: Post, { name }: Subject, bytes: number): Promise<void> {
  for (let left = Math.ceil(bytes / BODY.length); left > 0; left -= AT_ONCE) {
    const batch = Array.from({ length: Math.min(left, AT_ONCE) }, () => post.register("a message to fill it", [name]));
    await Promise.all(batch.map((messageId) => post.session.publish("", name, { messageId, body: BODY })));
  }
  post.note("sent", `${size(bytes)} to fill it`);
}

/** The offset of the first message that a new reader gets. */
async function firstOffset(post: Post, { name }: Subject): Promise<number> {
  const channel = await post.channel();
  await channel.prefetch(1);
  let offset: number | undefined;
  const take = (message: { readonly properties: { readonly headers?: unknown } } | null): void => {
    offset ??= message ? Number((message.properties.headers as Record<string, unknown> | undefined)?.["x-stream-offset"]) : undefined;
  };
  await channel.consume(name, take, { noAck: false, arguments: { "x-stream-offset": "first" } });
  const look = (): Promise<number | undefined> => Promise.resolve(offset);
  const found = await post.ground.eventually(`${post.name}: a message to a reader from "first" on`, look, post.ground.timeouts.arrival);
  await channel.close();
  return found;
}

export const streamRetentionUncut: Probe = {
  name: NAME,
  promise: "A stream lets go of its oldest messages when they are older, or more, than it keeps.",
  level: "extended",
  profile: "probe",
  needs: ["long"],
  cases: (plan) =>
    subjects(plan)
      .filter(({ type, settings }) => type === "stream" && RETENTION.slice(0, 2).some((key) => settings.has(key)))
      .map((subject) => {
        const age = millisecondsOfMaxAge(textOf(subject, "max-age") ?? "") ?? 0;
        const segment = numberOf(subject, "stream-max-segment-size-bytes") ?? DEFAULT_SEGMENT;
        const bytes = numberOf(subject, "max-length-bytes") ?? 0;
        return queueCase(NAME, subject, { ms: Math.min(age, TIMEOUTS.long) + 2 * TIMEOUTS.case }, async (post) => {
          if (age > TIMEOUTS.long)
            throw new Untried(`it keeps messages for ${duration(age)}, and at most ${duration(TIMEOUTS.long)} are waited for`);
          if (bytes + 3 * segment > MOST_BYTES)
            throw new Untried(`more than ${size(MOST_BYTES)} would have to be published until it lets go of any`);
          await post.put("a first message");
          const before = await firstOffset(post, subject);
          await fill(post, subject, bytes + 2 * segment);
          post.note("waited", `${age} ms`);
          await sleep(age);
          // A segment that begins is the moment at which the broker looks.
          await fill(post, subject, segment);
          const look = async (): Promise<true | undefined> => (await firstOffset(post, subject)) > before || undefined;
          await post.ground.eventually("", look, post.ground.timeouts.arrival).catch(() => {
            const told = RETENTION.slice(0, 2).flatMap((key) =>
              subject.settings.has(key) ? [`${key} ${String(subject.settings.get(key)?.value)}`] : [],
            );
            throw new Broken(`${post.name}: it keeps its oldest messages in spite of ${told.join(" and ")}`);
          });
        });
      }),
};
