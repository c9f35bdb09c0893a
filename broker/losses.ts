/** Which queues an update would delete or replace, with their messages: found before anything is touched, and refused. */
import { setTimeout as sleep } from "node:timers/promises";
import { effectOf, worst, type Difference } from "../topology/changes.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import { plural } from "../topology/plural.js";
import { matches } from "../topology/regex.js";
import { settingOfArgument } from "../topology/settings.js";
import { itemId } from "./items.js";
import type { LiveInstallation, LiveQueue, LiveVhost } from "./live.js";
import type { Management } from "./management.js";

export interface QueueName {
  readonly vhost: string;
  readonly queue: string;
}

/** What the stack has made so far; an update deletes from it what the plan no longer holds. */
export interface Managed {
  /** Going, a vhost takes all its queues with it, whoever made them. */
  readonly vhosts: readonly string[];
  /** By id (`itemId`). */
  readonly objects: ReadonlySet<string>;
  /** Queues as its state has them, which need not be as they are, by the same id. */
  readonly queues?: ReadonlyMap<string, Omit<LiveQueue, "name">>;
}

/**
 * delete: the plan no longer holds the queue; replace: what differs cannot be changed while it stands, so it would be deleted and made
 * again; delete with vhost: its vhost goes; in the way: a queue that the stack did not make stands there and differs, so that the
 * broker would refuse (406 over AMQP) the planned one.
 */
export type LossAction = "delete" | "replace" | "delete with vhost" | "in the way";

export interface Loss extends QueueName {
  readonly action: LossAction;
  readonly type: LiveQueue["type"];
  /** For `replace` and `in the way`, from what is on the broker (before) to the plan (after). */
  readonly differences: readonly Difference[];
}

export interface CountedLoss extends Loss {
  /** Ready and unacknowledged; `undefined` if the broker does not say. */
  readonly messages: number | undefined;
  readonly unacknowledged: number | undefined;
}

export interface LossOptions {
  /** @default every queue of a planned vhost that is neither in the plan nor an instance's, and no vhost */
  readonly managed?: Managed;
}

/** The queues that an update to this plan would delete or replace, whether they hold messages or not. `live` has to hold the managed vhosts too. Pure. */
export function losses(plan: InstallationPlan, live: LiveInstallation, options: LossOptions = {}): Loss[] {
  const { managed } = options;
  const planned = new Map(plan.vhosts.map((vhost) => [vhost.vhost.name, vhost]));
  return live.vhosts.flatMap(({ vhost: { name: vhost }, queues }: LiveVhost) => {
    const loss = (queue: LiveQueue, action: LossAction, differences: readonly Difference[] = []): Loss => ({
      action,
      vhost,
      queue: queue.name,
      type: queue.type,
      differences,
    });
    const target = planned.get(vhost);
    if (!target) return managed?.vhosts.includes(vhost) ? queues.map((queue) => loss(queue, "delete with vhost")) : [];
    const wanted = new Map(target.queues.map((queue) => [queue.name, queue]));
    return queues.flatMap((queue): Loss[] => {
      const isOurs = managed?.objects.has(itemId("queue", vhost, queue.name)) ?? true;
      const want = wanted.get(queue.name);
      if (want) {
        const differing = effectOf("queue", { ...want, ...queue }, want);
        return worst(differing) === "replace and lose messages" ? [loss(queue, isOurs ? "replace" : "in the way", differing)] : [];
      }
      const isInstance = target.templates.some(({ pattern }) => matches(pattern, queue.name));
      return isOurs && (managed !== undefined || !isInstance) ? [loss(queue, "delete")] : [];
    });
  });
}

/** How old a count can be, by type: the tick of quorum queues and streams is 5 s, and streams pass through the statistics (another 5 s). */
const SETTLE_MS = new Map<string | undefined, number>([
  ["quorum", 6_000],
  ["stream", 11_000],
]);

/** How old the counts of queues of these types can be, in milliseconds. */
export const settleMs = (types: readonly (string | undefined)[]): number => Math.max(0, ...types.map((type) => SETTLE_MS.get(type) ?? 0));

/** Waits until the counts of queues of these types are as old as the call. Gives how long that took. */
export async function settle(types: readonly (string | undefined)[], onWait?: (ms: number) => void): Promise<number> {
  const wait = settleMs(types);
  if (wait === 0) return 0;
  onWait?.(wait);
  await sleep(wait);
  return wait;
}

export interface CountOptions {
  /** Told before waiting: the counts that the broker gives are up to so many milliseconds old. */
  readonly onWait?: (ms: number) => void;
}

/**
 * Adds the message counts. With quorum queues or streams among the losses it waits until what was published before the call is
 * counted (see `Management.counts`); without any, it asks at once, and without losses not at all.
 */
export async function countLosses(
  management: Pick<Management, "counts">,
  found: readonly Loss[],
  options: CountOptions = {},
): Promise<CountedLoss[]> {
  if (found.length === 0) return [];
  await settle(
    found.map(({ type }) => type),
    options.onWait,
  );
  const counts = new Map((await management.counts()).map((queue) => [itemId("queue", queue.vhost, queue.name), queue]));
  return found.map((loss) => {
    const count = counts.get(itemId("queue", loss.vhost, loss.queue));
    return { ...loss, messages: count?.messages, unacknowledged: count?.messages_unacknowledged };
  });
}

