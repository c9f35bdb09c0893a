// Writes docs/monitoring.md from the table of alerts: npx tsx docs/monitoring.gen.ts. A test says when it is out of date.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { alertsPage } from "../monitoring/page.js";

export const PAGE = join(__dirname, "monitoring.md");

/** Formatted as every page: prettier makes the columns of tables as wide as their cells. */
export const formatted = async (): Promise<string> => format(alertsPage(), { ...(await resolveConfig(PAGE)), parser: "markdown" });

async function write(): Promise<void> {
  writeFileSync(PAGE, await formatted());
}

if (require.main === module) void write();
