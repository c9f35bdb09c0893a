/** `warren migrate`: changes what of a queue cannot be changed while it stands, and loses no message. */
import { Option } from "commander";
import { readLive } from "../../broker/live.js";
import { laterPolicies, Migration, progressText, type LaterPolicy, type Progress } from "../../migrate/index.js";
import { compileInstallation } from "../../topology/compile/compile.js";
import { WarrenError } from "../../topology/errors.js";
import { withTarget, type TargetOptions } from "../amqp-target.js";
import { liveEnvironment, readInstallation, tellBroker } from "../input.js";
import { interruption } from "../interruption.js";
import { direct, findPlanned, refuseDirect, type Found } from "../migrate/planned.js";
import { isDone, reportText, type MigrationReport } from "../migrate/report.js";
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

const isFirst = ({ name, kind }: LaterPolicy, at: number, all: readonly LaterPolicy[]): boolean =>
  all.findIndex((other) => other.name === name && other.kind === kind) === at;

async function migrate(topology: string, name: string, given: Options, console: Console): Promise<ExitCode> {
  const installation = await readInstallation(topology, { environment: given.environment }, console);
  return withTarget(given, console, async (target) => {
    const { management, settings } = target;
    const plan = compileInstallation(installation, liveEnvironment(installation, given.environment, target));
    const found = findPlanned(plan, name, given.vhost);
    tellBroker(target, console);
    const progress = progressOn(console);
    const { signal, end } = interruption(
      (why) => new WarrenError(`Ended by ${why}.`, { remedy: "run it again: it goes on from where it is" }),
    );
    const migration = ({ queue, policies }: Pick<Found, "queue" | "policies">): Migration =>
      new Migration({
        ...{ management, broker: settings(found.vhost), queue, policies, signal },
        publishersStopped: given.publishersStopped ?? false,
        onStep: (text) => {
          progress.end();
          console.error(`• ${visible(text)}`);
        },
        onProgress: progress.update,
      });
    try {
      const live = await readLive(management, [found.vhost]);
      const { stage, differences } = await migration(found).standing(live);
      const all = await Promise.all(found.rungs.map(async (rung) => ({ ...rung, ...(await migration(rung).standing(live)) })));
      // One that is missing is npm run up's.
      const rungs = all.filter((rung) => !["done", "missing"].includes(rung.stage));
      const report: MigrationReport = {
        ...{
          version: 1,
          broker: { endpoint: management.endpoint },
          vhost: found.vhost,
          queue: name,
          type: found.queue.type,
          stage,
          differences,
        },
        rungs: rungs.map((rung) => ({ queue: rung.queue.name, stage: rung.stage, differences: rung.differences })),
        later: [found, ...rungs].flatMap(({ plan: of, queue }) => laterPolicies(of, queue, live.vhosts[0])).filter(isFirst),
        done: null,
      };
      const tell = (told: MigrationReport): void => console.out(given.json ? json(told) : reportText(told));
      if (!given.yes) {
        tell(report);
        return isDone(report) ? 0 : 1;
      }
      if (stage === "change" && !given.publishersStopped) refuseDirect(direct(installation, plan, found), name);
      const done = await migration(found).run();
      // The rungs are empty since the queue was; what comes to them meanwhile is held, and waits anew.
      for (const rung of rungs) await migration(rung).run();
      progress.end();
      tell({ ...report, done });
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
    .addOption(
      new Option(
        "--publishers-stopped",
        "nobody publishes to the queue by its name, past all exchanges: no client, no shovel, no other queue's dead letters",
      ),
    )
    .addHelpText(
      "after",
      examples(
        "warren migrate contextiq extraction.requests",
        "warren migrate ./orders.ts orders -e prod --broker amqps://admin:secret@broker:5671/shop",
        "warren migrate ./orders.ts orders -e prod --yes --broker amqps://admin:secret@broker:5671/shop --json",
      ),
    );
  withBroker(command).action(async (topology: string, queue: string, given: Options) =>
    exit(await migrate(topology, queue, given, console)),
  );
};
