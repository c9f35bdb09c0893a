import fc from "fast-check";
import { expect, it } from "vitest";
import { headerMatcher } from "./headers.js";
import { HeadersIndex } from "./headers-index.js";

it("finds what comparing one by one finds, in the same order", () => {
  const value = fc.constantFrom<unknown>(1, "1", true, false, "", 0.5, null, ["x"], { a: "1" });
  const headers = fc.dictionary(fc.constantFrom("a", "b", "c", "x-a"), value, { maxKeys: 3, noNullPrototype: true });
  const match = fc.constantFrom(undefined, "all", "any", "all-with-x", "any-with-x");
  const binding = fc.tuple(headers, match).map(([asked, mode]) => ({ ...asked, ...(mode === undefined ? {} : { "x-match": mode }) }));
  fc.assert(
    fc.property(fc.array(binding, { maxLength: 12 }), fc.array(headers, { maxLength: 6 }), (bindings, messages) => {
      const index = new HeadersIndex<number>();
      bindings.forEach((asked, order) => index.add(asked, order));
      for (const given of messages) {
        const found: number[] = [];
        index.match(given, (order) => found.push(order));
        expect(found).toEqual(bindings.flatMap((asked, order) => (headerMatcher(asked)(given) ? [order] : [])));
      }
    }),
    { numRuns: 500 },
  );
});
