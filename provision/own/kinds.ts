/** The kinds of objects that Warren manages itself on the management API. */
import { ACCESS } from "./access-kinds.js";
import type { OwnKind } from "./kind.js";
import { OBJECTS } from "./object-kinds.js";
import { SETTINGS } from "./setting-kinds.js";

export const KINDS = { ...ACCESS, ...OBJECTS, ...SETTINGS } as const satisfies Readonly<Record<string, OwnKind>>;

export type KindName = keyof typeof KINDS;
