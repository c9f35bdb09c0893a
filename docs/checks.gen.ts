// Writes docs/checks.md from the table of rules: npx tsx docs/checks.gen.ts
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { rulesPage } from "../topology/check/table-text.js";

writeFileSync(join(__dirname, "checks.md"), rulesPage());
