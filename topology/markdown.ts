/** Pieces of Markdown from text that comes from outside: nothing in it is markup. */

/** Characters that would end a line or move a cursor. */
const flat = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, " ");

export const escapeMarkdown = (text: string): string =>
  text.replace(/[\\`*_[\]<>|#~&]/g, (character) =>
    character === "<" ? "&lt;" : character === ">" ? "&gt;" : character === "&" ? "&amp;" : `\\${character}`,
  );

/** Prose on one line. */
export const prose = (text: string): string => escapeMarkdown(flat(text)).trim();

/** Longer than any run of backticks in the text. */
const fenceFor = (text: string, least: number): string =>
  "`".repeat(Math.max(least, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));

/** A block of code, line by line. */
export function fenced(language: string, text: string): string[] {
  const fence = fenceFor(text, 3);
  return [`${fence}${language}`, ...text.trimEnd().split("\n"), fence];
}

/** A name, as code, also in a cell of a table. */
export function code(text: string): string {
  const plain = flat(text).replace(/\|/g, "\\|");
  if (plain.trim() === "") return plain === "" ? '`""`' : `\`"${plain}"\``;
  const fence = fenceFor(plain, 1);
  const space = fence.length > 1 ? " " : "";
  return `${fence}${space}${plain}${space}${fence}`;
}

export const codes = (names: readonly string[]): string => names.map(code).join(", ");

/** A table without padding, so that a longer cell changes its own line alone; columns that are empty in every row are left out. Cells are Markdown. */
export function plainTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const used = head.map((_, column) => column === 0 || rows.some((row) => (row[column] ?? "") !== ""));
  const line = (cells: readonly string[]): string => `| ${cells.filter((_, column) => used[column]).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map((row) => line(head.map((_, column) => row[column] ?? "")))];
}
