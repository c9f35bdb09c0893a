/** `warren dlq`: looks at dead letters, puts them back, deletes them. */
import { Option, type Command } from "commander";
import { WarrenError } from "../../topology/errors.js";
import { Connection, purge, requeue, show, summary, type Destination, type Stopped } from "../../workers/dead-letters/index.js";
import { findQueue, withTarget, type AmqpTarget, type TargetOptions } from "../amqp-target.js";
import { filterOf, requireFilter, withFilters, type FilterOptions } from "../dlq/filter-options.js";
import { counter } from "../dlq/progress.js";
import { queuesOf } from "../dlq/queues.js";
import { counted, iso, letterJson, letterText, purgedText, requeuedText, stoppedText } from "../dlq/text.js";
import { roughly } from "../duration-option.js";
import { interruption } from "../interruption.js";
import { json, table, visible, type Console } from "../output.js";
import { examples, options, TOPOLOGY, type ExitCode, type Verb } from "../verb.js";

interface Common extends TargetOptions, FilterOptions {
  readonly json?: boolean;
}

const LOOK = 1000;
const SHOW = 20;

/** Options for the broker, and `--json`. */
export function withBroker(command: Command): Command {
  const broker = options.broker();
  broker.description = "the broker (default: WARREN_BROKER_URL, then the dev stack)";
  return command
    .addOption(broker)
    .addOption(new Option("--amqp <url>", "its AMQP address, where --broker names the management API: amqp://host:5672"))
    .addOption(new Option("--vhost <name>", "the vhost (default: that of the address, else the only one that has the queue)"))
    .addOption(options.json());
}

/** Ctrl-C ends a pass after the messages at hand, and gives back the others. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, end } = interruption((why) => new Error(why));
  return work(signal).finally(end);
}

/** Throws a WarrenError for a stream: nothing is taken out of it. */
async function findTakeable(
  target: AmqpTarget,
  name: string,
  verb: string,
): Promise<{ readonly vhost: string; readonly type: string | undefined }> {
  const { vhost, type } = await findQueue(target, name);
  if (type !== "stream") return { vhost, type };
  throw new WarrenError(`"${visible(name)}" is a stream: its messages cannot be taken out of it, so they cannot be ${verb}.`, {
    remedy: `read it: warren tail ${visible(name)} --offset first; to handle its messages again, let a consumer start at their offset`,
  });
}

function report(console: Console, stopped: Stopped | undefined, changes?: "requeue" | "purge"): ExitCode {
  if (!stopped) return 0;
  console.error(stoppedText(stopped, changes));
  return 1;
}

async function list(
  topology: string | undefined,
  given: Common & { readonly queue?: readonly string[] },
  console: Console,
): Promise<ExitCode> {
  const [filter, limit] = [filterOf(given), given.limit ?? LOOK];
  return withTarget(given, console, (target) =>
    interruptible(async (signal) => {
      const queues = await queuesOf(target, topology, given, console);
      const found: Record<string, unknown>[] = [];
      let stopped: Stopped | undefined;
      for (const { vhost, name: queue, type } of queues) {
        if (stopped || signal.aborted) break;
        const progress = counter(console, `${visible(queue)}: looking at`);
        if (type === undefined || type === "stream") {
          found.push({ vhost, queue, type: type ?? null, note: type ? "a stream: warren tail reads it" : "not on the broker" });
          continue;
        }
        const connection = await Connection.open(target.settings(vhost));
        try {
          const onProgress = ({ taken, total }: { taken: number; total: number }): void => progress.update(taken, total);
          const { oldest, stopped: why, ...rest } = await summary(connection, { queue, type, filter, limit, signal, onProgress });
          stopped = why;
          found.push({ vhost, queue, type, ...rest, oldest: iso(oldest) });
        } finally {
          progress.end();
          await connection.close();
        }
      }
      console.out(given.json ? json({ version: 1, queues: found }) : listText(found));
      return report(console, stopped);
    }),
  );
}

interface Row {
  readonly vhost: string;
  readonly queue: string;
  readonly note?: string;
  readonly messages?: number;
  readonly consumers?: number;
  readonly looked?: number;
  readonly matched?: number;
  readonly oldest?: string | null;
  readonly reasons?: Readonly<Record<string, number>>;
  readonly from?: Readonly<Record<string, number>>;
}

