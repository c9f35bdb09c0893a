/** `warren publish`: messages of a topology, checked by their schema and confirmed by the broker. */
import { Option } from "commander";
import { WarrenError } from "../../topology/errors.js";
import { PublishError } from "../../workers/index.js";
import { count } from "../dlq/filter-options.js";
import { counter } from "../dlq/progress.js";
import { interruption } from "../interruption.js";
import { givenBody } from "../load/body.js";
import { json, visible, type Console } from "../output.js";
import { examples, TOPOLOGY, type ExitCode, type Verb } from "../verb.js";
import { messageOf, publishing, requireKey, whoDoes, withBuses, type PublishingOptions } from "../worker-bus.js";
import { topologyOf } from "./work.js";

interface Options extends PublishingOptions {
  readonly count: number;
}

/** Of one run to the broker. */
const CHUNK = 500;

async function publish(argument: string, message: string, given: Options, console: Console): Promise<ExitCode> {
  const topology = await topologyOf(argument, given.topology, console);
  messageOf(topology, message);
  const service = whoDoes(topology, "publishes", message, given.service);
  if (given.body === undefined)
    throw new WarrenError("No body is given.", { remedy: `add --body '{...}', --body @file.json, or --body - for the input`, exitCode: 2 });
  const body = givenBody(given.body, console);
  requireKey(topology, message, given.key);
  const { signal, end } = interruption((why) => new Error(why));
  const progress = counter(console, "published");
  const ids: string[] = [];
  const failed: Record<string, { count: number; fault: string; remedy: string | undefined }> = {};
  try {
    await withBuses(topology, [service], given, console, async (bus) => {
      for (let done = 0; done < given.count && !signal.aborted; done += CHUNK) {
        const options = given.key === undefined ? {} : { key: given.key };
        const results = await Promise.allSettled(
          Array.from({ length: Math.min(CHUNK, given.count - done) }, () => bus?.publishAny(message, body, options)),
        );
        for (const result of results) {
          if (result.status === "fulfilled") ids.push(result.value?.messageId ?? "");
          else if (result.reason instanceof PublishError) {
            const { code, message: fault, remedy } = result.reason;
            failed[code] = { count: (failed[code]?.count ?? 0) + 1, fault: fault.split("\n")[0] ?? "", remedy };
          } else throw result.reason;
        }
        progress.update(ids.length, given.count);
        // What does not fit does not fit the next time either.
        if (failed["invalid"] || failed["too-large"]) break;
      }
    });
  } finally {
    progress.end();
    end();
  }
  const lost = Object.values(failed).reduce((sum, each) => sum + each.count, 0);
  if (given.json) {
    const counts = Object.fromEntries(Object.entries(failed).map(([code, each]) => [code, each.count]));
    console.out(json({ version: 1, topology: topology.name, message, service, published: ids.length, failed: counts, messageIds: ids }));
  } else {
    if (ids.length === 1) console.out(`published ${visible(message)}: ${ids[0]}`);
    else console.out(`published ${ids.length} of ${given.count} ${visible(message)}`);
  }
  for (const { count: times, fault, remedy } of Object.values(failed))
    console.error(visible(`${times} failed: ${fault}`) + (remedy === undefined ? "" : `\n  to do:   ${visible(remedy)}`));
  if (failed["invalid"] || failed["too-large"]) return 2;
  return lost > 0 || ids.length < given.count ? 1 : 0;
}

export const publishVerb: Verb = (program, console, exit) => {
  publishing(
    program
      .command("publish")
      .summary("publish messages, checked and confirmed")
      .description(
        "Publishes a message of a topology: nothing that does not fit its schema is sent, and what is sent is in a queue when the command ends.",
      )
      .argument("<topology>", TOPOLOGY)
      .argument("<message>", "its name in the topology")
      .addOption(new Option("--body <json>", "JSON, @file, or - for the input"))
      .addOption(new Option("--count <number>", "so many of it, each with an id of its own").default(1).argParser(count("--count"))),
  )
    .addHelpText(
      "after",
      examples(
        `warren publish debias event --body '{"user_id": 1, "product_id": 2, "event_type": "view", "user_session": "s"}'`,
        "warren publish contextiq session.event --key event=created --body @event.json --count 100",
      ),
    )
    .action(async (argument: string, message: string, given: Options) => exit(await publish(argument, message, given, console)));
};
