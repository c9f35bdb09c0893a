/** `warren secrets`: puts the secrets that `warren import` found into the configuration of a stack. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { WarrenError } from "../../topology/errors.js";
import { plural } from "../../topology/plural.js";
import { visible, type Console } from "../output.js";
import { examples, type Verb } from "../verb.js";

const Secrets = z.record(z.string(), z.string());

function secretsOf(file: string, { cwd }: Console): [name: string, value: string][] {
  const wrong = (why: string): WarrenError =>
    new WarrenError(`"${visible(file)}" ${why}.`, {
      remedy: 'give a file of names and texts, as `warren import --secrets` writes it: { "upstream-eu-uri": "amqps://..." }',
      exitCode: 2,
    });
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(resolve(cwd, file), "utf8"));
  } catch (error) {
    // What a parser says may quote the file.
    throw wrong(
      error instanceof SyntaxError ? "is no JSON" : `cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown fault"})`,
    );
  }
  const read = Secrets.safeParse(value);
  if (!read.success) throw wrong("is not an object of texts");
  return Object.entries(read.data);
}

/** In a property path of Pulumi a quoted key ends at the next quote without a backslash. */
const keyOf = (name: string): string => `warren:secrets["${name.replaceAll('"', '\\"')}"]`;

/** The value goes over the input, so that no list of processes shows it. */
function set(name: string, value: string, stack: string | undefined, { cwd, environment }: Console): void {
  const words = [
    "config",
    "set",
    "--secret",
    "--path",
    ...(stack === undefined ? [] : ["--stack", stack]),
    "--non-interactive",
    "--",
    keyOf(name),
  ];
  // Pulumi takes one line break off the end of what it reads.
  const input = /[\r\n]$/.test(value) ? `${value}\n` : value;
  const { status, error, stderr } = spawnSync("pulumi", words, { cwd, env: { ...environment }, input, encoding: "utf8" });
  if (error)
    throw new WarrenError(`pulumi cannot be started (${(error as NodeJS.ErrnoException).code ?? error.message}).`, {
      remedy: "install Pulumi (https://www.pulumi.com/docs/install/), and run this where its project is",
      exitCode: 2,
    });
  if (status === 0) return;
  throw new WarrenError(`pulumi did not take secret ${JSON.stringify(name)}: ${stderr.trim()}`, {
    remedy: "run this in the folder of the project, with its stack selected or --stack; it may be run again",
  });
}

export const secretsVerb: Verb = (program, console) => {
  program
    .command("secrets")
    .summary("put secrets of a file into a stack's configuration")
    .description(
      "Puts each secret of a file that `warren import --secrets` wrote into the configuration of a Pulumi stack, encrypted, under warren:secrets. Values go\n" +
        "to pulumi over its input; none is printed. Delete the file afterwards.",
    )
    .argument("<file.json>", "names and texts")
    .option("--stack <name>", "the stack (default: the one that is selected)")
    .addHelpText(
      "after",
      examples(
        "warren import http://admin:secret@broker:15672 -o messaging.ts --secrets secrets.json",
        "warren secrets secrets.json --stack prod",
      ),
    )
    .action((file: string, { stack }: { readonly stack?: string }) => {
      const secrets = secretsOf(file, console);
      for (const [name, value] of secrets) {
        set(name, value, stack, console);
        console.error(`set: ${visible(name)}`);
      }
      console.error(`${plural(secrets.length, "secret")} in the configuration; now delete ${visible(file)}`);
    });
};
