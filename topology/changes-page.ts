/** The page of the documentation that says what an update does, written from the tables. */
import { CHANGES, changeOf, type Effect, type Kind } from "./changes.js";
import { SETTINGS } from "./settings.js";

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(line)];
}

const code = (text: string): string => `\`${text}\``;
const heading = (kind: Kind): string => `${kind[0]?.toUpperCase() ?? ""}${kind.slice(1)}`;

function settings(): string[] {
  const effect = (kind: Kind, field: string, key: string | undefined): Effect | "not possible" =>
    key === undefined ? "not possible" : (changeOf(kind, field, key)?.effect ?? "in place");
  return table(
    ["setting", "in a policy", "as an argument"],
    SETTINGS.map((setting) => [
      code(setting.field),
      effect("policy", "definition", setting.policy),
      effect("queue", "arguments", setting.argument),
    ]),
  );
}

/** Markdown, as the formatter leaves it. */
export function changesPage(): string {
  const kinds = [...new Set(CHANGES.map(({ kind }) => kind))];
  return [
    "# What an update does",
    "",
    "- **in place**: the object stays, and so does everything in it and around it, but for what the last column says. A limit below what a queue holds now is refused, unless what it takes out is dead-lettered.",
    "- **replace**: it is deleted and made again; messages that lie in queues stay.",
    "- **replace and lose messages**: the messages in it are deleted with it. While there are any, or a queue that is to go has consumers, `up` refuses, and says how many.",
    "",
    "## Settings of a queue",
    "",
    'Warren writes a setting into a generated policy wherever it can, so that it changes in place; `settings: "arguments"` writes it into the',
    "queue's arguments, which the broker never changes.",
    "",
    ...settings(),
    ...kinds.flatMap((kind) => [
      "",
      `## ${heading(kind)}`,
      "",
      ...table(
        ["field", "effect", "why"],
        CHANGES.filter((change) => change.kind === kind).map(({ field, effect, why }) => [code(field), effect, `${why}.`]),
      ),
    ]),
    "",
  ].join("\n");
}
