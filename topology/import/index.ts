export { importDefinitions, type Imported, type ImportedTopology, type ImportOptions, type Note } from "./import.js";
export type { LeftOut } from "./inexpressible.js";
export type { FoundSecret } from "./secrets.js";
export type { Consumer, ProposedService } from "./services.js";