function listText(found: readonly Record<string, unknown>[]): string {
  if (found.length === 0) return "No dead-letter queues.";
  const rows = (found as unknown as readonly Row[]).map((row) => [
    row.vhost,
    row.queue,
    ...(row.note === undefined
      ? [
          String(row.messages),
          row.looked === row.matched ? String(row.looked) : `${row.matched} of ${row.looked}`,
          String(row.consumers),
          row.oldest ? roughly(Date.now() - Date.parse(row.oldest)) : "-",
          counted(row.reasons ?? {}) || "-",
          counted(row.from ?? {}) || "-",
        ]
      : ["-", "-", "-", "-", row.note, "-"]),
  ]);
  return table([["VHOST", "QUEUE", "MESSAGES", "LOOKED AT", "CONSUMERS", "OLDEST", "REASONS", "FROM"], ...rows]);
}

async function showLetters(queue: string, given: Common & { readonly body?: boolean }, console: Console): Promise<ExitCode> {
  const [filter, limit] = [filterOf(given), given.limit ?? SHOW];
  return withTarget(given, console, (target) =>
    interruptible(async (signal) => {
      const { vhost, type } = await findTakeable(target, queue, "shown here");
      const progress = counter(console, "looking at");
      const onProgress = ({ taken, total }: { taken: number; total: number }): void => progress.update(taken, total);
      const done = await show(target.settings(vhost), {
        queue,
        type,
        filter,
        limit,
        body: given.body ?? false,
        signal,
        onProgress,
      }).finally(progress.end);
      const { messages, total, looked, stopped } = done;
      if (given.json)
        console.out(json({ version: 1, vhost, queue, total, looked, messages: messages.map(letterJson), ...(stopped ? { stopped } : {}) }));
      else
        console.out(
          [...messages.map((shown) => letterText(shown, Date.now())), `${messages.length} shown; looked at ${looked} of ${total}.`].join(
            "\n\n",
          ),
        );
      return report(console, stopped);
    }),
  );
}

interface RequeueFlags extends Common {
  readonly to?: string;
  readonly key?: string;
  readonly toOrigin?: boolean;
  readonly yes?: boolean;
}

function destinationOf({ to, key, toOrigin }: RequeueFlags): Destination {
  const wrong = (fault: string, remedy: string): WarrenError => new WarrenError(fault, { remedy, exitCode: 2 });
  if (toOrigin && (to !== undefined || key !== undefined))
    throw wrong("Both --to-origin and another place are given.", "leave one of them out");
  if (toOrigin) return { to: "origin" };
  if (to === undefined && key === undefined) return { to: "source" };
  if (to === undefined || key === undefined)
    throw wrong("--to and --key go together.", 'give both: --to EXCHANGE --key KEY; --to "" --key QUEUE for a queue');
  return { to: "exchange", exchange: to, key };
}

async function requeueLetters(queue: string, given: RequeueFlags, console: Console): Promise<ExitCode> {
  const [filter, destination, dryRun] = [filterOf(given), destinationOf(given), !given.yes];
  return withTarget(given, console, (target) =>
    interruptible(async (signal) => {
      const { vhost, type } = await findTakeable(target, queue, "put back");
      const progress = counter(console, dryRun ? "looking at" : "putting back:");
      const done = await requeue(target.settings(vhost), {
        ...{ queue, type, filter, destination, dryRun, signal, limit: given.limit },
        onProgress: ({ taken, total, requeued }) => progress.update(taken, total, dryRun ? "" : `, ${requeued} put back`),
        onBlocked: (reason) =>
          console.error(
            reason === undefined ? "The broker takes messages again." : `The broker takes no messages (${visible(reason)}): waiting.`,
          ),
      }).finally(progress.end);
      console.out(given.json ? json({ version: 1, vhost, queue, dryRun, ...done }) : requeuedText(done, queue, dryRun));
      const code = report(console, done.stopped, dryRun ? undefined : "requeue");
      return !dryRun && Object.values(done.stayed).some((messages) => messages > 0) ? 1 : code;
    }),
  );
}

interface PurgeFlags extends Common {
  readonly all?: boolean;
  readonly yes?: boolean;
}

