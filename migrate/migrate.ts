/**
 * Changes what of a queue cannot be changed while it stands (its type, its arguments), and loses no message:
 *
 *     change   exchanges -> new       publishers go on; what is in the queue goes to `old`, to consumers as well
 *     declare                         the empty queue is deleted, and made as it is to be
 *     return   old -> queue, new -> queue, exchanges -> queue
 *
 * Every step may be done again: whoever was ended in the middle begins at what stands on the broker.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { BrokerError } from "../broker/faults.js";
import { readLive, type LiveInstallation } from "../broker/live.js";
import { fieldLine, settleMs } from "../broker/losses.js";
import type { Management } from "../broker/management.js";
import type { WireBinding, WireQueue } from "../broker/wire.js";
import type { PlannedPolicy, PlannedQueue } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import { plural } from "../topology/plural.js";
import type { BrokerSettings } from "../workers/dead-letters/connection.js";
import { bring, type BringArgs } from "./bring.js";
import { makeHeld } from "./hold.js";
import { feedersOf, isRung, messagesIn, setting, typeOf } from "./live-queue.js";
import { Mover } from "./mover.js";
import { requireSafe } from "./safe.js";
import { heldFor, standing, type Held, type Standing } from "./stage.js";

export interface MigrateArgs {
  readonly management: Management;
  /** Of the queue's vhost. */
  readonly broker: BrokerSettings;
  readonly queue: PlannedQueue;
  /** Those of the plan that are for this queue alone: a queue of another type has others. */
  readonly policies?: readonly PlannedPolicy[];
  /** Nothing comes to the queue by its name but from a ladder of retries. @default false: a queue whose dead letters come here is refused */
  readonly publishersStopped?: boolean;
  /** How long it waits for room in a full queue that nobody consumes from, in milliseconds. @default 60000 */
  readonly abandonedAfter?: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (text: string) => void;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  readonly doing: "emptying" | "bringing back";
  readonly moved: number;
  /** Without what consumers hold. */
  readonly left: number;
}

export interface Migrated {
  /** It went on from where an earlier run was ended, which may have moved some out of their order. */
  readonly resumed: boolean;
  /** Out of the old queue, and back into the new one; consumers may have taken some in between. */
  readonly moved: { readonly out: number; readonly back: number };
  /** Out of the old queue while consumers took from it too, who had newer ones first. */
  readonly besideConsumers: number;
  /** Messages that new ones may have overtaken, at the end. */
  readonly overtaken: number;
  /** Of these the name of the user is not on them any more. */
  readonly withoutUser: number;
}

const LOOK_MS = 500;
/** What was routed before its binding went has arrived by then. */
const ROUTED_MS = 1_000;
/** So few messages are brought while new ones come to the queue already. */
const TAIL = 100;
/** How long bringing goes on after new ones that come as fast. */
const CATCH_UP_MS = 60_000;

export class Migration {
  readonly #vhost: string;
  readonly #name: string;
  readonly #held: Held;
  #out = 0;
  #back = 0;
  #besideConsumers = 0;
  #overtaken = 0;
  #withoutUser = 0;

  constructor(private readonly args: MigrateArgs) {
    this.#vhost = args.broker.vhost;
    this.#name = args.queue.name;
    this.#held = heldFor(args.queue.name);
  }

