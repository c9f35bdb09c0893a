import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyOf, escapeRegex, fill, keyPattern, placeholderRegex, placeholders } from "./names.js";

describe("placeholders", () => {
  it("are found in order and filled in where a value is given", () => {
    expect(placeholders("{serviceType}-{serviceId}")).toEqual(["serviceType", "serviceId"]);
    expect(fill("{serviceType}-{serviceId}", { serviceType: "brain" })).toBe("brain-{serviceId}");
    expect(fill("{toString}", {})).toBe("{toString}");
  });

  it("make a word of a key open", () => {
    expect(keyPattern("session.{event}")).toBe("session.*");
    expect(keyPattern("a.v{n}.b")).toBe("a.*.b");
  });
});

describe("regular expressions", () => {
  it("match a name and nothing else", () => {
    const name = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(name, name, (one, other) => {
        const regex = new RegExp(anyOf([escapeRegex(one)]));
        expect(regex.test(one)).toBe(true);
        expect(regex.test(other)).toBe(one === other);
      }),
    );
  });

  it("permit nothing for no names", () => expect(anyOf([])).toBe(""));

  it("let a placeholder be one word", () => {
    const regex = new RegExp(anyOf([placeholderRegex("message.{id}"), "all"]));
    expect(["message.a-1", "all"].every((key) => regex.test(key))).toBe(true);
    expect(["message.a.b", "message.", "xmessage.a", "all."].some((key) => regex.test(key))).toBe(false);
  });
});
