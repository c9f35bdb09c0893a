/** `warren load`: a steady rate of messages, and how long the broker and a consumer take. */
import { Option } from "commander";
import type { z } from "zod";
import { WarrenError } from "../../topology/errors.js";
import { complaints } from "../../workers/publish/outgoing.js";
import { count } from "../dlq/filter-options.js";
import { counter } from "../dlq/progress.js";
import { durationOption } from "../duration-option.js";
import { interruption } from "../interruption.js";
import { givenBody, padded, sampleBody } from "../load/body.js";
import { latencyTable, plot } from "../load/latencies.js";
import { runLoad, type Load } from "../load/run.js";
import { json, table, visible, type Console } from "../output.js";
import { examples, TOPOLOGY, type ExitCode, type Verb } from "../verb.js";
import { messageOf, publishing, requireKey, whoDoes, withBuses, type PublishingOptions } from "../worker-bus.js";
import { topologyOf } from "./work.js";

interface Options extends PublishingOptions {
  readonly rate: number;
  readonly for: string;
  readonly consume?: string;
  readonly size?: number;
}

const perSecond = ({ confirmed, elapsed }: Load): number => Math.round((confirmed * 1000) / Math.max(1, elapsed));
const lost = ({ failed }: Load): number => Object.values(failed).reduce((sum, each) => sum + each, 0);

async function load(argument: string, message: string, given: Options, console: Console): Promise<ExitCode> {
  const duration = durationOption("--for", given.for);
  const topology = await topologyOf(argument, given.topology, console);
  const { schema } = messageOf(topology, message);
  const publisher = whoDoes(topology, "publishes", message, given.service);
  const queue = given.consume;
  const consumer = queue === undefined ? undefined : whoDoes(topology, "consumes", queue);
  requireKey(topology, message, given.key);
  const whole = given.body === undefined ? sampleBody(message, schema) : givenBody(given.body, console);
  requireFit(message, schema, whole);
  const body = given.size === undefined ? whole : padded(whole, given.size, schema);
  const { signal, end } = interruption((why) => new Error(why));
  const progress = counter(console, "confirmed");
  const due = Math.round((given.rate * duration) / 1000);
  const services = consumer === undefined ? [publisher] : [publisher, consumer];
  let measured: Load;
  try {
    measured = await withBuses(topology, services, given, console, async (out, into) => {
      if (into && queue !== undefined) await requireUnused(queue, () => into.queues([queue]));
      return runLoad({
        ...{ publisher: out, message, body, key: given.key, rate: given.rate, duration, signal },
        ...(into && queue !== undefined ? { consumer: { bus: into, queue } } : {}),
        onProgress: (now) => progress.update(now.confirmed, due, `, ${perSecond(now)}/s`),
      });
    });
  } finally {
    progress.end();
    end();
  }
  const bytes = Buffer.byteLength(JSON.stringify(body));
  if (given.json) console.out(json({ version: 1, topology: topology.name, message, bytes, ...report(measured, given, queue) }));
  else console.out(text(measured, given, bytes, queue));
  const missing = queue === undefined ? 0 : measured.confirmed - measured.consumed;
  return lost(measured) > 0 || missing > 0 ? 1 : 0;
}

/** None of them would be sent. Throws a WarrenError (exit code 2). */
function requireFit(message: string, schema: z.ZodType | undefined, body: unknown): void {
  const checked = schema?.safeParse(body);
  if (!checked || checked.success) return;
  throw new WarrenError(`Message "${visible(message)}" does not fit its schema: ${visible(complaints(checked.error))}`, {
    remedy: "mend the --body, or leave it out: one that fits is made up",
    exitCode: 2,
  });
}

/** Messages of others would be taken, and theirs would be given ours. Throws a WarrenError (exit code 2). */
async function requireUnused(
  queue: string,
  look: () => Promise<Record<string, { readonly messages: number; readonly consumers: number }>>,
): Promise<void> {
  const { messages, consumers } = (await look())[queue] ?? { messages: 0, consumers: 0 };
  if (messages === 0 && consumers === 0) return;
  throw new WarrenError(`Queue "${visible(queue)}" is in use: ${messages} messages, ${consumers} consumers.`, {
    remedy: "stop its workers and empty it (warren dlq purge), or leave --consume out",
    exitCode: 2,
  });
}

function report(measured: Load, given: Options, queue: string | undefined): object {
  const { sent, confirmed, consumed, foreign, failed, elapsed, confirm, endToEnd } = measured;
  return {
    wanted: given.rate,
    perSecond: perSecond(measured),
    seconds: elapsed / 1000,
    ...{ sent, confirmed, failed },
    confirm: { ...confirm.latencies, unit: "ms" },
    ...(queue === undefined ? {} : { queue, consumed, foreign, endToEnd: { ...endToEnd.latencies, unit: "ms" } }),
  };
}

function text(measured: Load, given: Options, bytes: number, queue: string | undefined): string {
  const { sent, confirmed, consumed, foreign, failed, confirm, endToEnd } = measured;
  const rows = [
    ["rate", `${perSecond(measured)}/s confirmed, ${given.rate}/s wanted; ${bytes} B each`],
    ["sent", String(sent)],
    ["confirmed", String(confirmed)],
    ...Object.entries(failed).map(([code, times]) => [`failed: ${code}`, String(times)]),
    ...(queue === undefined ? [] : [["consumed", String(consumed)]]),
    ...(foreign === 0 ? [] : [["of others", `${foreign}, given back`]]),
  ];
  const latencies: [string, ReturnType<typeof latencyOf>][] = [["to the confirm", latencyOf(confirm)]];
  if (queue !== undefined) latencies.push(["end to end", latencyOf(endToEnd)]);
  const shown = queue === undefined ? confirm : endToEnd;
  return [table(rows), "", latencyTable(latencies), "", queue === undefined ? "to the confirm" : "end to end", plot(shown)].join("\n");
}

const latencyOf = (recorder: Load["confirm"]) => recorder.latencies;

export const loadVerb: Verb = (program, console, exit) => {
  publishing(
    program
      .command("load")
      .summary("publish at a steady rate, and measure")
      .description(
        "Publishes a message at a steady rate, whatever becomes of those before (open loop), and prints how long the broker's confirm takes; with --consume also how long it takes " +
          "until a consumer has it. Latencies count from the moment in which a message was due. Exit code 1 if messages failed or did not arrive.",
      )
      .argument("<topology>", TOPOLOGY)
      .argument("<message>", "its name in the topology")
      .requiredOption("--rate <number>", "messages in a second (has to be given)", count("--rate"))
      .addOption(new Option("--for <time>", "so long: 30s, 5m").default("10s"))
      .addOption(new Option("--consume <queue>", "take them out of this queue, which nobody else may use meanwhile"))
      .addOption(new Option("--body <json>", "JSON, @file, or - for the input (default: one made up to fit the schema)"))
      .addOption(new Option("--size <bytes>", "lengthen a text of the body, so that it has so many bytes").argParser(count("--size"))),
  )
    .addHelpText(
      "after",
      examples(
        "warren load debias event --rate 1000 --for 30s --consume events.neo4j",
        "warren load fo-analytics document --rate 200 --size 1000 --json",
      ),
    )
    .action(async (argument: string, message: string, given: Options) => exit(await load(argument, message, given, console)));
};
