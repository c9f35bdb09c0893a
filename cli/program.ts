/** A command made of verbs: its help, errors in words, exit codes, its process. */
import { Command, CommanderError } from "commander";
import { withoutCredentials } from "../broker/faults.js";
import { WarrenError } from "../topology/errors.js";
import { interrupt, signalCode } from "./interruption.js";
import { processConsole, visible, type Console } from "./output.js";
import type { ExitCode, Verb } from "./verb.js";

export interface Program {
  readonly verbs: readonly Verb[];
  readonly version: string;
  readonly description: string;
  /** The one that its help shows. */
  readonly example: string;
  /** What else it says, before the exit codes. */
  readonly about?: string;
}

function command({ verbs, version, description, example, about }: Program, console: Console, exit: (code: ExitCode) => void): Command {
  const program = new Command("warren")
    .description(description)
    .version(version)
    .showSuggestionAfterError()
    .showHelpAfterError("  to do:   --help behind the verb, or warren --help, says what there is")
    .exitOverride()
    .configureOutput({ writeOut: console.out, writeErr: console.error })
    .addHelpText("after", about === undefined ? "" : `\n${about}`)
    .addHelpText(
      "after",
      "\nExit codes: 0 fine; 1 an error (with --strict a warning), drift or a difference; 2 wrong use, or what cannot be read: a topology, a broker.\n" +
        "Ended by a signal: 130 after Ctrl-C, 143 after SIGTERM; work and exporter, which run until one comes, 0; drift --watch as its last look.",
    )
    .addHelpText("after", `\nExample:\n  $ ${example}\n`);
  verbs.forEach((verb) => verb(program, console, exit));
  return program;
}

function failed(error: unknown, console: Console): ExitCode {
  // Commander has written its message already; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (console.environment["WARREN_DEBUG"])
    console.error(withoutCredentials(error instanceof Error ? (error.stack ?? error.message) : String(error)));
  if (error instanceof WarrenError) {
    console.error(error.message.split("\n").map(visible).join("\n"));
    return error.exitCode;
  }
  const message = error instanceof Error ? error.message : String(error);
  console.error(visible(withoutCredentials(`warren failed: ${message.split("\n")[0] ?? ""}`)));
  if (!console.environment["WARREN_DEBUG"]) console.error("  to do:   set WARREN_DEBUG=1 to see where, and report it");
  return 1;
}

/** Words that name no verb, alone: with `--help` beside them the parser would show the whole command's help, as if it had been asked for. */
function unknownVerb(program: Command, words: readonly string[]): readonly string[] | undefined {
  const name = words[0] === "help" ? words[1] : words[0];
  if (name === undefined || name.startsWith("-") || name === "help") return undefined;
  return program.commands.some((verb) => verb.name() === name) ? undefined : [name];
}

/** Runs one verb and returns its exit code. */
export async function runProgram(program: Program, words: readonly string[], console: Console): Promise<ExitCode> {
  let code: ExitCode = 0;
  try {
    const parser = command(program, console, (given) => (code = given));
    await parser.parseAsync([...(unknownVerb(parser, words) ?? words)], { from: "user" });
    return code;
  } catch (error) {
    return Math.max(code, failed(error, console)) as ExitCode;
  }
}

/** The process: its arguments, its output, its end. */
export async function startProgram(program: Program): Promise<void> {
  // A reader that has enough (`| head`) closes the pipe: no fault of ours.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      if (interrupt("nobody reads its output")) return;
      process.exit(process.exitCode ?? 0);
    });
  }
  // Set, not called: what is written to a pipe still has to go out.
  const code = await runProgram(program, process.argv.slice(2), processConsole());
  process.exitCode = signalCode() ?? code;
}
