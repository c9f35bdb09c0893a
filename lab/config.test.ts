// The configuration of a run: values set over a tracked file, everything else left as it was.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { isSealed, valueIn, withConfig } from "./config.js";

const tracked = `# the dev stack
config:
  # which system
  warren:system: contextiq
  warren:ports:
    amqp: 5672
    management: 15672

  warren:wait: "90 seconds"
`;

describe("withConfig", () => {
  test("replaces a value where it stands and adds one that is not there", () => {
    const text = withConfig(tracked, { "warren:system": "debias", "warren:image": "rabbitmq:4.3-management" });
    expect(text).toBe(`# the dev stack
config:
  # which system
  warren:ports:
    amqp: 5672
    management: 15672

  warren:wait: "90 seconds"
  warren:system: "debias"
  warren:image: "rabbitmq:4.3-management"
`);
  });

  test("replaces a value of several lines as a whole", () => {
    const text = withConfig(tracked, { "warren:ports": "none" });
    expect(text).not.toContain("amqp");
    expect(text).toContain('  warren:ports: "none"');
    expect(text).toContain('  warren:wait: "90 seconds"');
  });

  test("makes the section where there is none, and takes an empty one", () => {
    expect(withConfig("", { "a:b": "c" })).toBe('config:\n  a:b: "c"\n');
    expect(withConfig("config: {}\n", { "a:b": "c" })).toBe('config:\n  a:b: "c"\n');
    expect(withConfig("config:\n", { "a:b": "c" })).toBe('config:\n  a:b: "c"\n');
  });

  test("keeps what stands behind the section, and its indentation", () => {
    const text = withConfig("config:\n    a:b: 1\nsecretsprovider: passphrase\n", { "a:c": "2" }, { encryptionsalt: "v1:x" });
    expect(text).toBe('config:\n    a:b: 1\n    a:c: "2"\nsecretsprovider: passphrase\nencryptionsalt: "v1:x"\n');
  });

  test("tells whether the text says what its secrets are encrypted with", () => {
    const salt = "encryptionsalt: v1:x\n";
    expect(isSealed(`config:\n  a:b:\n    secure: v1:y\n${salt}`)).toBe(true);
    expect(isSealed(`config:\n  a:b:\n    name:\n      secure: v1:y\n${salt}`)).toBe(true);
    expect(isSealed("secretsprovider: awskms://alias/prod\nencryptedkey: abc\n")).toBe(true);
    expect([`config: {}\n${salt}`, "config:\n  a:secured: 1\nsecretsprovider: passphrase\n", ""].map(isSealed)).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("replaces a salt that is there", () => {
    expect(withConfig("encryptionsalt: v1:old\nconfig:\n  a:b: 1\n", {}, { encryptionsalt: "v1:new" })).toBe(
      'config:\n  a:b: 1\nencryptionsalt: "v1:new"\n',
    );
  });

  test("refuses a section in one line, with the remedy", () => {
    expect(() => withConfig("config: { a:b: 1 }\n", { "a:b": "2" })).toThrow(/one `key: value` a line/);
  });

  test("does not take a longer key, or one that is nested, for the key", () => {
    const text = withConfig("config:\n  a:bc: 1\n  a:d:\n    a:b: 2\n", { "a:b": "3" });
    expect(text).toBe('config:\n  a:bc: 1\n  a:d:\n    a:b: 2\n  a:b: "3"\n');
  });

  test("setting twice is setting once, whatever the value", () => {
    const values = fc.dictionary(fc.stringMatching(/^warren:[a-z]{1,8}$/), fc.string({ unit: "grapheme" }), { maxKeys: 4 });
    fc.assert(
      fc.property(values, (set) => {
        const once = withConfig(tracked, set);
        expect(withConfig(once, set)).toBe(once);
        for (const [key, value] of Object.entries(set)) expect(once).toContain(`\n  ${key}: ${JSON.stringify(value)}\n`);
        if (!("warren:wait" in set)) expect(once).toContain('  warren:wait: "90 seconds"\n');
      }),
    );
  });
});

test("a value of an earlier run is found again, and nothing else", () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      expect(valueIn(withConfig(tracked, { "warren:workerImage": value }), "warren:workerImage")).toBe(value);
    }),
  );
  expect(valueIn(tracked, "warren:workerImage")).toBeUndefined();
  expect(valueIn(tracked, "warren:ports")).toBeUndefined();
});
