/** What the command writes: text for people, JSON for programs, files. */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { WarrenError } from "../topology/errors.js";

/** Text from outside, safe for a terminal: control characters, which could move the cursor or recolour, are shown as escapes. */
export function visible(text: string): string {
  return text.replace(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], yellow: [33, 39], green: [32, 39], cyan: [36, 39] } as const;

export type Style = (name: keyof typeof CODES, text: string) => string;

/** Colours where they help: on a terminal that can show them, unless `NO_COLOR` is set (to anything). */
export function styleFor(stream: { readonly isTTY?: boolean }, environment: Readonly<Record<string, string | undefined>>): Style {
  if (!stream.isTTY || environment["NO_COLOR"] || environment["TERM"] === "dumb") return (_, text) => text;
  return (name, text) => `\u001b[${CODES[name][0]}m${text}\u001b[${CODES[name][1]}m`;
}

/** Where a verb writes and what surrounds it; tests give their own. */
export interface Console {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  readonly style: Style;
  /** Where progress is shown. @default `error`, line by line */
  readonly progress?: { readonly write: (text: string) => unknown; readonly isTTY?: boolean; readonly columns?: number };
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export const processConsole = (): Console => ({
  out: (text) => void process.stdout.write(text.endsWith("\n") ? text : `${text}\n`),
  error: (text) => void process.stderr.write(text.endsWith("\n") ? text : `${text}\n`),
  style: styleFor(process.stdout, process.env),
  progress: process.stderr,
  cwd: process.cwd(),
  environment: process.env,
});

export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const unwritable = (file: string, error: unknown): WarrenError =>
  new WarrenError(`"${file}" cannot be written (${(error as NodeJS.ErrnoException).code ?? "unknown fault"}).`, {
    remedy: "name a file in a folder that is there and that you may write",
    exitCode: 2,
    cause: error,
  });

/** Throws a WarrenError (exit code 2) if a file could not be written later, so that nothing is done in vain. */
export function requireWritable(file: string): void {
  try {
    closeSync(openSync(file, "a"));
  } catch (error) {
    throw unwritable(file, error);
  }
}

/** Writes a file, or the output if none is named. */
export function deliver(console: Console, text: string, file: string | undefined): void {
  if (file === undefined) {
    console.out(text);
    return;
  }
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw unwritable(file, error);
  }
  console.error(`written: ${visible(file)}`);
}

/** Columns as wide as their widest cell; the last one runs free. */
export function table(rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => row.map(visible));
  const widths = (shown[0] ?? []).map((_, column) => Math.max(...shown.map((row) => row[column]?.length ?? 0)));
  return shown
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
