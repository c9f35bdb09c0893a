/** Keys and references of an AsyncAPI document. */

/** What the specification lets a key of its components be. */
const ODD = /[^A-Za-z0-9._-]+/g;

export type Reference = { readonly $ref: string };

/** Keys that people can read, one for each thing: equal words give the same key, other words another one. */
export class Keys {
  private readonly known = new Map<string, string>();
  private readonly taken = new Set<string>();

  of(...words: readonly string[]): string {
    const id = JSON.stringify(words);
    const before = this.known.get(id);
    if (before !== undefined) return before;
    const readable = words.map((word) => word.replace(/[{}]/g, "").replace(ODD, "_")).join("-") || "_";
    let key = readable;
    for (let count = 2; this.taken.has(key); count++) key = `${readable}_${count}`;
    this.known.set(id, key);
    this.taken.add(key);
    return key;
  }
}

/** Keys are made of what needs no escape in a JSON pointer. */
export const reference = (...path: readonly string[]): Reference => ({ $ref: `#/${path.join("/")}` });

/** Leaves out what is `undefined`, and lists and objects that are empty. */
export function filled(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const empty = (value: unknown): boolean =>
    value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !empty(value)));
}

const EXPRESSION = /\{(.*?)\}/gs;

/**
 * An address and its parameters, from a key or a template's name with placeholders; `null`, which is "unknown" to the specification, for
 * one that has braces which are none.
 */
export function address(text: string): { address: string | null; parameters?: Record<string, { description: string }> } {
  const names = [...text.matchAll(EXPRESSION)].map((match) => match[1] ?? "");
  if (names.length === 0 && !/[{}]/.test(text)) return { address: text };
  if (names.some((name) => !/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) || /[{}]/.test(text.replace(EXPRESSION, ""))) return { address: null };
  return { address: text, parameters: Object.fromEntries(names.map((name) => [name, { description: "One word, without dots." }])) };
}
