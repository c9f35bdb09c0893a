/** Makes the configuration of a run: the text of a tracked `Pulumi.<stack>.yaml` with some values set over it. */
import { WarrenError } from "../topology/errors.js";

/** The text with `values` under `config:` and `top` at the top level, each replacing what stood there. Comments and everything else stay. */
export function withConfig(text: string, values: Readonly<Record<string, string>>, top: Readonly<Record<string, string>> = {}): string {
  let lines = text.trimEnd().split("\n");
  for (const [key, value] of Object.entries(top)) {
    lines = [...without(lines, 0, lines.length, "", key), `${key}: ${JSON.stringify(value)}`];
  }
  if (Object.keys(values).length > 0) lines = setUnderConfig(lines, values);
  return `${lines.join("\n").replace(/\n+$/, "").replace(/^\n+/, "")}\n`;
}

/** Whether secrets stand in the text, or who encrypts them: then what they are encrypted with stands there too. */
export const isSealed = (text: string): boolean => /^\s*secure:/m.test(text) || /^secretsprovider:\s*["']?\w+:\/\//m.test(text);

/** A value that an earlier run was given, as `withConfig` writes it. */
export function valueIn(text: string, key: string): string | undefined {
  const found = text.split("\n").find((line) => line.trimStart().startsWith(`${key}: `));
  if (found === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(found.slice(found.indexOf(": ") + 2));
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

function setUnderConfig(lines: readonly string[], values: Readonly<Record<string, string>>): string[] {
  const start = lines.findIndex((line) => /^config\s*:/.test(line));
  const rest =
    start < 0
      ? ""
      : (lines[start] ?? "")
          .replace(/^config\s*:/, "")
          .replace(/\s#.*$/, "")
          .trim();
  if (rest !== "" && rest !== "{}") {
    throw new WarrenError("The stack's configuration has `config:` and its values in one line", {
      remedy: "write one `key: value` a line below `config:`, as `pulumi config set` does",
    });
  }
  const head = start < 0 ? [...lines] : lines.slice(0, start);
  const end = start < 0 ? lines.length : blockEnd(lines, start + 1);
  let block = start < 0 ? [] : lines.slice(start + 1, end);
  const indent = block.map((line) => /^(\s+)[^\s#]/.exec(line)?.[1]).find((found) => found !== undefined) ?? "  ";
  for (const key of Object.keys(values)) block = without(block, 0, block.length, indent, key);
  const set = Object.entries(values).map(([key, value]) => `${indent}${key}: ${JSON.stringify(value)}`);
  return [...head, "config:", ...block, ...set, ...(start < 0 ? [] : lines.slice(end))];
}

/** The index behind the last line that belongs to the block starting at `from`: up to the next line that begins in the first column. */
function blockEnd(lines: readonly string[], from: number): number {
  let end = from;
  for (let index = from; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (/^[^\s#]/.test(line)) break;
    if (line.trim() !== "" && !line.startsWith("#")) end = index + 1;
  }
  return end;
}

/** The lines without the entry `key` of this indentation and what is nested in it. */
function without(lines: readonly string[], from: number, to: number, indent: string, key: string): string[] {
  const entry = new RegExp(`^${indent}(["']?)${key.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\1\\s*:`);
  const start = lines.findIndex((line, index) => index >= from && index < to && entry.test(line));
  if (start < 0) return [...lines];
  const deeper = new RegExp(`^${indent}(\\s|- )`);
  let end = start + 1;
  while (end < to && (deeper.test(lines[end] ?? "") || ((lines[end] ?? "").trim() === "" && deeper.test(lines[end + 1] ?? "")))) end++;
  return [...lines.slice(0, start), ...lines.slice(end)];
}
