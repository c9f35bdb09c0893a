import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyOf, escapeRegex } from "./names.js";
import { brokerRegex, exactNames, matches, permits } from "./regex.js";

describe("matches", () => {
  it.each([
    ["orders", "my.orders.dlq", true],
    ["^orders", "my.orders", false],
    ["", "anything", true],
    ["(?i)ORDERS", "orders", true],
    ["\\Aorders\\z", "orders", true],
    ["\\Aorders\\z", "orders2", false],
    ["\\Qa.b\\E$", "a.b", true],
    ["\\Qa.b\\E$", "axb", false],
    ["^[[:alpha:]]+$", "abc", true],
    ["^[[:alpha:]]+$", "ab1", false],
    ["^[]x]+$", "]x", true],
    ["^(?P<kind>a|b)$", "b", true],
    ["^(?!amq\\.).*", "amq.x", false],
    ["^a\\++$", "a++", true],
    ["\\x41", "A", true],
  ])("%j in %j: %s", (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  it("finds every escaped name, and only that", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, other) => {
        const pattern = anyOf([escapeRegex(name)]);
        expect(matches(pattern, name)).toBe(true);
        expect(matches(pattern, other)).toBe(other === name);
      }),
    );
  });
});

describe("permits", () => {
  it("is a match, except that nothing permits nothing", () => {
    expect(["", "^a$", "b", ".*"].map((permission) => permits(permission, "a"))).toEqual([false, true, false, true]);
  });
});

describe("brokerRegex", () => {
  it.each([
    ["(", true],
    ["[a", true],
    ["a\\", true],
    ["*", true],
    ["x".repeat(1025), true],
    ["(?>a)", false],
    ["a++", false],
    ["\\p{L}", false],
    ["(?R)", false],
    ["[[:^alpha:]]", false],
  ])("refuses %s (invalid for the broker too: %s)", (pattern, invalid) => {
    const compiled = brokerRegex(pattern);
    expect(compiled).toMatchObject({ fault: expect.any(String) as string, invalid });
    expect(matches(pattern, "a")).toBe(false);
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.string(), (pattern) => void brokerRegex(pattern)));
    const hard = fc.array(
      fc.constantFrom("(", ")", "[", "]", "\\", "?", "+", "*", "{", "}", "^", "$", "a", "Q", "E", ":", "<", "P", "|", "1", ","),
    );
    fc.assert(fc.property(hard, (parts) => void brokerRegex(parts.join(""))));
  });
});

describe("exactNames", () => {
  it.each([
    ["^a$", ["a"]],
    ["^a\\.b$", ["a.b"]],
    ["^(a|b\\|c)$", ["a", "b|c"]],
    ["^a.b$", undefined],
    ["a", undefined],
    ["^a|b$", undefined],
    ["^(a)|(b)$", undefined],
    ["^\\d$", undefined],
    ["^(?:a)$", undefined],
  ])("%s", (pattern, names) => {
    expect(exactNames(pattern)).toEqual(names);
  });

  it("gives back what was escaped", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 }), (names) => {
        expect(exactNames(anyOf(names.map(escapeRegex)))).toEqual(expect.arrayContaining(names));
      }),
    );
  });

  it("agrees with the regular expression", () => {
    const piece = fc.constantFrom("a", "b", ".", "\\.", "|", "(", ")", "*", "^", "$");
    fc.assert(
      fc.property(fc.array(piece), fc.string({ unit: fc.constantFrom("a", "b", ".", "|"), maxLength: 4 }), (pieces, name) => {
        const pattern = `^${pieces.join("")}$`;
        const names = exactNames(pattern);
        if (names) expect(matches(pattern, name)).toBe(names.includes(name));
      }),
    );
  });
});
