/** `warren migrate`: changes what of a queue cannot be changed while it stands, and loses no message. */
import { Option } from "commander";
import { compileInstallation } from "../../topology/compile/compile.js";
import type { InstallationPlan, PlannedPolicy, PlannedQueue, Plan } from "../../topology/compile/plan.js";
import { fieldLine } from "../../broker/losses.js";
import { heldFor, Migration, progressText, type Migrated, type Progress, type Standing } from "../../migrate/index.js";
import { WarrenError } from "../../topology/errors.js";
import type { Installation } from "../../topology/model.js";
import { vhostName } from "../../topology/names.js";
import { nearest } from "../../topology/nearest.js";
import { plural } from "../../topology/plural.js";
import { matches } from "../../topology/regex.js";
import { withTarget, type TargetOptions } from "../amqp-target.js";
import { readInstallation } from "../input.js";
import { interruption } from "../interruption.js";
import { json, visible, type Console } from "../output.js";
import { statusLine } from "../status-line.js";
import { examples, options, TOPOLOGY, type ExitCode, type Verb } from "../verb.js";
import { withBroker } from "./dlq.js";

interface Options extends TargetOptions {
  readonly environment?: string;
  readonly yes?: boolean;
  readonly publishersStopped?: boolean;
  readonly json?: boolean;
}

interface Found {
  readonly vhost: string;
  readonly queue: PlannedQueue;
  /** For it alone. */
  readonly policies: readonly PlannedPolicy[];
  /** Where its messages wait for another try: of its type. */
  readonly rungs: readonly Pick<Found, "queue" | "policies">[];
}

/** A policy that was generated is for one object alone. */
const policiesOf = ({ name }: PlannedQueue, { policies }: Plan): PlannedPolicy[] =>
  policies.filter(({ generatedFor, applyTo, pattern }) => generatedFor !== undefined && applyTo !== "exchanges" && matches(pattern, name));

function findPlanned(plan: InstallationPlan, name: string, vhost: string | undefined): Found {
  const all = plan.vhosts
    .filter((each) => vhost === undefined || each.vhost.name === vhost)
    .flatMap((each) =>
      each.queues.map((queue): Found => {
        const rungs = each.queues.filter(({ role }) => role.kind === "rung" && role.of === queue.name);
        const withPolicies = (one: PlannedQueue) => ({ queue: one, policies: policiesOf(one, each) });
        return { vhost: each.vhost.name, ...withPolicies(queue), rungs: rungs.map(withPolicies) };
      }),
    );
  const [found, second] = all.filter(({ queue }) => queue.name === name);
  if (found && !second) {
    if (found.queue.type !== "stream") return found;
    throw new WarrenError(`"${visible(name)}" is a stream in the topology: messages are read out of a stream, not taken.`, {
      remedy: "declare it under another name beside the old queue, let consumers empty that one, then leave it out",
      exitCode: 2,
    });
  }
  if (found) throw new WarrenError(`Several vhosts have a queue "${visible(name)}".`, { remedy: "name one: --vhost NAME", exitCode: 2 });
  const names = all.map(({ queue }) => queue.name);
  const near = nearest(name, names);
  throw new WarrenError(`The topology has no queue "${visible(name)}".`, {
    ...(near === undefined ? { allowed: names } : { remedy: `did you mean "${near}"?` }),
    exitCode: 2,
  });
}

/** Messages of the topology that reach the queue past all exchanges: no binding can lead them elsewhere. */
const direct = ({ topologies }: Installation, { vhost, queue }: Found): string[] =>
  topologies
    .filter((topology) => vhostName(topology) === vhost)
    .flatMap(({ messages }) => Object.entries(messages ?? {}))
    .filter(([, { to }]) => typeof to === "object" && "queue" in to && to.queue === queue.name)
    .map(([name]) => name);

function refuseDirect(names: readonly string[], queue: string): void {
  if (names.length === 0) return;
  const which = names.map((name) => `"${visible(name)}"`).join(", ");
  throw new WarrenError(
    `Messages go to "${visible(queue)}" past all exchanges: ${which}. Those that come when it is made again would be lost.`,
    {
      remedy: "stop who publishes them, and say so: --publishers-stopped; or publish them to an exchange first",
      exitCode: 1,
    },
  );
}

const UNCHANGED: Readonly<Record<Standing["stage"], string>> = {
  change: "has to be made again",
  declare: "is taken away, its messages are held: an earlier run was ended",
  return: "is as it is to be, its messages are held: an earlier run was ended",
  done: "is as the topology says",
  missing: "is not there",
};

function shown({ stage, differences }: Standing, { vhost, queue }: Found, rungs: readonly string[]): string {
  const { name } = queue;
  const held = heldFor(name);
  const lines = [
    `${visible(name)} in vhost ${visible(vhost)} ${UNCHANGED[stage]}`,
    ...differences.map(({ field, before, after }) => visible(fieldLine(field, after, before))),
  ];
  const rest = {
    change: [
      `  1. new messages go to ${held.new}`,
      `  2. what is in it goes to its consumers, and to ${held.old}; what waits in its ladder comes back first, and until then consumers get nothing new`,
      "  3. it is deleted once it is empty, and made as the topology says",
      "  4. what was held comes back, the oldest first; then new messages come to it again",
    ],
    declare: ["  it is made as the topology says, and what was held comes back"],
    return: ["  what was held comes back"],
    done: [],
    missing: ["  npm run up makes it"],
  }[stage];
  const also = rungs.length === 0 ? [] : [`The rungs of its ladder have to be made again too: ${visible(rungs.join(", "))}`];
  const more = (rest.length > 0 && stage !== "missing") || rungs.length > 0 ? ["Nothing was changed; with --yes it is."] : [];
  return [...lines, ...rest, ...also, ...more].join("\n");
}