export interface RefusalOptions {
  /** The user accepts the loss (`warren:allowDataLoss`, `--discard`). What is in the way is refused all the same. @default false */
  readonly allowDataLoss?: boolean;
  /** The words for what would be done. @default "up" */
  readonly verb?: "up" | "down";
}

/** The losses that are not to happen: those with messages, or whose number the broker does not say, and what is in the way. */
export function refused(counted: readonly CountedLoss[], options: RefusalOptions = {}): CountedLoss[] {
  return counted.filter(({ action, messages }) => action === "in the way" || (messages !== 0 && !options.allowDataLoss));
}

/** Throws a WarrenError that lists every refused loss, with counts, differing fields, and the safe ways. */
export function refuseLosses(counted: readonly CountedLoss[], options: RefusalOptions = {}): void {
  const bad = refused(counted, options);
  if (bad.length === 0) return;
  const verb = options.verb ?? "up";
  const blocking = bad.filter(({ action }) => action === "in the way");
  const losing = bad.filter(({ action }) => action !== "in the way");
  const total = losing.reduce((sum, { messages }) => sum + (messages ?? 0), 0);
  const unknown = losing.some(({ messages }) => messages === undefined);
  const faults = [
    ...(losing.length > 0
      ? [
          `${verb} would lose ${unknown ? "at least " : ""}${plural(total, "message")} in ${plural(losing.length, "queue")}; nothing was changed.`,
        ]
      : []),
    ...(blocking.length > 0
      ? [
          `${plural(blocking.length, "queue")} that this stack did not make ${blocking.length === 1 ? "stands" : "stand"} in the way, with other arguments; nothing was changed.`,
        ]
      : []),
  ];
  throw new WarrenError([faults.join("\n"), ...bad.flatMap(lossLines)].join("\n"), { remedy: remedies(bad, verb).join("\n           ") });
}

const shown = (value: unknown): string => (value === undefined ? "not set" : JSON.stringify(value));

/** One field of an object, in a list of what is refused; `undefined` is not set. */
export const fieldLine = (field: string, expected: unknown, actual: unknown): string =>
  `    ${field}: expected ${shown(expected)}, is ${shown(actual)}`;

function lossLines({ action, vhost, queue, type, messages, unacknowledged, differences: fields }: CountedLoss): string[] {
  const held =
    messages === undefined
      ? "an unknown number of messages"
      : plural(messages, "message") + (unacknowledged ? ` (${unacknowledged} of them unacknowledged)` : "");
  return [
    `  ${action}: ${type} queue ${JSON.stringify(queue)} in vhost ${JSON.stringify(vhost)} holds ${held}`,
    ...fields.map(({ field, before, after }) => fieldLine(field, after, before)),
  ];
}

/** Set by a policy too, these take messages out of a queue that holds some. */
const TAKING = new Set(["x-max-length", "x-max-length-bytes", "x-expires"]);

/** Whether all that differs is to be set where nothing is set, by what a policy can set too without a loss. */
function changeableByPolicy({ differences }: Loss): boolean {
  return (
    differences.length > 0 &&
    differences.every(({ field, before }) => {
      const argument = /^arguments\["(.+)"\]$/.exec(field)?.[1];
      if (before !== undefined || argument === undefined || TAKING.has(argument)) return false;
      return settingOfArgument(argument)?.policy !== undefined;
    })
  );
}

function remedies(bad: readonly CountedLoss[], verb: "up" | "down"): string[] {
  const lines: string[] = [];
  const differing = bad.filter(({ differences: fields }) => fields.length > 0);
  if (differing.some(changeableByPolicy)) {
    lines.push('change by policy: write settings: "policy" (the default), which sets these values while the queue stands;');
  }
  if (differing.length > 0) {
    lines.push("keep the queue: write into the topology what it is now;");
    if (differing.some(({ type }) => type !== "stream"))
      lines.push("make it anew with its messages: warren migrate TOPOLOGY QUEUE (docs/change-a-queue.md);");
    lines.push(
      "new queue beside the old: declare it under another name, bind both, let the consumers empty the old one, then leave it out;",
    );
  }
  const doing = verb === "down" ? "run npm run down" : "run up";
  const emptied = verb === "down" ? "" : ", then stop them";
  lines.push(`drain: let its consumers empty it (stop the publishers, or unbind it first)${emptied}, and ${doing} again;`);
  if (bad.some(({ action }) => action === "in the way")) {
    lines.push("for what is in the way: delete it yourself when it is empty, or import it into the stack;");
  }
  if (bad.some(({ action }) => action !== "in the way")) {
    lines.push(
      verb === "down"
        ? "to lose these messages on purpose: npm run down -- --discard"
        : "to lose these messages on purpose: pulumi config set warren:allowDataLoss true, and remove it afterwards",
    );
  }
  return lines;
}
