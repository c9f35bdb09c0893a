/** What `warren migrate` tells: how it stands before it does anything, and what it has done. */
import { fieldLine } from "../../broker/losses.js";
import { heldFor, type LaterPolicy, type Migrated, type Standing } from "../../migrate/index.js";
import type { PlannedQueue } from "../../topology/compile/plan.js";
import { plural } from "../../topology/plural.js";
import { visible } from "../output.js";

const UNCHANGED: Readonly<Record<Standing["stage"], string>> = {
  change: "has to be made again",
  declare: "is taken away, its messages are held: an earlier run was ended",
  return: "is as it is to be, its messages are held: an earlier run was ended",
  done: "is as the topology says",
  missing: "is not there",
};

/** What `warren migrate --json` prints, with `--yes` and without. */
export interface MigrationReport {
  readonly version: 1;
  readonly broker: {
    /** Of its management API, without credentials. */
    readonly endpoint: string;
  };
  readonly vhost: string;
  readonly queue: string;
  /** As the topology has it. */
  readonly type: PlannedQueue["type"];
  /** At which stage it was when the command began. */
  readonly stage: Standing["stage"];
  /** In what it differed then from the topology, so that it has to be made again. */
  readonly differences: Standing["differences"];
  /** Those of its ladder that have to be made again with it. */
  readonly rungs: readonly { readonly queue: string; readonly stage: Standing["stage"]; readonly differences: Standing["differences"] }[];
  /** Policies for it that come with an update only. */
  readonly later: readonly LaterPolicy[];
  /** What was done; `null` without `--yes`. */
  readonly done: Migrated | null;
}

/** Whether it is as the topology says, but for rungs that are missing and policies: these come with an update. */
export const isDone = ({ stage, rungs }: Pick<MigrationReport, "stage" | "rungs">): boolean => rungs.length === 0 && stage === "done";

const list = (names: readonly string[]): string => visible(names.join(", "));

const laterText = (policies: readonly LaterPolicy[]): string[] =>
  policies.map(({ kind, name }) => `${kind} "${visible(name)}" holds for it, and comes with npm run up only: until then it is without`);

function planText({ stage, differences, queue: name, vhost, rungs, later }: MigrationReport): string {
  const held = heldFor(name);
  const lines = [
    `${visible(name)} in vhost ${visible(vhost)} ${UNCHANGED[stage]}`,
    ...differences.map(({ field, before, after }) => visible(fieldLine(field, after, before))),
  ];
  const rest = {
    change: [
      `  1. new messages go to ${held.new}`,
      `  2. what is in it goes to its consumers, and to ${held.old} (in order if they are stopped, or only one is active); what waits in its ladder comes back first, and until then consumers get nothing new`,
      "  3. it is deleted once it is empty, and made as the topology says",
      "  4. what was held comes back, the oldest first; then new messages come to it again",
    ],
    declare: ["  it is made as the topology says, and what was held comes back"],
    return: ["  what was held comes back"],
    done: [],
    missing: ["  npm run up makes it"],
  }[stage];
  const also = rungs.length === 0 ? [] : [`The rungs of its ladder have to be made again too: ${list(rungs.map(({ queue }) => queue))}`];
  // What is not there, is refused with --yes too.
  const more = isDone({ stage, rungs }) || stage === "missing" ? [] : ["Nothing was changed; with --yes it is."];
  return [...lines, ...rest, ...also, ...laterText(later), ...more].join("\n");
}

export function orderText({ resumed, besideConsumers, overtaken }: Pick<Migrated, "resumed" | "besideConsumers" | "overtaken">): string {
  if (resumed) return "An earlier run was ended: whether all came in their order is not known.";
  if (besideConsumers > 0) {
    const moved = `before the ${plural(besideConsumers, "message")} moved out while consumers took from the queue too`;
    return `Their order is not kept: newer ones may have come ${moved}${overtaken === 0 ? "" : `, and before the last ${overtaken}`}.`;
  }
  return overtaken === 0
    ? "Their order is kept."
    : `Their order is kept, but for the last ${overtaken}: newer ones may have come before them.`;
}

function doneText({ queue: name, stage, type, rungs, later }: MigrationReport, done: Migrated): string {
  if (stage === "done" && rungs.length === 0) return `${visible(name)} is as the topology says; nothing was held.`;
  const { moved, withoutUser } = done;
  return [
    `${visible(name)} is a ${type} queue as the topology says: ${plural(moved.out, "message")} out of the old one, ${moved.back} back.`,
    orderText(done),
    ...(rungs.length > 0 ? [`So are the rungs of its ladder: ${list(rungs.map(({ queue }) => queue))}.`] : []),
    "A message that came while a binding was led elsewhere may be there twice.",
    ...(withoutUser > 0 ? [`${plural(withoutUser, "message")} no longer said which user published: only that user may.`] : []),
    ...laterText(later),
    "Let the stack see it, then nothing is to be done: npm run pulumi -- refresh --yes, and npm run up",
  ].join("\n");
}

/** For people. */
export const reportText = (report: MigrationReport): string => (report.done ? doneText(report, report.done) : planText(report));
