/** Changes of objects for people: one line for each that stays or is replaced, one for all of a kind that are made or deleted. */
import { code, prose } from "../markdown.js";
import { plural } from "../plural.js";
import { CONSEQUENCES, losesMessages, type Consequence, type ObjectChange } from "./objects.js";
import type { DifferenceTextOptions } from "./text.js";

const MANY: Readonly<Record<string, string>> = { "operator policy": "operator policies", policy: "policies" };
const many = (kind: string): string => MANY[kind] ?? `${kind}s`;

const shown = (value: unknown): string => {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};

/** Where a field may be a secret, neither value is there. */
const fieldText = ({ field, before, after }: ObjectChange["differences"][number]): string =>
  before === undefined && after === undefined ? `${field}: another one` : `${field}: ${shown(before)} -> ${shown(after)}`;

function held({ messages }: ObjectChange): string {
  if (messages === undefined) return "";
  return messages === null ? "the broker has no count of it" : messages === 0 ? "empty now" : `${plural(messages, "message")} in it now`;
}

/** All that is told on one line. */
interface Entry {
  readonly consequence: Consequence;
  readonly vhost: string | null;
  readonly kind: string;
  readonly names: readonly string[];
  readonly details: readonly string[];
  readonly whys: readonly string[];
}

const single = (change: ObjectChange): Entry => ({
  consequence: change.consequence,
  vhost: change.vhost,
  kind: change.kind,
  names: [change.name],
  details: [
    ...change.differences.map(fieldText),
    ...(change.holds
      ? [
          Object.entries(change.holds)
            .map(([kind, count]) => plural(count, kind, many(kind)))
            .join(", ") || "empty",
        ]
      : []),
    ...[held(change)].filter(Boolean),
  ],
  whys: [...new Set(change.differences.map(({ why }) => why))],
});

function entries(changes: readonly ObjectChange[]): Entry[] {
  const found = new Map<string, Entry>();
  changes.forEach((change, index) => {
    const alone = change.differences.length > 0 || change.holds !== undefined || losesMessages(change);
    const id = alone ? String(index) : JSON.stringify([change.consequence, change.vhost, change.kind]);
    const known = found.get(id);
    found.set(id, known ? { ...known, names: [...known.names, change.name] } : single(change));
  });
  return [...found.values()];
}

const subject = ({ kind, names }: Entry): string => (names.length === 1 ? kind : many(kind));

/** `1 replacement that loses messages, 2 in place`. */
export function objectCounts(changes: readonly ObjectChange[]): string {
  const words: Readonly<Record<Consequence, readonly [string, string]>> = {
    "delete and lose messages": ["deletion that loses messages", "deletions that lose messages"],
    "replace and lose messages": ["replacement that loses messages", "replacements that lose messages"],
    delete: ["deletion", "deletions"],
    replace: ["replacement", "replacements"],
    "in place": ["in place", "in place"],
    create: ["new", "new"],
  };
  return CONSEQUENCES.flatMap((consequence) => {
    const count = changes.filter((change) => change.consequence === consequence).length;
    return count === 0 ? [] : [plural(count, ...words[consequence])];
  }).join(", ");
}

/** How many messages the broker holds in queues that would go; `undefined` if none was asked. */
export function lostMessages(changes: readonly ObjectChange[]): { readonly messages: number; readonly uncounted: number } | undefined {
  const asked = changes.filter(({ messages }) => messages !== undefined);
  if (asked.length === 0) return undefined;
  return {
    messages: asked.reduce((sum, { messages }) => sum + (messages ?? 0), 0),
    uncounted: asked.filter(({ messages }) => messages === null).length,
  };
}

function lossText(changes: readonly ObjectChange[]): string | undefined {
  const lost = lostMessages(changes);
  if (!lost) return undefined;
  const more = lost.uncounted === 0 ? "" : `, and those in ${plural(lost.uncounted, "queue")} that the broker has no count of`;
  return `${plural(lost.messages, "message")} would be lost now${more}`;
}

const NO_CHANGE = "No change of objects.";

/** Without a line break at its end. */
export function objectsText(changes: readonly ObjectChange[], options: DifferenceTextOptions = {}): string {
  const { emphasis = (_, text) => text, visible = (text) => text } = options;
  if (changes.length === 0) return NO_CHANGE;
  const severity = (consequence: Consequence): "loss" | "breaking" | "notice" =>
    losesMessages({ consequence }) ? "loss" : consequence === "replace" || consequence === "delete" ? "breaking" : "notice";
  const width = Math.max(...changes.map(({ consequence }) => consequence.length));
  const lost = lossText(changes);
  return [
    emphasis("vhost", "objects"),
    ...entries(changes).flatMap((entry) => [
      `  ${emphasis(severity(entry.consequence), entry.consequence.padEnd(width))}  ${visible(
        `${entry.vhost === null ? "" : `${entry.vhost}: `}${subject(entry)} ${entry.names.join(", ")}${entry.details.length === 0 ? "" : `: ${entry.details.join("; ")}`}`,
      )}`,
      ...entry.whys.map((why) => `${" ".repeat(width + 4)}${visible(why)}`),
    ]),
    "",
    objectCounts(changes),
    ...(lost === undefined ? [] : [lost]),
  ].join("\n");
}

/** Losses stand open and first; what is merely made anew or in place can be folded out. */
export function objectsMarkdown(changes: readonly ObjectChange[]): string {
  if (changes.length === 0) return `### ${NO_CHANGE}\n`;
  const lost = lossText(changes);
  const lines = [`### For objects: ${objectCounts(changes)}`, "", ...(lost === undefined ? [] : [`**${lost}.**`, ""])];
  const all = entries(changes);
  for (const consequence of CONSEQUENCES) {
    const list = all.filter((entry) => entry.consequence === consequence);
    if (list.length === 0) continue;
    const loses = losesMessages({ consequence });
    const folded = !loses && consequence !== "replace" && consequence !== "delete";
    const title = `${loses ? "⚠ " : ""}${consequence[0]?.toUpperCase() ?? ""}${consequence.slice(1)}`;
    lines.push(...(folded ? [`<details><summary>${title} (${list.length})</summary>`, ""] : [`**${title}**`, ""]));
    for (const entry of list) {
      const where = entry.vhost === null ? "" : ` in ${code(entry.vhost)}`;
      const details = entry.details.length === 0 ? "" : `: ${entry.details.map(prose).join("; ")}`;
      lines.push(`- ${subject(entry)} ${entry.names.map(code).join(", ")}${where}${details}`);
      for (const why of entry.whys) lines.push(`  <br/>${prose(why)}.`);
    }
    lines.push("", ...(folded ? ["</details>", ""] : []));
  }
  return lines.join("\n");
}
