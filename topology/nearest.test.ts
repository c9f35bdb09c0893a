/** Near names: what people mistype is found, what is something else is not. */
import { expect, test } from "vitest";
import { nearest } from "./nearest.js";

test.each([
  ["topci", "topic"],
  ["form", "from"],
  ["maxLenght", "maxLength"],
  ["max_length", "maxLength"],
  ["MESSAGE-TTL", "messageTtl"],
  ["contextq", "contextiq"],
])("%s is near %s", (word, meant) => {
  expect(nearest(word, ["topic", "from", "maxLength", "messageTtl", "contextiq"])).toBe(meant);
});

test.each(["", "--", "xyz", "stage7", "queue"])("%s is near none", (word) => {
  expect(nearest(word, ["topic", "from", "maxLength"])).toBeUndefined();
});

test("the nearest of several, the first of equals", () => {
  expect(nearest("orders", ["order", "orders2", "orders"])).toBe("orders");
  expect(nearest("order", ["orders", "orderz"])).toBe("orders");
});
