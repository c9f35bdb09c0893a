/** What was held comes back into a queue, no faster than it has room: above its limits it would drop its oldest, or refuse. */
import { setTimeout as sleep } from "node:timers/promises";
import { settleMs } from "../broker/losses.js";
import type { Management } from "../broker/management.js";
import { WarrenError } from "../topology/errors.js";
import { plural } from "../topology/plural.js";
import type { BrokerSettings } from "../workers/dead-letters/connection.js";
import { feedersOf, isRung, messagesIn } from "./live-queue.js";
import { Mover } from "./mover.js";
import { limitsOf, Room, type Limits } from "./room.js";

/** Milliseconds. */
const LOOK_MS = 500;
const LOOK_AT_ROOM_MS = 100;
/** A consumer that was cancelled has this long to come back. */
const ABANDONED_MS = 60_000;

export interface BringArgs {
  readonly management: Management;
  readonly broker: BrokerSettings;
  readonly from: string;
  readonly to: string;
  /** A rung of a ladder: its messages leave it by themselves. */
  readonly isLadder: boolean;
  /** Publishers fill the queue as well. @default false */
  readonly shared?: boolean;
  /** @default nothing is left */
  readonly enough?: (left: number, room: number) => boolean;
  /** How long it waits for room in a queue that nobody consumes from, in milliseconds. @default 60000 */
  readonly abandonedAfter?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onStep: (text: string) => void;
  readonly onProgress: (moved: number, left: number) => void;
}

export interface Brought {
  readonly moved: number;
  readonly withoutUser: number;
}

const isLimited = ({ messages, bytes }: Limits): boolean => Number.isFinite(messages) || Number.isFinite(bytes);

export async function bring(args: BringArgs): Promise<Brought> {
  const { management, broker, from, to, shared = false, enough = (left) => left === 0 } = args;
  const room = new Room();
  const { vhost } = broker;
  let age = 0;
  const limits = async (): Promise<Limits> => {
    const queue = await management.getQueue(vhost, to);
    if (!queue) throw new WarrenError(`"${to}" is gone.`, { remedy: "run the same command again: what was held stays held" });
    age = settleMs([queue.type]);
    return limitsOf(queue);
  };
  const rungs = (await feedersOf(management, vhost, to)).filter(isRung).map(({ name }) => name);
  let limit = await limits();
  // Closed until it is known what is there.
  if (isLimited(limit)) room.free = 0;
  const mover = await Mover.open({ broker, from, to, alone: true, room });

  /** Exact for what is ready; what consumers have is as old as the tick of a quorum queue. Gives how many take, and whether one without a prefetch. */
  const measure = async (): Promise<{ readonly takers: number; readonly greedy: boolean }> => {
    room.free = 0;
    await mover.settled();
    const [of, consumers] = await Promise.all([messagesIn(management, vhost), management.consumers(vhost)]);
    const prefetches = consumers.filter(({ queue }) => queue.name === to).map(({ prefetch_count: count }) => count || Infinity);
    const { ready, consumers: takers } = await mover.target();
    // A consumer that the list does not have yet may have any.
    const prefetch = prefetches.length < takers ? Infinity : prefetches.reduce((sum, count) => sum + count, 0);
    room.look(limit, { ready, counted: of(to), age, prefetch, waiting: rungs.reduce((sum, name) => sum + of(name), 0) }, shared);
    mover.go();
    return { takers, greedy: prefetches.includes(Infinity) };
  };

  let [full, told, hinted] = [Date.now(), false, false];
  try {
    for (;;) {
      args.signal?.throwIfAborted();
      await sleep(isLimited(limit) ? LOOK_AT_ROOM_MS : LOOK_MS);
      limit = await limits();
      let [takers, greedy] = [0, false];
      if (isLimited(limit)) ({ takers, greedy } = await measure());
      else if (room.free !== Infinity) {
        room.open();
        mover.go();
      }
      const left = await mover.left();
      args.onProgress(mover.moved, left);
      if (left === 0 || enough(left, room.free)) break;
      if (!mover.waits || takers > 0 || args.isLadder) full = Date.now();
      if (mover.waits && !told) {
        told = true;
        args.onStep(`${to} is full (${words(limit)}): what is held waits until its consumers have taken some`);
      }
      if (mover.waits && greedy && !hinted) {
        hinted = true;
        args.onStep(
          `a consumer of ${to} has no prefetch: no more than the queue's length comes back in ${age / 1000} s. If more is published, give it one, or raise maxLength`,
        );
      }
      if (Date.now() - full > (args.abandonedAfter ?? ABANDONED_MS))
        throw new WarrenError(`${to} is full (${words(limit)}), and nobody consumes from it: ${plural(left, "message")} wait in ${from}.`, {
          remedy:
            "start its consumers, or let it hold more (maxLength; by policy it changes in place); then run the same command again. Nothing is lost: publishers go on, and what they publish is held",
        });
    }
  } finally {
    await mover.close();
  }
  return { moved: mover.moved, withoutUser: mover.withoutUser };
}

const words = ({ messages, bytes }: Limits): string =>
  [
    ...(Number.isFinite(messages) ? [`at most ${plural(messages, "message")}`] : []),
    ...(Number.isFinite(bytes) ? [`at most ${plural(bytes, "byte")}`] : []),
  ].join(", ");
