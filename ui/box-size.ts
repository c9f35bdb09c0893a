/** How large a box has to be for what stands in it. Widths are estimates: the page cuts what is longer, and says the whole under the pointer. */
import type { Box, Label } from "../topology/compile/picture.js";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Width in pixels of text in a sans-serif face; generous rather than exact. */
export function textWidth(text: string, points: number): number {
  let em = 0;
  for (const character of text) em += /[ilj.,:;'|!()[\]]/.test(character) ? 0.31 : /[A-Zmw@%→]/.test(character) ? 0.82 : 0.58;
  return em * points;
}

const within = (value: number, least: number, most: number): number => Math.round(Math.min(most, Math.max(least, value)));
const widest = (texts: readonly string[], points: number): number => Math.max(0, ...texts.map((text) => textWidth(text, points)));

/** What stands under the name of a queue. */
export const subtitle = ({ kind, type, details }: Pick<Box, "kind" | "type" | "details">, ladder: readonly string[]): string =>
  [
    kind === "template" ? `${type ?? ""} per instance` : (type ?? ""),
    ...details,
    ...(ladder.length === 0 ? [] : [`retry ${ladder.join(" → ")}`]),
  ]
    .filter((text) => text !== "")
    .join(" · ");

export function boxSize(box: Box, ladder: readonly string[], keys: readonly string[]): Size {
  const names = box.rows.map(({ name, note }) => (note === undefined ? name : `${name}  ${note}`));
  // Names are bold.
  const name = widest(names, 13) * 1.1;
  switch (box.kind) {
    case "queue":
    case "template":
      return { width: within(Math.max(name + 76, textWidth(subtitle(box, ladder), 11) + 28), 226, 320), height: 84 };
    case "exchange":
      return { width: within(Math.max(name, textWidth(subtitle(box, []), 11) + 44) + 76, 140, 320), height: 52 };
    case "publisher":
      return { width: within(name + 34, 84, 280), height: 14 + 20 * box.rows.length };
    case "consumer":
      return { width: within(name + 92, 130, 340), height: 14 + 20 * box.rows.length };
    case "message":
      return {
        width: within(Math.max(name, widest([...keys.map((key) => `key ${key}`), ...box.details], 11)) + 30, 84, 260),
        height: keys.length + box.details.length === 0 ? 32 : 46,
      };
    case "external":
    case "undeclared":
    case "ladder":
      return { width: within(name + 30, 100, 260), height: 46 };
  }
}

/** Before the keys of a label. */
export const LABEL_WORDS: Partial<Record<Label["kind"], string>> = {
  "dead-letter": "dead letters",
  alternate: "unroutable",
  shovel: "shovel",
  federation: "federation",
};

/** Lines of a label; more keys than anybody reads are counted. */
export function labelLines({ kind, keys }: Pick<Label, "kind" | "keys">): string[] {
  const word = LABEL_WORDS[kind];
  const shown = keys.length > 6 ? [...keys.slice(0, 5), `and ${keys.length - 5} more`] : keys;
  return [...(word === undefined ? [] : [word]), ...shown.map((key) => (word === undefined ? key : `key ${key}`))];
}

/** With room for a number behind the first line. */
export function labelSize(label: Pick<Label, "kind" | "keys">): Size {
  const lines = labelLines(label);
  return { width: within(widest(lines, 11) + 18 + 40, 76, 280), height: 10 + 15 * Math.max(1, lines.length) };
}
