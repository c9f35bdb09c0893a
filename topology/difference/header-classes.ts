/** The classes of headers that bindings of headers exchanges tell apart: exact over the values that occur, any other, and none. */
import type { Arguments } from "../compile/plan.js";
import { headerMatcher, sorted, type MessageHeaders } from "../routing/headers.js";
import { invent } from "./words.js";

/** Past so many classes the answer is that there is none: bindings that each ask for a header of its own double them. */
export const MAX_HEADER_CLASSES = 4096;

/** Headers that are matched by exactly the same bindings. */
export interface HeaderClass {
  /** Indices of the bindings that match. */
  readonly matched: string;
  readonly headers: MessageHeaders;
}

/** Which of the bindings match, as one text. */
export function headersMatched(bindings: readonly Arguments[]): (headers: MessageHeaders) => string {
  const matchers = bindings.map(headerMatcher);
  return (headers) => matchers.flatMap((matches, index) => (matches(headers) ? [index] : [])).join();
}

const isCompared = ({ "x-match": mode }: Arguments, name: string): boolean =>
  name !== "x-match" && (!name.startsWith("x-") || mode === "all-with-x" || mode === "any-with-x");

/** By header: the values that bindings ask for, and one that none does. */
function values(bindings: readonly Arguments[]): Map<string, unknown[]> {
  const found = new Map<string, Map<string, unknown>>();
  for (const binding of bindings) {
    for (const [name, value] of Object.entries(binding)) {
      if (!isCompared(binding, name)) continue;
      const known = found.get(name) ?? new Map<string, unknown>();
      found.set(name, known);
      // `null` asks for the header alone, which any other value has too.
      if (value !== null && value !== undefined) known.set(JSON.stringify(sorted(value)), sorted(value));
    }
  }
  return new Map(
    [...found].map(([name, known]) => [
      name,
      [...known.values(), invent(new Set([...known.values()].filter((value) => typeof value === "string")))],
    ]),
  );
}

/** What is still open after some headers: of an `all` binding that one is missing, of an `any` binding that one is there. */
function standing(bindings: readonly Arguments[], names: ReadonlySet<string>): (headers: MessageHeaders) => string {
  const matchers = bindings.map((binding) =>
    headerMatcher(Object.fromEntries(Object.entries(binding).filter(([name]) => name === "x-match" || names.has(name)))),
  );
  return (headers) => matchers.map((matches) => (matches(headers) ? "1" : "0")).join("");
}

/** All classes, each with the fewest headers that show it; `undefined` if there are more than `MAX_HEADER_CLASSES`. */
export function headerClasses(bindings: readonly Arguments[]): HeaderClass[] | undefined {
  let partial = new Map<string, MessageHeaders>([["", {}]]);
  const names = new Set<string>();
  for (const [name, choices] of values(bindings)) {
    names.add(name);
    const next = new Map<string, MessageHeaders>();
    const stand = standing(bindings, names);
    const put = (headers: MessageHeaders): void => {
      const id = stand(headers);
      const known = next.get(id);
      if (!known || Object.keys(headers).length < Object.keys(known).length) next.set(id, headers);
    };
    for (const headers of partial.values()) {
      put(headers);
      for (const value of choices) put({ ...headers, [name]: value });
      if (next.size > MAX_HEADER_CLASSES) return undefined;
    }
    partial = next;
  }
  const match = headersMatched(bindings);
  const classes = new Map<string, MessageHeaders>();
  for (const headers of [...partial.values()].sort((a, b) => Object.keys(a).length - Object.keys(b).length)) {
    const matched = match(headers);
    if (!classes.has(matched)) classes.set(matched, headers);
  }
  return [...classes].map(([matched, headers]) => ({ matched, headers }));
}
