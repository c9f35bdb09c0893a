/** Keys with placeholders: whether two of them can become the same text, and what a text says about the placeholders. */
import { escapeRegex, placeholderRegex, placeholders } from "../names.js";

/** A word of a key in which a placeholder stands: any text without a dot, but not none. */
export interface OpenWord {
  readonly text: string;
  /** Whether filling in the placeholders can give this word. */
  readonly matches: (word: string) => boolean;
}

export type Word = string | OpenWord;

/** The words of a routing key or of a topic pattern: the empty key has none, `"a."` has two (source: `rabbit_db_topic_exchange:split_topic_key_binary`). */
export const splitKey = (key: string): string[] => (key === "" ? [] : key.split("."));

/** A test for texts that filling in the placeholders can give. */
export function fits(text: string): (candidate: string) => boolean {
  if (placeholders(text).length === 0) return (candidate) => candidate === text;
  const regex = new RegExp(`^${placeholderRegex(text)}$`, "s");
  return (candidate) => regex.test(candidate);
}

/** The words of a key in which `{placeholder}` stands for one word or a part of one. */
export function openWords(key: string): Word[] {
  return splitKey(key).map((text) => (placeholders(text).length === 0 ? text : { text, matches: fits(text) }));
}

/** One character, `ONE` for any, `SOME` for any number of any. */
const ONE = Symbol("one character");
const SOME = Symbol("any characters");

function tokens(text: string): (string | symbol)[] {
  const list: (string | symbol)[] = [];
  let at = 0;
  for (const match of text.matchAll(/\{[A-Za-z][A-Za-z0-9_]*\}/g)) {
    list.push(...text.slice(at, match.index), ONE, SOME);
    at = match.index + match[0].length;
  }
  list.push(...text.slice(at));
  return list;
}

/** Whether two words with placeholders can be filled in to the same word. */
function wordsMeet(one: string, other: string): boolean {
  const a = tokens(one);
  const b = tokens(other);
  // row[j]: the rest of `a` from i and the rest of `b` from j can be the same text; from the ends backwards.
  let below: boolean[] = [];
  for (let i = a.length; i >= 0; i--) {
    const row: boolean[] = Array.from({ length: b.length + 1 }, () => false);
    for (let j = b.length; j >= 0; j--) {
      const x = a[i];
      const y = b[j];
      if (x === undefined && y === undefined) row[j] = true;
      else if (x === SOME) row[j] = (below[j] ?? false) || (y !== undefined && (row[j + 1] ?? false));
      else if (y === SOME) row[j] = (row[j + 1] ?? false) || (x !== undefined && (below[j] ?? false));
      else row[j] = x !== undefined && y !== undefined && (x === ONE || y === ONE || x === y) && (below[j + 1] ?? false);
    }
    below = row;
  }
  return below[0] ?? false;
}

const text = (word: Word): string => (typeof word === "string" ? word : word.text);

/**
 * Whether a binding key and a routing key, both with placeholders, can meet. With `wildcards` the binding key is a topic pattern.
 * A placeholder that occurs twice is taken for two different ones, so the answer may be a yes too much, never a no.
 */
export function keysMeet(bindingKey: string, routingKey: readonly Word[], wildcards: boolean): boolean {
  const pattern = splitKey(bindingKey);
  const meet = (i: number, j: number): boolean => {
    const expected = pattern[i];
    if (expected === undefined) return j === routingKey.length;
    if (wildcards && expected === "#") return meet(i + 1, j) || (j < routingKey.length && meet(i, j + 1));
    const word = routingKey[j];
    if (word === undefined) return false;
    return ((wildcards && expected === "*") || wordsMeet(expected, text(word))) && meet(i + 1, j + 1);
  };
  return meet(0, 0);
}

/** What one word of a key says about the placeholders of a word: nothing if there are several, for then it could be split in many ways. */
function captured(expected: string, word: string): Readonly<Record<string, string>> | undefined {
  if (!fits(expected)(word)) return undefined;
  const names = placeholders(expected);
  if (names[0] === undefined || names.length > 1) return {};
  const [before = "", after = ""] = expected.split(`{${names[0]}}`);
  const value = new RegExp(`^${escapeRegex(before)}(.*)${escapeRegex(after)}$`, "s").exec(word)?.[1];
  return value === undefined ? {} : { [names[0]]: value };
}

/**
 * The values that placeholders of a binding key must have for it to match a routing key; `undefined` if no values do.
 * Placeholders that could have several values are left out.
 */
export function capture(
  bindingKey: string,
  routingKey: readonly string[],
  wildcards: boolean,
): Readonly<Record<string, string>> | undefined {
  const pattern = splitKey(bindingKey);
  const found: Readonly<Record<string, string>>[] = [];
  const match = (i: number, j: number, values: Readonly<Record<string, string>>): void => {
    const expected = pattern[i];
    if (expected === undefined) {
      if (j === routingKey.length) found.push(values);
    } else if (wildcards && expected === "#") {
      for (let next = j; next <= routingKey.length; next++) match(i + 1, next, values);
    } else {
      const word = routingKey[j];
      if (word === undefined) return;
      const said = wildcards && expected === "*" ? {} : captured(expected, word);
      if (!said || Object.entries(said).some(([name, value]) => Object.hasOwn(values, name) && values[name] !== value)) return;
      match(i + 1, j + 1, { ...values, ...said });
    }
  };
  match(0, 0, {});
  const [first, ...others] = found;
  if (!first) return undefined;
  return Object.fromEntries(Object.entries(first).filter(([name, value]) => others.every((other) => other[name] === value)));
}
