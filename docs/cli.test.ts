/** The examples of docs/cli.md print what the page says. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PAGE, rendered } from "./cli.gen.js";

test("examples are up to date: npx tsx docs/cli.gen.ts writes them anew", async () => {
  const page = readFileSync(PAGE, "utf8");
  expect(page.match(/```console\n\$ warren /g)?.length).toBeGreaterThan(5);
  expect(await rendered(page)).toBe(page);
});
