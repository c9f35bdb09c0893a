/** How a headers exchange compares: `x-match` all, any, all-with-x, any-with-x (source: `rabbit_exchange_type_headers`). */
import type { Arguments } from "../compile/plan.js";

/** The headers of a message, as AMQP has them: strings, numbers, booleans, `null`; lists and tables too. */
export type MessageHeaders = { readonly [name: string]: unknown };

/** Types count: `1` is not `"1"`, and `true` is not `"true"`. Tables are the same if their entries are, in the same order. */
function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What the arguments of a binding ask of a message's headers. A `null` asks that the header be there, whatever its value. */
export function headerMatcher(binding: Arguments): (headers: MessageHeaders) => boolean {
  const mode = binding["x-match"];
  const withX = mode === "all-with-x" || mode === "any-with-x";
  const any = mode === "any" || mode === "any-with-x";
  const expected = Object.entries(binding).filter(([name]) => name !== "x-match" && (withX || !name.startsWith("x-")));
  const holds = (headers: MessageHeaders, name: string, value: unknown): boolean =>
    Object.hasOwn(headers, name) && (value === null || value === undefined || same(headers[name], value));
  // Nothing to compare: "all" then matches every message, "any" none.
  return any
    ? (headers) => expected.some(([name, value]) => holds(headers, name, value))
    : (headers) => expected.every(([name, value]) => holds(headers, name, value));
}