async function purgeLetters(queue: string, given: PurgeFlags, console: Console): Promise<ExitCode> {
  const [filter, dryRun] = [filterOf(given), !given.yes];
  requireFilter(filter, given.limit, given.all);
  return withTarget(given, console, (target) =>
    interruptible(async (signal) => {
      const { vhost, type } = await findTakeable(target, queue, "deleted");
      const progress = counter(console, dryRun ? "looking at" : "deleting:");
      const onProgress = ({ taken, total }: { taken: number; total: number }): void => progress.update(taken, total);
      const done = await purge(target.settings(vhost), { queue, type, filter, dryRun, limit: given.limit, signal, onProgress }).finally(
        progress.end,
      );
      console.out(given.json ? json({ version: 1, vhost, queue, dryRun, ...done }) : purgedText(done, queue, dryRun));
      return report(console, done.stopped, dryRun ? undefined : "purge");
    }),
  );
}

const several = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

export const dlqVerb: Verb = (program, console, exit) => {
  const dlq = program
    .command("dlq")
    .summary("look at dead letters, put them back, delete them")
    .description(
      "Looks at dead letters, puts them back to where they came from, or deletes them. What changes something is a dry run without --yes.",
    );

  withBroker(withFilters(dlq.command("list"), "look at so many of each queue", LOOK))
    .summary("count dead letters by reason and by source")
    .description(
      "Lists the dead-letter queues of a topology with what is in them. Looks at the first messages of each, and leaves them in their order.",
    )
    .argument("[topology]", `${TOPOLOGY} (default: what the dev stack has, else what the broker holds)`)
    .addOption(new Option("--queue <name>", "this queue, whatever a topology says; may be given several times").argParser(several))
    .addHelpText("after", examples("warren dlq list contextiq", "warren dlq list --queue orders.dlq --older-than 1h --json"))
    .action(async (topology: string | undefined, given: Common & { readonly queue?: readonly string[] }) =>
      exit(await list(topology, given, console)),
    );

  withBroker(withFilters(dlq.command("show"), "show so many", SHOW))
    .summary("show dead letters with their reason and history")
    .description("Shows dead letters: why and where they died, their failures, their headers. Leaves them in their order.")
    .argument("<queue>", "the dead-letter queue")
    .addOption(new Option("--body", "show bodies too"))
    .addHelpText(
      "after",
      examples("warren dlq show contextiq.dead --reason exhausted", "warren dlq show orders.dlq --header tenant=acme --body --json"),
    )
    .action(async (queue: string, given: Common & { readonly body?: boolean }) => exit(await showLetters(queue, given, console)));

  withBroker(withFilters(dlq.command("requeue"), "put back so many"))
    .summary("put dead letters back to where they came from")
    .description(
      "Puts dead letters back into the queue that each died in, their retries beginning anew. Published and confirmed first, removed then: what is returned, " +
        "refused or cut off stays; at worst a message is there twice with the same id. A dry run without --yes.",
    )
    .argument("<queue>", "the dead-letter queue")
    .addOption(new Option("--to <exchange>", 'publish them to this exchange instead; "" is the default exchange').conflicts("toOrigin"))
    .addOption(new Option("--key <key>", "with --to: the routing key"))
    .addOption(new Option("--to-origin", "publish them where they were published first: all queues that are bound there get them again"))
    .addOption(new Option("--yes", "do it"))
    .addHelpText(
      "after",
      examples(
        "warren dlq requeue contextiq.dead --reason exhausted",
        "warren dlq requeue orders.dlq --from orders --younger-than 1h --yes",
      ),
    )
    .action(async (queue: string, given: RequeueFlags) => exit(await requeueLetters(queue, given, console)));

  withBroker(withFilters(dlq.command("purge"), "delete so many, from the first on"))
    .summary("delete dead letters")
    .description("Deletes dead letters for good. Needs a filter, or --all. A dry run without --yes.")
    .argument("<queue>", "the dead-letter queue")
    .addOption(new Option("--all", "all that are in the queue now"))
    .addOption(new Option("--yes", "do it"))
    .addHelpText("after", examples("warren dlq purge orders.dlq --older-than 7d", "warren dlq purge orders.dlq --reason malformed --yes"))
    .action(async (queue: string, given: PurgeFlags) => exit(await purgeLetters(queue, given, console)));
};
