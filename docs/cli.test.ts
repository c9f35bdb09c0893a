/** The examples of the pages about the command print what the pages say. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PAGES, rendered } from "./cli.gen.js";

test("examples are up to date: npx tsx docs/cli.gen.ts writes them anew", async () => {
  let examples = 0;
  for (const path of PAGES) {
    const page = readFileSync(path, "utf8");
    examples += page.match(/```console\n\$ warren /g)?.length ?? 0;
    expect(await rendered(page)).toBe(page);
  }
  expect(examples).toBeGreaterThan(6);
});
