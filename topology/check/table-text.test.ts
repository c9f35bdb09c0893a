import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { rulesPage } from "./table-text.js";

it("is what docs/checks.md says; if not: npx tsx docs/checks.gen.ts", () => {
  expect(readFileSync(join(__dirname, "../../docs/checks.md"), "utf8")).toBe(rulesPage());
});
