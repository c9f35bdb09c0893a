/** A difference as Markdown, for a pull request. */
import { escapeMarkdown } from "../markdown.js";
import type { Difference, Severity } from "./change.js";
import { asides, byVhost, countsText, entriesOf, NO_DIFFERENCE } from "./text.js";

const TITLES: Readonly<Record<Severity | "unknown", string>> = {
  loss: "Messages are lost",
  breaking: "Breaking",
  notice: "Otherwise",
  unknown: "Unknown",
};

/** What is graver stands open; what is merely otherwise can be folded out. */
export function differenceMarkdown(found: Difference): string {
  if (found.changes.length + found.unknown.length === 0) return `### ${NO_DIFFERENCE}\n`;
  const entries = entriesOf(found);
  const several = byVhost(entries).filter(([vhost]) => vhost !== null).length > 1;
  const lines = [`### For messages: ${countsText(found)}`, ""];
  for (const severity of ["loss", "breaking", "unknown", "notice"] as const) {
    const list = entries.filter((entry) => entry.severity === severity);
    if (list.length === 0) continue;
    const folded = severity === "notice";
    lines.push(...(folded ? [`<details><summary>${TITLES[severity]} (${list.length})</summary>`, ""] : [`**${TITLES[severity]}**`, ""]));
    for (const entry of list) {
      const where = several && entry.vhost !== null ? `**${escapeMarkdown(entry.vhost)}**: ` : "";
      const more = "kind" in entry ? asides(entry) : [];
      lines.push(`- ${where}${escapeMarkdown(entry.text)}${more.length > 0 ? ` (${escapeMarkdown(more.join("; "))})` : ""}`);
    }
    lines.push("", ...(folded ? ["</details>", ""] : []));
  }
  return lines.join("\n");
}
