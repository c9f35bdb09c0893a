/** Dead letters on the page: looked at, and put back after a dry run. One pass at a time, for a pass holds the queue's messages. */
import { randomBytes } from "node:crypto";
import { letterJson, requeuedText, stoppedText } from "../cli/dlq/text.js";
import { isAtLeast, type Management } from "../broker/index.js";
import { effectiveSettings } from "../topology/policies.js";
import { plural } from "../topology/plural.js";
import { requeue, show, type BrokerSettings } from "../workers/dead-letters/index.js";
import type { Atlas } from "./atlas.js";
import { Refusal } from "./refusal.js";
import { plannedQueue } from "./queue-details.js";
import type { LetterRow, Letters, RequeueAnswer } from "./protocol.js";

/** Looked at from the head on, and shown of these. */
const LOOK = 1000;
const SHOW = 20;
/** Put back at a time: a pass holds what it goes through. */
const MOST = 10_000;
/** Characters of a body. */
const BODY = 20_000;
/** A dry run is good for this long. */
const TICKET_MS = 120_000;

interface Ticket {
  readonly vhost: string;
  readonly queue: string;
  readonly matched: number;
  readonly until: number;
}

export class DeadLetters {
  readonly #tickets = new Map<string, Ticket>();
  readonly #stop = new AbortController();
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #version: string | undefined;

  constructor(
    private readonly atlas: Atlas,
    private readonly management: Pick<Management, "version">,
    private readonly settings: (vhost: string) => BrokerSettings,
  ) {}

  /** The last messages of a queue of dead letters, each given back to its place by nack. */
  async look(vhost: string, queue: string, body: boolean): Promise<Letters> {
    const type = await this.#requireDeadLetters(vhost, queue);
    const { messages, total, looked, stopped } = await this.#alone((signal) =>
      show(this.settings(vhost), { queue, type, filter: {}, limit: LOOK, last: SHOW, body, signal }),
    );
    return {
      ...{ queue, total, looked },
      letters: messages.map((shown) => cut(letterJson(shown) as unknown as LetterRow)).reverse(),
      ...(stopped ? { stopped: stoppedText(stopped, undefined) } : {}),
    };
  }

  /** What putting them back would do, with the ticket that does it. */
  async plan(vhost: string, queue: string): Promise<RequeueAnswer> {
    const type = await this.#requireDeadLetters(vhost, queue);
    const found = await this.#alone((signal) =>
      requeue(this.settings(vhost), { queue, type, filter: {}, destination: { to: "source" }, dryRun: true, limit: MOST, signal }),
    );
    const ticket = randomBytes(16).toString("hex");
    const now = Date.now();
    for (const [id, { until }] of this.#tickets) if (until < now) this.#tickets.delete(id);
    if (found.matched > 0) this.#tickets.set(ticket, { vhost, queue, matched: found.matched, until: now + TICKET_MS });
    const { places, stayed } = found;
    const more = found.matched >= MOST ? ", so many at a time" : "";
    const text = [
      `${plural(found.matched, "message")} would be put back${more}:`,
      ...places.map(({ exchange, key, messages, missing }) => {
        const place = exchange === "" ? `queue ${key}` : `exchange ${exchange} with key ${key}`;
        return `${messages} to ${place}${missing ? ", which is not there: they would stay" : ""}`;
      }),
      ...(stayed.nowhere > 0 ? [`${stayed.nowhere} stay: nothing on them says where they came from`] : []),
      ...(found.stopped ? [stoppedText(found.stopped, undefined)] : []),
    ].join("\n");
    return { done: false, ...(found.matched > 0 ? { ticket } : {}), matched: found.matched, requeued: 0, text };
  }

  /** Does what a dry run has shown, for no more messages than that saw. */
  async requeue(id: string): Promise<RequeueAnswer> {
    const ticket = this.#tickets.get(id);
    this.#tickets.delete(id);
    if (!ticket || ticket.until < Date.now()) throw new Refusal(409, "What was shown is too old, or is done already: look again first.");
    const { vhost, queue, matched: limit } = ticket;
    const type = await this.#requireDeadLetters(vhost, queue);
    const done = await this.#alone((signal) =>
      requeue(this.settings(vhost), { queue, type, filter: {}, destination: { to: "source" }, dryRun: false, limit, signal }),
    );
    const text = [requeuedText(done, queue, false), ...(done.stopped ? [stoppedText(done.stopped, "requeue")] : [])].join("\n");
    return { done: true, matched: done.matched, requeued: done.requeued, text };
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error("the page's server ends"));
    await this.#last;
  }

  /** Its type. Other queues are not looked into: their messages are for their consumers. */
  async #requireDeadLetters(vhost: string, queue: string): Promise<string> {
    const planned = plannedQueue(this.atlas, vhost, queue);
    const node = this.atlas.queueNode(vhost, queue);
    if (!planned || node === undefined) throw new Refusal(404, `There is no queue "${queue}" in this topology.`);
    if (!this.atlas.nodes.get(node)?.deadLetters || planned.queue.role.kind !== "queue")
      throw new Refusal(409, `"${queue}" is no queue of dead letters: its messages are for its consumers.`);
    if (planned.queue.type === "stream") throw new Refusal(409, `"${queue}" is a stream: warren tail reads it.`);
    await this.#requireHarmless(planned);
    return planned.queue.type;
  }

  /** From 4.3 a message that is given back by nack counts towards no delivery limit of a quorum queue; before, it does. */
  async #requireHarmless({ region, queue }: NonNullable<ReturnType<typeof plannedQueue>>): Promise<void> {
    const limit = effectiveSettings(region.plan, queue).get("delivery-limit")?.value;
    if (queue.type !== "quorum" || limit === -1 || isAtLeast((this.#version ??= await this.management.version()), "4.3")) return;
    throw new Refusal(
      409,
      `Looking uses up the delivery limit of "${queue.name}" on RabbitMQ ${this.#version}: give it deliveryLimit: -1, or upgrade to 4.3.`,
    );
  }

  async #alone<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#waiting >= 4) throw new Refusal(429, "Dead letters are being looked at already: try again in a moment.");
    this.#waiting++;
    const mine = this.#last.then(() => work(this.#stop.signal));
    this.#last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      this.#waiting--;
    }
  }
}

function cut(letter: LetterRow): LetterRow {
  const { body, bodyBase64 } = letter;
  if ((body ?? bodyBase64 ?? "").length <= BODY) return letter;
  return {
    ...letter,
    ...(body === undefined ? { bodyBase64: bodyBase64?.slice(0, BODY) ?? "" } : { body: body.slice(0, BODY) }),
    cut: true,
  };
}
