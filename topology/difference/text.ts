/** A difference for people: one line for each change, the gravest first. */
import type { Change, Difference, Severity } from "./change.js";
import { plural } from "../plural.js";
import { list } from "./words-of-changes.js";

export interface DifferenceTextOptions {
  /** Makes text from outside harmless. @default unchanged */
  readonly visible?: (text: string) => string;
  /** Colours, for a terminal. @default none */
  readonly emphasis?: (severity: Severity | "unknown" | "vhost", text: string) => string;
}

const COUNTED: readonly (readonly [Severity, string, string])[] = [
  ["loss", "loss", "losses"],
  ["breaking", "breaking", "breaking"],
  ["notice", "notice", "notices"],
];

/** `1 loss, 2 notices`. */
export function countsText({ changes, unknown }: Difference): string {
  const parts = COUNTED.flatMap(([severity, one, many]) => {
    const count = changes.filter((change) => change.severity === severity).length;
    return count === 0 ? [] : [plural(count, one, many)];
  });
  return [...parts, ...(unknown.length === 0 ? [] : [plural(unknown.length, "unknown", "unknown")])].join(", ");
}

/** What stands behind the sentence: declared messages among those concerned, and how many classes are alike. */
export function asides({ messages = [], alike = 0 }: Change): string[] {
  return [
    ...(messages.length > 0 ? [`declared: ${messages.join(", ")}`] : []),
    ...(alike > 0 ? [`and ${plural(alike, "further class", "further classes")} of messages alike`] : []),
  ];
}

/** Changes that say the same of several queues, as one. */
function merged(changes: readonly Change[]): Change[] {
  const found = new Map<string, { readonly change: Change; readonly queues: string[] }>();
  changes.forEach((change, index) => {
    const [before = "", after, ...more] = change.queue === undefined ? [] : change.text.split(change.queue);
    const alone = after === undefined || more.length > 0 || change.example !== undefined;
    const id = alone ? String(index) : JSON.stringify([change.kind, change.severity, change.vhost, before, after]);
    const known = found.get(id);
    if (known) known.queues.push(change.queue ?? "");
    else found.set(id, { change, queues: [change.queue ?? ""] });
  });
  return [...found.values()].map(({ change, queues }) =>
    queues.length === 1 ? change : { ...change, text: change.text.split(change.queue ?? "").join(list(queues)) },
  );
}

/** By vhost, in the order of its gravest change; users at the end. */
export function byVhost<T extends { readonly vhost: string | null }>(entries: readonly T[]): [string | null, T[]][] {
  const found = new Map<string | null, T[]>();
  for (const entry of entries) found.set(entry.vhost, [...(found.get(entry.vhost) ?? []), entry]);
  return [...found].sort(([one], [other]) => Number(one === null) - Number(other === null));
}

/** What is told, one by one: changes that say the same as one, and what is unknown. */
export const entriesOf = ({ changes, unknown }: Difference) => [
  ...merged(changes),
  ...unknown.map((one) => ({ ...one, severity: "unknown" as const })),
];

export const NO_DIFFERENCE = "No difference for messages.";

/** Without a line break at its end. */
export function differenceText(found: Difference, options: DifferenceTextOptions = {}): string {
  const { emphasis = (_, text) => text, visible = (text) => text } = options;
  if (found.changes.length + found.unknown.length === 0) return NO_DIFFERENCE;
  const lines = byVhost(entriesOf(found)).flatMap(([vhost, list]) => [
    emphasis("vhost", vhost === null ? "users" : visible(vhost)),
    ...list.flatMap((entry) => [
      `  ${emphasis(entry.severity, entry.severity.padEnd(8))}  ${visible(entry.text)}`,
      ...("kind" in entry ? asides(entry).map((aside) => `${" ".repeat(12)}${visible(aside)}`) : []),
    ]),
    "",
  ]);
  return [...lines, countsText(found)].join("\n");
}
