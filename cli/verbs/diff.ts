/** `warren diff`: what changes for messages from one topology to another. */
import { Option } from "commander";
import { loadRevision, revisionOf } from "../../sources/revision.js";
import { difference, differenceMarkdown, differenceText, type Exported } from "../../topology/difference/index.js";
import { WarrenError } from "../../topology/errors.js";
import { checkEnvironment, inputFrom, readInput, wholeOf, type Input } from "../input.js";
import { deliver, json, visible, type Console } from "../output.js";
import { examples, options, type Verb } from "../verb.js";

interface Options {
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly output?: string;
  readonly broker?: string;
  readonly environment?: string;
}

const SIDE = "a system's name, a file, definitions, - for the input, or a file of a git revision: main:topology/orders.ts";

async function readSide(argument: string | undefined, broker: string | undefined, console: Console): Promise<Input> {
  const revision = argument === undefined ? undefined : revisionOf(argument, console.cwd);
  if (!revision) return readInput(argument, broker, console);
  const { label, value } = await loadRevision(revision, console.cwd);
  return inputFrom(value, label);
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

const exportedSide = (old: Input, now: Input): Exported | undefined =>
  old.exported ? (now.exported ? "both" : "old") : now.exported ? "now" : undefined;

export const diffVerb: Verb = (program, console, exit) => {
  const broker = options.broker();
  broker.description = "what this broker holds, in place of <old>";
  program
    .command("diff")
    .summary("say what changes for messages between two topologies")
    .description(
      "Says what changes for messages: which go to other queues, are lost, expire, are tried again, dead-lettered, and who may do what.\n" +
        "Exact for all routing keys and headers; what cannot be told is listed as unknown. Exit code 1 if there is a difference.",
    )
    .usage("[options] <old> <new>")
    .argument("[old]", SIDE)
    .argument("[new]", "the same")
    .addOption(broker)
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
      ),
    )
    .action(async (...all: readonly unknown[]) => {
      const words = all.slice(0, 2).filter((word): word is string => word !== undefined);
      const given = all[2] as Options;
      const [one, other] = sides(words, given.broker);
      const inputs = [await readSide(one, given.broker, console), await readSide(other, undefined, console)] as const;
      const [old, now] = [wholeOf(inputs[0], console), wholeOf(inputs[1], console)];
      // Either may have the environment.
      checkEnvironment({ topologies: [...old.topologies, ...now.topologies] }, given.environment);
      const found = difference(old, now, { environment: given.environment, exported: exportedSide(...inputs) });
      const emphasis = given.output === undefined ? COLOURS(console) : undefined;
      const lines = (text: string): string => text.split("\n").map(visible).join("\n");
      const text = given.json
        ? json(found)
        : given.markdown
          ? lines(differenceMarkdown(found))
          : `${differenceText(found, { visible, ...(emphasis ? { emphasis } : {}) })}\n`;
      deliver(console, text, given.output);
      exit(found.changes.length + found.unknown.length > 0 ? 1 : 0);
    });
};

const COLOURS =
  ({ style }: Console) =>
  (kind: "loss" | "breaking" | "notice" | "unknown" | "vhost", text: string): string =>
    style(({ loss: "red", breaking: "yellow", notice: "dim", unknown: "cyan", vhost: "bold" } as const)[kind], text);
