/** `warren diff`: what changes for messages from one topology to another, and what becomes of the objects. */
import { Option } from "commander";
import { moved } from "../../provision/moved.js";
import {
  difference,
  differenceMarkdown,
  differenceText,
  objectChanges,
  objectsMarkdown,
  objectsText,
} from "../../topology/difference/index.js";
import { environmentsOf } from "../../topology/environments.js";
import { WarrenError } from "../../topology/errors.js";
import { prose } from "../../topology/markdown.js";
import { countedChanges } from "../counted-changes.js";
import { baseSizes } from "../base-sizes.js";
import { checkEnvironment, wholeOf } from "../input.js";
import { deliver, json, visible, type Console } from "../output.js";
import { exportedSide, readSide, SIDE } from "../side.js";
import { examples, options, type Verb } from "../verb.js";

interface Options {
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly output?: string;
  readonly broker?: string;
  readonly live?: string | true;
  readonly environment?: string;
}

function sides(words: readonly string[], broker: string | undefined): [old: string | undefined, now: string | undefined] {
  const wanted = broker === undefined ? ["old", "new"] : ["new"];
  if (words.length !== wanted.length) {
    throw new WarrenError(`diff takes ${broker === undefined ? "two topologies" : "one topology with --broker"}, not ${words.length}.`, {
      remedy:
        "warren diff main:topology/orders.ts topology/orders.ts; or, for a live broker against the code: warren diff --broker URL orders.ts",
      exitCode: 2,
    });
  }
  if (words.length === 2 && words[0] === "-" && words[1] === "-") {
    throw new WarrenError("Both topologies are to come from the input, which holds one.", {
      remedy: "name a file for one of them",
      exitCode: 2,
    });
  }
  return broker === undefined ? [words[0], words[1]] : [undefined, words[0]];
}

export const diffVerb: Verb = (program, console, exit) => {
  const broker = options.broker();
  broker.description = "what this broker holds, in place of <old>";
  program
    .command("diff")
    .summary("say what changes for messages and objects between two topologies")
    .description(
      "Says what changes for messages: which go to other queues, are lost, expire, are tried again, dead-lettered, and who may do what.\n" +
        "Exact for all routing keys and headers; what cannot be told is listed as unknown. Then what becomes of each object: changed in place,\n" +
        "replaced, deleted, and whether messages are lost with it. Exit code 1 if there is a difference, 2 if it cannot be told.",
    )
    .usage("[options] <old> <new>")
    .argument("[old]", SIDE)
    .argument("[new]", "the same")
    .addOption(broker)
    .addOption(
      new Option(
        "--live [url]",
        "count on this broker what would be lost now (default: that of --broker, WARREN_BROKER_URL, the dev stack)",
      ),
    )
    .addOption(options.environment())
    .addOption(options.json())
    .addOption(new Option("--markdown", "for a pull request").conflicts("json"))
    .addOption(options.output())
    .addHelpText(
      "after",
      examples(
        "warren diff main:topology/orders.ts topology/orders.ts",
        "warren diff HEAD~1:./orders.ts ./orders.ts --markdown -o difference.md",
        "warren diff --broker http://admin:secret@broker:15672 ./orders.ts --json",
        "warren diff main:orders.ts orders.ts --live http://admin:secret@broker:15672",
      ),
    )
    .action(async (...all: readonly unknown[]) => {
      exit(2);
      const words = all.slice(0, 2).filter((word): word is string => word !== undefined);
      const given = all[2] as Options;
      const [one, other] = sides(words, given.broker);
      const inputs = [await readSide(one, given.broker, console), await readSide(other, undefined, console)] as const;
      const [old, now] = [wholeOf(inputs[0], console), wholeOf(inputs[1], console)];
      // Either may have the environment.
      const both = { topologies: [...old.topologies, ...now.topologies] };
      checkEnvironment(both, given.environment);
      const environments = given.environment === undefined ? environmentsOf(both) : [];
      const sizes = environments.length > 0 ? [baseSizes(environments)] : [];
      const exported = exportedSide(...inputs);
      const found = difference(old, now, { environment: given.environment, exported });
      const changes = objectChanges(old, now, { environment: given.environment, exported, moved });
      const objects = await countedChanges(changes, given.live ?? given.broker, given.broker, console);
      const emphasis = given.output === undefined ? COLOURS(console) : undefined;
      const lines = (text: string): string => text.split("\n").map(visible).join("\n");
      const shown = { visible, ...(emphasis ? { emphasis } : {}) };
      const text = given.json
        ? json({ ...found, objects })
        : given.markdown
          ? lines(
              [
                ...sizes.map((text) => `⚠ ${prose(text)}\n`),
                differenceMarkdown(found),
                ...(objects.length > 0 ? [objectsMarkdown(objects)] : []),
              ].join("\n"),
            )
          : `${[differenceText(found, shown), ...(objects.length > 0 ? [objectsText(objects, shown)] : []), ...sizes.map(visible)].join("\n\n")}\n`;
      deliver(console, text, given.output);
      exit(found.changes.length + found.unknown.length + objects.length > 0 ? 1 : 0);
    });
};

const COLOURS =
  ({ style }: Console) =>
  (kind: "loss" | "breaking" | "notice" | "unknown" | "vhost", text: string): string =>
    style(({ loss: "red", breaking: "yellow", notice: "dim", unknown: "cyan", vhost: "bold" } as const)[kind], text);
