import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { path } from "../path.js";
import { byPosition, steps } from "./order.js";

describe("steps", () => {
  it("undoes path()", () => {
    const first = fc.string({ minLength: 1 });
    const rest = fc.array(fc.oneof(fc.string(), fc.nat()));
    fc.assert(
      fc.property(first, rest, (one, others) => {
        expect(steps(path(one, ...others))).toEqual([one, ...others]);
      }),
    );
  });
});

describe("byPosition", () => {
  it("is the order of the file, with what is derived behind", () => {
    const compare = byPosition({
      name: "t",
      queues: { b: { type: "quorum", retry: ["1 second", "2 seconds"] }, a: { type: "quorum" } },
      exchanges: {},
    });
    const sorted = [
      "exchanges.x",
      "queues.a",
      "vhost.limits",
      "queues.b.retry[1]",
      "queues.b.retry[0]",
      "name",
      "queues.b",
      "queues.zz",
    ].sort(compare);
    expect(sorted).toEqual([
      "name",
      "queues.b",
      "queues.b.retry[0]",
      "queues.b.retry[1]",
      "queues.a",
      "queues.zz",
      "exchanges.x",
      "vhost.limits",
    ]);
  });
});
