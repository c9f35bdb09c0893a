/** How a headers exchange compares: `x-match` all, any, all-with-x, any-with-x (source: `rabbit_exchange_type_headers`). */
import type { Arguments } from "../compile/plan.js";

/** The headers of a message, as AMQP has them: strings, numbers, booleans, `null`; lists and tables too. */
export type MessageHeaders = { readonly [name: string]: unknown };

/**
 * Types count: `1` is not `"1"`, and `true` is not `"true"`. Lists and tables are compared as they are sent, a table by the order of its entries;
 * in a binding that order is the names', for so the broker reads JSON. Whole numbers inside of them are taken for 64 bits wide, as they are in bindings.
 */
function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  return JSON.stringify(one) === JSON.stringify(other);
}

/** A value of a binding as the broker has it. */
export /** A value of a binding's arguments as the broker keeps it. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
}

/** What the arguments of a binding ask of a message's headers. A `null` asks that the header be there, whatever its value. */
export function headerMatcher(binding: Arguments): (headers: MessageHeaders) => boolean {
  const mode = binding["x-match"];
  const withX = mode === "all-with-x" || mode === "any-with-x";
  const any = mode === "any" || mode === "any-with-x";
  const expected = Object.entries(binding)
    .filter(([name]) => name !== "x-match" && (withX || !name.startsWith("x-")))
    .map(([name, value]) => [name, sorted(value)] as const);
  const holds = (headers: MessageHeaders, name: string, value: unknown): boolean =>
    Object.hasOwn(headers, name) && (value === null || value === undefined || same(headers[name], value));
  // Nothing to compare: "all" then matches every message, "any" none.
  return any
    ? (headers) => expected.some(([name, value]) => holds(headers, name, value))
    : (headers) => expected.every(([name, value]) => holds(headers, name, value));
}
