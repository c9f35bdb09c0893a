/** `warren secrets`: names and values reach `pulumi config set` as they are, over its input; nothing of a value is said. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { warrenCommand, type Said } from "../testing/warren-command.js";

let folder = "";
const log = (): string => join(folder, "log");

/** Writes down its words and its input, as JSON. */
const PULUMI = `#!${process.execPath}
const fs = require("node:fs");
const input = fs.readFileSync(0, "utf8");
fs.appendFileSync(process.env.LOG, JSON.stringify({ words: process.argv.slice(2), input }) + "\\n");
if (process.argv.at(-1).includes("refused")) { console.error("error: no stack selected"); process.exit(255); }
`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-cli-secrets-"));
  writeFileSync(join(folder, "pulumi"), PULUMI);
  chmodSync(join(folder, "pulumi"), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

function warren(content: unknown, ...more: readonly string[]): Promise<Said> {
  writeFileSync(join(folder, "secrets.json"), typeof content === "string" ? content : JSON.stringify(content));
  rmSync(log(), { force: true });
  const environment = { PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}`, LOG: log() };
  return warrenCommand(["secrets", "secrets.json", ...more], { cwd: folder, environment });
}
const told = (): { words: string[]; input: string }[] =>
  readFileSync(log(), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { words: string[]; input: string });

test("whatever is in names and values", async () => {
  const values = {
    "upstream-eu-uri": "amqp://a:b\\c\td%20@h/v",
    "a b/c%d 'e' \"f\" ü": "two\nlines\n",
    "-x": " ",
  };
  const { code, error } = await warren(values, "--stack", "prod");
  expect(code).toBe(0);
  const words = ["config", "set", "--secret", "--path", "--stack", "prod", "--non-interactive", "--"];
  expect(told()).toEqual([
    { words: [...words, 'warren:secrets["upstream-eu-uri"]'], input: values["upstream-eu-uri"] },
    // Pulumi takes the last line break off.
    { words: [...words, 'warren:secrets["a b/c%d \'e\' \\"f\\" ü"]'], input: "two\nlines\n\n" },
    { words: [...words, 'warren:secrets["-x"]'], input: " " },
  ]);
  expect(error).toContain("set: upstream-eu-uri\n");
  expect(error).toContain("3 secrets in the configuration; now delete secrets.json");
  expect(error).not.toMatch(/a:b|lines/);
});

test("what pulumi refuses ends it", async () => {
  const { code, error } = await warren({ refused: "SECRET", never: "SECRET" });
  expect(code).toBe(1);
  expect(error).toMatch(/pulumi did not take secret "refused": error: no stack selected\n {2}to do: +run this in the folder/);
  expect(told()).toHaveLength(1);
  expect(error).not.toContain("SECRET");
});

test.each([
  ["{ SECRET", "is no JSON"],
  ['["SECRET"]', "is not an object of texts"],
  ['{ "a": { "b": "SECRET" } }', "is not an object of texts"],
])("wrong use: %s", async (content, said) => {
  const { code, out, error } = await warren(content);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(error).toContain(said);
  expect(error).not.toContain("SECRET");
  expect(existsSync(log())).toBe(false);
});

test("a machine without pulumi", async () => {
  writeFileSync(join(folder, "one.json"), '{ "a": "b" }');
  const { code, error } = await warrenCommand(["secrets", "one.json"], { cwd: folder, environment: { PATH: "/nowhere" } });
  expect(code).toBe(2);
  expect(error).toContain("pulumi cannot be started (ENOENT)");
});
