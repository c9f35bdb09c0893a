/** The settings as a table in Markdown. */
import { settingsTable } from "./table.js";

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

export function settingsMarkdown(): string {
  const rows = settingsTable.map(({ name, meaning, note, default: initial, allowed }) =>
    [
      `\`${name}\``,
      cell(meaning) + (note === undefined ? "" : ` (${cell(note)})`),
      initial === "" ? "" : `\`${initial}\``,
      cell(allowed),
    ].join(" | "),
  );
  return ["| variable | meaning | default | allowed |", "|---|---|---|---|", ...rows.map((row) => `| ${row} |`), ""].join("\n");
}
