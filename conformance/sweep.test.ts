// Only what a run has made is taken for a run's.
import { expect, it } from "vitest";
import { startOf } from "./sweep.js";

const now = Date.UTC(2027, 0);
const then = Date.UTC(2026, 10, 21);
const stamp = then.toString(36);

it.each([
  `warren-conformance-${stamp}-0a1b2c-0`,
  `warren-conformance-${stamp}-0a1b2c-1r-7`,
  `warren-conformance-${stamp}-0a1b2c-0r-orders`,
])("%s was made by a run, then", (name) => expect(startOf(name, now)).toBe(then));

it.each([
  "warren-conformance-orders",
  "warren-conformance-",
  `warren-conformance-${stamp}`,
  `warren-conformance-${stamp}-ours-0`,
  `my-warren-conformance-${stamp}-0a1b2c-0`,
  // A clock that is ahead, and a time before there was a suite.
  `warren-conformance-${(now + 1).toString(36)}-0a1b2c-0`,
  `warren-conformance-${Date.UTC(2024, 0).toString(36)}-0a1b2c-0`,
])("%s was not", (name) => expect(startOf(name, now)).toBeUndefined());
