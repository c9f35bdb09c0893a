/** What changes for messages between two topologies. */
export { covers, type Published } from "./covers.js";
export type { Change, ChangeKind, Difference, Example, Reached, Severity, Unknown } from "./change.js";
export { difference, type DifferenceOptions } from "./difference.js";
export type { Exported } from "./exported.js";
export { differenceMarkdown } from "./markdown.js";
export { differenceText, type DifferenceTextOptions } from "./text.js";
export { CONSEQUENCES, losesMessages, objectChanges, type Consequence, type ObjectChange, type ObjectOptions } from "./objects.js";
export { lostMessages, objectCounts, objectsMarkdown, objectsText } from "./objects-text.js";
