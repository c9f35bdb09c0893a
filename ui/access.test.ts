/** Who may ask: token, host, origin. */
import { expect, test } from "vitest";
import { hasToken, hostName, isForeign, isOurHost } from "./access.js";

test("the token, whole and as a bearer", () => {
  expect(hasToken("Bearer abc", "abc")).toBe(true);
  for (const wrong of [undefined, "", "abc", "Bearer ", "Bearer ab", "Bearer abcd", "Basic abc", "bearer abc"])
    expect(hasToken(wrong, "abc")).toBe(false);
  expect(hasToken("Bearer ", "")).toBe(false);
});

test.each([
  ["127.0.0.1:15680", "127.0.0.1"],
  ["LocalHost", "localhost"],
  ["[::1]:80", "::1"],
  ["a@b", undefined],
  ["", undefined],
  [undefined, undefined],
])("the name in Host %s is %s", (host, name) => expect(hostName(host)).toBe(name));

test("a name that only leads here is not ours", () => {
  expect(isOurHost("127.0.0.1:1", "127.0.0.1", [])).toBe(true);
  expect(isOurHost("localhost:1", "127.0.0.1", [])).toBe(true);
  expect(isOurHost("evil.example:1", "127.0.0.1", [])).toBe(false);
  expect(isOurHost("127.0.0.1.evil.example", "127.0.0.1", [])).toBe(false);
  expect(isOurHost("10.0.0.5:1", "127.0.0.1", [])).toBe(false);
  expect(isOurHost("10.0.0.5:1", "0.0.0.0", [])).toBe(true);
  expect(isOurHost("evil.example", "0.0.0.0", [])).toBe(false);
  expect(isOurHost("warren.lan:1", "0.0.0.0", ["warren.LAN"])).toBe(true);
});

test("another site is told from the page itself", () => {
  const host = "127.0.0.1:15680";
  expect(isForeign({ host })).toBe(false);
  expect(isForeign({ host, origin: `http://${host}`, "sec-fetch-site": "same-origin" })).toBe(false);
  expect(isForeign({ host, origin: "http://127.0.0.1:8080" })).toBe(true);
  expect(isForeign({ host, origin: "null" })).toBe(true);
  expect(isForeign({ host, "sec-fetch-site": "cross-site" })).toBe(true);
  expect(isForeign({ host, "sec-fetch-site": "same-site" })).toBe(true);
});
