/** The change of a queue that would have to be deleted for it. */
export { shovelsInto } from "./by-name.js";
export { laterPolicies, type LaterPolicy } from "./later.js";
export { Migration, progressText, type Migrated, type MigrateArgs, type Progress } from "./migrate.js";
export { heldFor, standing, type Held, type Stage, type Standing } from "./stage.js";
