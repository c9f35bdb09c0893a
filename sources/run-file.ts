/** Runs a file of TypeScript or JavaScript for what it exports; a fault in it is told with its place. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createJiti } from "jiti";
import { withoutCredentials } from "../broker/faults.js";
import { WarrenError } from "../topology/errors.js";
// Named by its path below; this line makes the compiler put it beside.
import type {} from "./warren-in-files.js";

const extension = existsSync(join(__dirname, "warren-in-files.ts")) ? "ts" : "js";
const at = (...path: readonly string[]): string => `${join(__dirname, ...path)}.${extension}`;

/** This package, in a file that may lie where no package is installed. */
const WARREN = {
  warren: at("warren-in-files"),
  "warren/topology": at("warren-in-files"),
  "warren/workers": at("..", "workers", "index"),
};

/** The first `:line:column` behind the file's name in a text. */
function after(text: string, file: string): readonly [line: string, column: string | undefined] | undefined {
  for (let at = text.indexOf(`${file}:`); at >= 0; at = text.indexOf(`${file}:`, at + 1)) {
    const [, line, column] = /^:(\d+)(?::(\d+))?/.exec(text.slice(at + file.length)) ?? [];
    if (line !== undefined) return [line, column];
  }
  return undefined;
}

/** The first place in the file itself that an error names. */
function place(error: unknown, file: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // A fault of syntax says its place in the message. Stacks are those of the translated file, where lines are kept and columns are not.
  const said = after(error.message, file);
  if (said) return said[1] === undefined ? said[0] : `${said[0]}:${said[1]}`;
  return after(error.stack ?? "", file)?.[0];
}

/** The first line of the error's message, without the place if it has one. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const first = message.split("\n").find((line) => line.trim() !== "") ?? "it fails without a message";
  return first.replace(/\(\d+:\d+\)\s*$/, "").trim();
}

/** What to do: a package that is not there is installed where the file is. */
function remedy(error: unknown, file: string): string {
  const [, name] = /^Cannot find (?:module|package) '([^']+)'/.exec(error instanceof Error ? error.message : "") ?? [];
  if (name === file) return "name a file that is there";
  // A path of the file's own is mended in the file.
  if (name === undefined || /^(?:[./#]|[a-z]+:|[A-Z]:\\)/.test(name)) return "put right what is named";
  const [first = name, second] = name.split("/");
  const installed = first.startsWith("@") && second !== undefined ? `${first}/${second}` : first;
  return `install it where the file is: npm install ${installed}`;
}

/**
 * Throws a WarrenError (exit code 2): `orders.ts:3:5: Unexpected token`.
 * @param shown the file as messages show it
 */
export async function runFile(file: string, shown: string): Promise<Record<string, unknown>> {
  const jiti = createJiti(__filename, { alias: WARREN, interopDefault: true, fsCache: false, moduleCache: false });
  try {
    return await jiti.import<Record<string, unknown>>(file);
  } catch (error) {
    const where = place(error, file);
    throw new WarrenError(`${where === undefined ? shown : `${shown}:${where}`}: ${withoutCredentials(reason(error))}`, {
      remedy: remedy(error, file),
      exitCode: 2,
      cause: error,
    });
  }
}
