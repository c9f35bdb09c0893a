// Writes docs/worker-settings.md from the table of settings: npx tsx docs/worker-settings.gen.ts
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { settingsPage } from "../workers/settings/page.js";

writeFileSync(join(__dirname, "worker-settings.md"), settingsPage());
