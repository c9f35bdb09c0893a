/** All kinds of messages that the bindings behind an exchange tell apart, each shown by one. */
import type { MessageHeaders } from "../routing.js";
import { headerClasses, headersMatched, MAX_HEADER_CLASSES } from "./header-classes.js";
import { MAX_STATES, Patterns, type Token } from "./patterns.js";
import { keyTokens, type Tests } from "./reachable.js";
import { invent, wordAlphabet } from "./words.js";

/** Past so many classes of keys and headers together nothing is said. */
export const MAX_CLASSES = 50_000;

/** A message that is declared in one of the topologies. */
export interface Declared {
  readonly name: string;
  readonly exchange: string;
  /** With placeholders. */
  readonly key: string;
  readonly headers: MessageHeaders;
}

export interface MessageClass {
  /** The same for classes that match the same bindings and differ in declared messages alone. */
  readonly matches: string;
  readonly key: string;
  readonly headers: MessageHeaders;
  /** Declared messages of which some are in this class. */
  readonly messages: readonly string[];
}

/** `keyed` and `headed`: whether keys and headers make any difference. */
export type Classes =
  { readonly classes: readonly MessageClass[]; readonly keyed: boolean; readonly headed: boolean } | { readonly reason: string };

const merged = <Value>(maps: readonly ReadonlyMap<string, Value>[]): Value[] => [...new Map(maps.flatMap((map) => [...map])).values()];

/** The empty key has no words, so no key is one empty word. */
const isKey = (words: readonly string[]): boolean => words.length !== 1 || words[0] !== "";

function namedWords(patterns: readonly (readonly Token[])[]): Set<string> {
  return new Set(patterns.flat().filter((token) => typeof token === "string"));
}

/** Shorter is better, but the empty key says nothing, and an invented word alone says that any will do. */
const readable = (examples: readonly (readonly string[])[], invented: string): string =>
  (examples.find(([word, ...more]) => word === invented && more.length === 0) ?? examples.find(({ length }) => length > 0) ?? []).join(".");

interface KeyClass {
  readonly matched: string;
  readonly key: string;
  /** Indices of the declared messages whose keys can be in it. */
  readonly messages: readonly number[];
}

function keyClasses(keys: readonly (readonly Token[])[], declared: readonly Declared[]): KeyClass[] | undefined {
  if (keys.length === 0) return [{ matched: "", key: "", messages: declared.map((_, index) => index) }];
  const patterns = new Patterns();
  // Declared messages count as patterns, so that a class holds messages of one kind or none.
  const all = [...keys, ...declared.map(({ key }) => keyTokens(key))];
  all.forEach((tokens, index) => patterns.add(tokens, index));
  const invented = invent(namedWords(all));
  return patterns.classes(wordAlphabet(invented), isKey)?.map(({ matched, examples }) => ({
    matched: matched.filter((index) => index < keys.length).join(),
    key: readable(examples, invented),
    messages: matched.filter((index) => index >= keys.length).map((index) => index - keys.length),
  }));
}

function doubt(tests: readonly Tests[]): string | undefined {
  const [foreign] = tests.flatMap((one) => one.foreign);
  if (foreign !== undefined) return `of exchanges of type ${JSON.stringify(foreign)} it is not known where they send a message`;
  const [repeated] = tests.flatMap((one) => one.repeated);
  if (repeated !== undefined) return `in the key ${JSON.stringify(repeated)} of a template two words have to be the same`;
  return undefined;
}

/**
 * Complete: every message is in one class, and all messages of a class match the same bindings. A class that holds declared messages
 * is shown by one of them. Or the reason why there is no answer.
 */
export function messageClasses(tests: readonly Tests[], declared: readonly Declared[]): Classes {
  const reason = doubt(tests);
  if (reason !== undefined) return { reason };
  const bindings = merged(tests.map(({ headers }) => headers));
  const keys = merged(tests.map((one) => one.keys));
  const byHeaders = headerClasses(bindings);
  if (!byHeaders) return { reason: `its bindings tell more than ${MAX_HEADER_CLASSES} combinations of headers apart` };
  const byKey = keyClasses(keys, declared);
  if (!byKey) return { reason: `the automaton of its binding keys has more than ${MAX_STATES} states` };
  if (byKey.length * byHeaders.length > MAX_CLASSES)
    return { reason: `its bindings tell more than ${MAX_CLASSES} classes of keys and headers apart` };
  const match = headersMatched(bindings);
  const headersOf = declared.map(({ headers }) => match(headers));
  const classes = byHeaders.flatMap(({ matched, headers }) =>
    byKey.map(({ matched: byBindings, key, messages }): MessageClass => {
      const own = messages.filter((index) => headersOf[index] === matched).flatMap((index) => declared[index] ?? []);
      const shown = bindings.length > 0 ? (own[0]?.headers ?? headers) : {};
      return { matches: `${matched} ${byBindings}`, key, headers: shown, messages: [...new Set(own.map(({ name }) => name))] };
    }),
  );
  return { classes, keyed: keys.length > 0, headed: bindings.length > 0 };
}