  /** @param live what stands on the broker, with the queue's vhost. @default it is read */
  async standing(live?: LiveInstallation): Promise<Standing> {
    const { management, queue } = this.args;
    live ??= await readLive(management, [this.#vhost]);
    const queues = live.vhosts[0]?.queues ?? [];
    const isHeld = queues.some(({ name }) => name === this.#held.old || name === this.#held.new);
    return standing(
      queues.find(({ name }) => name === this.#name),
      queue,
      isHeld,
    );
  }

  /** Throws a WarrenError if it cannot be, or cannot go on; what was done stays, and the next run goes on from there. */
  async run(): Promise<Migrated> {
    const { management } = this.args;
    const { stage, isHeld } = await this.standing();
    if (stage === "missing")
      throw new WarrenError(`There is no queue ${JSON.stringify(this.#name)} in vhost ${JSON.stringify(this.#vhost)}.`, {
        remedy: "npm run up makes it",
        exitCode: 2,
      });
    if (stage === "change") {
      const live = await management.getQueue(this.#vhost, this.#name);
      const consumers = live ? await requireSafe(this.args, live) : 0;
      await this.#prepare(live);
      await this.#empty(consumers, live !== undefined && setting(live, "single-active-consumer") === true);
    }
    if (stage === "change" || stage === "declare") await this.#declare();
    if (stage !== "done") await this.#return();
    // The last to go.
    for (const name of Object.values(this.#held) as string[]) await management.deletePolicy(this.#vhost, name);
    const moved = { out: this.#out, back: this.#back };
    return {
      ...{ resumed: isHeld, moved, besideConsumers: this.#besideConsumers },
      ...{ overtaken: this.#overtaken, withoutUser: this.#withoutUser },
    };
  }

  #step(text: string): void {
    this.args.signal?.throwIfAborted();
    this.args.onStep?.(text);
  }

  /** New messages go to a queue beside it. They reach both for a moment: nothing is between the two. */
  async #prepare(live: WireQueue | undefined): Promise<void> {
    const { management } = this.args;
    this.#step(`new messages go to ${this.#held.new}`);
    for (const name of [this.#held.old, this.#held.new]) await makeHeld(management, this.#vhost, name, live);
    const bindings = await this.#bindings(this.#name);
    for (const binding of bindings) await management.putBinding(this.#vhost, { ...identity(binding), destination: this.#held.new });
    for (const binding of bindings) await management.deleteBinding(this.#vhost, identity(binding));
  }

  async #bindings(queue: string): Promise<WireBinding[]> {
    // Without the one of the default exchange, which every queue has.
    return (await this.args.management.queueBindings(this.#vhost, queue)).filter(({ source }) => source !== "");
  }

  /**
   * Until nothing is in the queue, at its consumers, or on its way back to it from a queue where it waits.
   *
   * @param isOneActive only the active one of its consumers is given any, in order: the mover when it is that, or none
   */
  async #empty(consumers: number, isOneActive: boolean): Promise<void> {
    const name = this.#name;
    const told = new Set<string>();
    const tell = (why: string): void => {
      if (told.has(why)) return;
      told.add(why);
      this.#step(why);
    };
    this.#step(`what is in ${name} goes to its consumers, and to ${this.#held.old}`);
    if (isOneActive && consumers > 0) tell(`only the active consumer of ${name} is given messages: what it leaves when it ends is moved`);
    const feeders = (await feedersOf(this.args.management, this.#vhost, name)).filter(isRung).map((queue) => queue.name);
    const mover = await Mover.open({ broker: this.args.broker, from: name, to: this.#held.old });
    // For as long as a count may be old: an older one would tell of a message by then.
    const countMs = settleMs(["quorum"]);
    const emptyMs = countMs + 2 * LOOK_MS;
    let [since, isShared] = [Date.now(), consumers > 0 && !isOneActive];
    /** Looks that found none, one after the other. */
    let empty = 0;
    try {
      while (Date.now() - since < emptyMs) {
        await this.#pause();
        const left = await mover.left();
        isShared ||= mover.others > 0 && !isOneActive;
        if (isShared) tell(`consumers take from ${name} beside the move: newer messages may come to them before those that are moved`);
        this.args.onProgress?.({ doing: "emptying", moved: mover.moved, left });
        if (left > 0) {
          if (empty > 1)
            tell(
              `messages came to ${name} again, by its name, from its ladder, or given back by a consumer: it waits until none has come for ${emptyMs / 1000} s`,
            );
          [since, empty] = [Date.now(), 0];
          continue;
        }
        empty++;
        // Of all queues of the vhost: asked for only where it decides.
        const of = await messagesIn(this.args.management, this.#vhost);
        const waiting = feeders.filter((feeder) => of(feeder) > 0);
        if (of(name) > 0 || waiting.length > 0) since = Date.now();
        if (waiting.length > 0) tell(`waiting for ${waiting.join(", ")}, whose messages come back to ${name}`);
        else if (of(name) > 0 && empty * LOOK_MS > countMs)
          tell(`waiting for what consumers of ${name} hold, or what still comes by its name`);
      }
      this.#out += mover.moved;
      if (isShared) this.#besideConsumers += mover.moved;
      this.#withoutUser += mover.withoutUser;
    } finally {
      await mover.close();
    }
  }

  async #declare(): Promise<void> {
    const { management, queue, policies = [] } = this.args;
    this.#step(`${this.#name} is made again: ${queue.type}`);
    // Before the queue: what it dead-letters from its first message on is not lost. The old one is empty.
    for (const policy of policies) await management.putPolicy(this.#vhost, policy.name, policy);
    const live = await management.getQueue(this.#vhost, this.#name);
    // A quorum queue cannot be told to go only if it is empty (400).
    if (live) await management.deleteQueue(this.#vhost, this.#name, { ifEmpty: typeOf(live) === "classic" });
    try {
      await management.putQueue(this.#vhost, this.#name, queue);
    } catch (error) {
      if (error instanceof BrokerError && error.kind === "refused") await this.#refuseOther(error);
      throw error;
    }
  }

  /** A client that declares its queue itself was quicker in the moment in which it was gone. */
  async #refuseOther(cause: BrokerError): Promise<void> {
    const { stage, differences } = await this.standing();
    if (stage !== "change") return;
    const lines = differences.map(({ field, before, after }) => fieldLine(field, after, before));
    const { old, new: next } = this.#held;
    throw new WarrenError(
      [
        `A client declared ${JSON.stringify(this.#name)} in the moment in which it was gone, as it was before:`,
        ...lines,
        `  Nothing is lost: its messages are in ${old}, and what is published goes to ${next}.`,
      ].join("\n"),
      {
        remedy: `stop the clients that declare ${JSON.stringify(this.#name)}, or let them declare it as the topology says or only look whether it is there (passive); then run the same command again`,
        cause,
      },
    );
  }

  /** What was held comes back, the oldest first; then new messages come here again. */
  async #return(): Promise<void> {
    const { management } = this.args;
    const [old, next] = [this.#held.old, this.#held.new];
    for (const name of [old, next]) await makeHeld(management, this.#vhost, name);
    this.#step(`what was held comes back to ${this.#name}`);
    await this.#bring(old);
    const began = Date.now();
    // What is left then has to find room beside the new ones.
    const enough = (left: number, room: number): boolean => left <= room && (left <= TAIL || Date.now() - began > CATCH_UP_MS);
    await this.#bring(next, { enough });
    this.#step(`new messages come to ${this.#name} again`);
    const bindings = await this.#bindings(next);
    for (const binding of bindings) await management.putBinding(this.#vhost, { ...identity(binding), destination: this.#name });
    for (const binding of bindings) await management.deleteBinding(this.#vhost, { ...identity(binding), destination: next });
    const before = this.#back;
    await sleep(ROUTED_MS);
    await this.#bring(next, { shared: true });
    this.#overtaken = this.#back - before;
    for (const name of [old, next]) {
      await this.#bring(name, { shared: true });
      await management.deleteQueue(this.#vhost, name);
    }
  }

  async #bring(from: string, more: Pick<BringArgs, "enough" | "shared"> = {}): Promise<void> {
    const { management, broker, signal, abandonedAfter } = this.args;
    const before = this.#back;
    const onProgress = (moved: number, left: number): void => {
      this.#back = before + moved;
      this.args.onProgress?.({ doing: "bringing back", moved: this.#back, left });
    };
    const onStep = (text: string): void => this.#step(text);
    const ends = { from, to: this.#name, isLadder: this.args.queue.role.kind === "rung" };
    const { moved, withoutUser } = await bring({
      ...{ management, broker, ...ends, ...more, signal, onStep, onProgress },
      ...(abandonedAfter === undefined ? {} : { abandonedAfter }),
    });
    this.#back = before + moved;
    this.#withoutUser += withoutUser;
  }

  async #pause(): Promise<void> {
    this.args.signal?.throwIfAborted();
    await sleep(LOOK_MS);
  }
}

const identity = ({ source, destination, routing_key, arguments: args }: WireBinding) =>
  ({ source, destination, destinationType: "queue", routingKey: routing_key, arguments: args }) as const;

/** What is left, and for how long at this rate. */
export function progressText({ doing, moved, left }: Progress, seconds: number): string {
  const rate = seconds > 0 ? moved / seconds : 0;
  const rest = left === 0 || rate < 1 ? "" : `, ${Math.ceil(left / rate)} s left`;
  return `${doing}: ${plural(moved, "message")} moved, ${left} to go (${Math.round(rate)}/s${rest})`;
}
