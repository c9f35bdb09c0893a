/** The settings as a table in Markdown. */
import { settingsTable } from "./table.js";

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

function settingsMarkdown(): string {
  const rows = settingsTable.map(({ name, meaning, note, default: initial, allowed }) => [
    `\`${name}\``,
    cell(meaning) + (note === undefined ? "" : ` (${cell(note)})`),
    initial === "" ? "" : `\`${initial}\``,
    cell(allowed),
  ]);
  const head = ["variable", "meaning", "default", "allowed"];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line), ""].join("\n");
}

/** The whole page. */
export function settingsPage(): string {
  return `# Settings of a worker

<!-- Generated from the table of settings: npx tsx docs/worker-settings.gen.ts -->

\`connect\` without a \`url\`, \`warren work\` and the worker's image read these variables. All that is wrong is told at once, before anything
is connected; a name that looks misspelt is a warning.

${settingsMarkdown()}`;
}