function doneText({ from, moved, overtaken, withoutUser }: Migrated, { queue: { name, type } }: Found, rungs: readonly string[]): string {
  if (from === "done" && rungs.length === 0) return `${visible(name)} is as the topology says; nothing was held.`;
  return [
    `${visible(name)} is a ${type} queue as the topology says: ${plural(moved.out, "message")} out of the old one, ${moved.back} back.`,
    overtaken === 0 ? "Their order is kept." : `Their order is kept, but for the last ${overtaken}: newer ones may have come before them.`,
    ...(rungs.length > 0 ? [`So are the rungs of its ladder: ${visible(rungs.join(", "))}.`] : []),
    "A message that came while a binding was led elsewhere may be there twice.",
    ...(withoutUser > 0 ? [`${plural(withoutUser, "message")} no longer said which user published: only that user may.`] : []),
    "Let the stack see it, then nothing is to be done: npm run pulumi -- refresh --yes, and npm run up",
  ].join("\n");
}

/** With the rate since this kind of work began. */
function progressOn(console: Console): { readonly update: (progress: Progress) => void; readonly end: () => void } {
  const { update, end } = statusLine(console);
  let [doing, began] = ["", Date.now()];
  return {
    update: (progress) => {
      if (progress.doing !== doing) [doing, began] = [progress.doing, Date.now()];
      update(() => progressText(progress, (Date.now() - began) / 1000));
    },
    end,
  };
}

async function migrate(topology: string, name: string, given: Options, console: Console): Promise<ExitCode> {
  const installation = await readInstallation(topology, { environment: given.environment }, console);
  const plan = compileInstallation(installation, given.environment);
  const found = findPlanned(plan, name, given.vhost);
  return withTarget(given, console, async ({ management, settings }) => {
    const progress = progressOn(console);
    const { signal, end } = interruption(
      (why) => new WarrenError(`Ended by ${why}.`, { remedy: "run it again: it goes on from where it is" }),
    );
    const migration = (of: Pick<Found, "queue" | "policies">): Migration =>
      new Migration({
        ...{ management, broker: settings(found.vhost), ...of, signal },
        publishersStopped: given.publishersStopped ?? false,
        onStep: (text) => {
          progress.end();
          console.error(`• ${visible(text)}`);
        },
        onProgress: progress.update,
      });
    try {
      const standing = await migration(found).standing();
      const rungs = await Promise.all(found.rungs.map(async (rung) => ({ ...rung, ...(await migration(rung).standing()) })));
      // One that is missing is npm run up's.
      const others = rungs.filter(({ stage }) => !["done", "missing"].includes(stage));
      if (!given.yes) {
        const also = others.map(({ queue, stage }) => ({ queue: queue.name, stage }));
        const shape = { version: 1, queue: name, vhost: found.vhost, ...standing, rungs: also };
        console.out(
          given.json
            ? json(shape)
            : shown(
                standing,
                found,
                also.map(({ queue }) => queue),
              ),
        );
        return others.length === 0 && ["done", "missing"].includes(standing.stage) ? 0 : 1;
      }
      if (standing.stage === "change" && !given.publishersStopped) refuseDirect(direct(installation, found), name);
      const done = await migration(found).run();
      // The rungs are empty since the queue was; what comes to them meanwhile is held, and waits anew.
      for (const rung of others) await migration(rung).run();
      progress.end();
      const all = others.map(({ queue }) => queue.name);
      console.out(given.json ? json({ version: 1, queue: name, vhost: found.vhost, ...done, rungs: all }) : doneText(done, found, all));
      return 0;
    } finally {
      progress.end();
      end();
    }
  });
}

export const migrateVerb: Verb = (program, console, exit) => {
  const command = program
    .command("migrate")
    .summary("make a queue anew with its messages: another type, other arguments")
    .description(
      "Changes what of a queue cannot be changed while it stands (its type, its arguments) to what the topology says, and loses no message: publishers go on, " +
        "consumers are told that it is gone and come back to it by its name. Without --yes it only tells what it would do. It may be ended at any point; " +
        "the same command goes on from there. Exit codes: 0 it is as the topology says, 1 it is not, 2 wrong use or no broker.",
    )
    .argument("<topology>", TOPOLOGY)
    .argument("<queue>", "its name on the broker")
    .addOption(options.environment())
    .addOption(new Option("-y, --yes", "do it"))
    .addOption(new Option("--publishers-stopped", "nobody publishes to the queue by its name, past all exchanges"))
    .addHelpText(
      "after",
      examples(
        "warren migrate contextiq extraction.requests",
        "warren migrate ./orders.ts orders --yes",
        "warren migrate ./orders.ts orders --yes --broker amqps://admin:secret@broker:5671/shop --json",
      ),
    );
  withBroker(command).action(async (topology: string, queue: string, given: Options) =>
    exit(await migrate(topology, queue, given, console)),
  );
};
