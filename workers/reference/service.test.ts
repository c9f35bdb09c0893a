// Secrets of services come from a variable or from a file, and never stand in an error.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { neededSecret, secretOf } from "./service.js";

function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "warren-secret-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "secret"), text);
  return join(folder, "secret");
}

test("a secret is the variable's value, or the line of the file that another one names", () => {
  expect(secretOf({ TOKEN: " abc " }, "TOKEN")).toBe("abc");
  expect(secretOf({ TOKEN_FILE: file("abc\n") }, "TOKEN")).toBe("abc");
  expect(secretOf({ TOKEN: "", TOKEN_FILE: file("abc\r\n") }, "TOKEN")).toBe("abc");
  expect(secretOf({ TOKEN: " ", TOKEN_FILE: "" }, "TOKEN")).toBeUndefined();
});

test("what is wrong with it is told, and nothing of it", () => {
  const fault = (environment: Record<string, string>): string => {
    try {
      return `no fault: ${neededSecret(environment, "TOKEN", "what members show")}`;
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(fault({})).toMatch(/^TOKEN is not set: what members show\.[^]*TOKEN_FILE=/);
  expect(fault({ TOKEN_FILE: "/nowhere/token" })).toMatch(/TOKEN_FILE is "\/nowhere\/token", which cannot be read \(ENOENT\)/);
  expect(fault({ TOKEN_FILE: file("\n") })).toMatch(/which is empty/);
  const both = fault({ TOKEN: "hidden-one", TOKEN_FILE: file("hidden-two") });
  expect(both).toMatch(/TOKEN_FILE is set, and TOKEN as well/);
  expect(both).not.toContain("hidden");
});
