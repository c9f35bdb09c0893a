/** What every verb has in common: how it is registered, its help, its exit code. */
import { Option, type Command } from "commander";
import { WarrenError } from "../topology/errors.js";
import type { Console } from "./output.js";

/** 0: fine; 1: an error, with --strict a warning, drift or a difference; 2: wrong use, or what cannot be read: a topology, a broker. */
export type ExitCode = 0 | 1 | 2;

/** Adds a verb to the command. A verb whose exit code 1 is an answer sets 2 first: so it stays if something fails before there is one. */
export type Verb = (program: Command, console: Console, exit: (code: ExitCode) => void) => void;

export const TOPOLOGY =
  "a system's name, a file (.ts, .js, .json; file.ts#name for one of its exports), definitions that RabbitMQ exported, - for the input";

/** In place of an environment's name: what the topology has outside of its environments, as a stack has it whose name is none of them. */
export const BASE_SIZES = "none";

/** Options that several verbs take. */
export const options = {
  json: () => new Option("--json", "print one JSON object"),
  broker: () =>
    new Option(
      "--broker <url>",
      "what this broker holds, instead of a topology: http://user:password@host:15672 or amqp://user:password@host/vhost",
    ),
  environment: () => new Option("-e, --environment <name>", `with the sizes of this environment; ${BASE_SIZES}: the base sizes`),
  output: () => new Option("-o, --output <file>", "write to a file"),
  vhost: () => new Option("--topology <name>", "which one, where the input has several"),
};

export const examples = (...lines: readonly string[]): string => `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;

/** One name of several given things. */
export function oneOf<T>(what: string, name: string, known: ReadonlyMap<string, T>, suggestion: string | undefined): T {
  const found = known.get(name);
  if (found !== undefined) return found;
  throw new WarrenError(`There is no ${what} "${name}".`, {
    allowed: [...known.keys()],
    ...(suggestion === undefined ? {} : { remedy: `did you mean "${suggestion}"?` }),
    exitCode: 2,
  });
}
