/** The building blocks of the schemas: strict objects that know their keys, lists, durations, sizes, secrets. */
import { z } from "zod";
import { bytes, DURATION_EXAMPLES, milliseconds, SIZE_EXAMPLES, type Duration, type Size } from "./durations.js";
import type { Secret } from "./model.js";

/** What an issue of these schemas carries besides zod's own words, for the finding that it becomes. */
export interface IssueParams {
  /** What stands in its place in the message: `a duration such as "30 seconds"`. */
  readonly expected?: string;
  /** For a key that is not known: the object, its keys, and what to say of a key that belongs elsewhere. */
  readonly unknownKey?: { readonly what: string; readonly known: readonly string[]; readonly hint?: Hint };
}

/** What to do about a key that an object does not have, where more can be said than which keys it has. */
export type Hint = (key: string) => string | undefined;

/** A value that a function recognises. */
export function recognised<Value>(is: (value: unknown) => boolean, expected: string): z.ZodCustom<Value, Value> {
  return z.custom<Value>(is, { params: { expected } satisfies IssueParams });
}

/**
 * An object without further keys. Each unknown key is an issue of its own with the known ones, which `z.strictObject` does not tell.
 * `what` names it in messages: "a quorum queue".
 */
export function strict<Shape extends z.ZodRawShape>(what: string, shape: Shape, hint?: Hint): z.ZodObject<Shape, z.core.$strict> {
  const unknownKey = { what, known: Object.keys(shape), ...(hint ? { hint } : {}) };
  const never = z.custom<never>(() => false, { params: { unknownKey } satisfies IssueParams });
  return z.object(shape).catchall(never);
}

export const list = <Item extends z.ZodType>(item: Item): z.ZodReadonly<z.ZodArray<Item>> => z.array(item).readonly();

export const named = <Value extends z.ZodType>(value: Value): z.ZodRecord<z.ZodString, Value> => z.record(z.string(), value);

export const text = z.string();
export const number = z.number();
export const boolean = z.boolean();
export const anything = named(z.unknown());
export const duration = recognised<Duration>(
  (value) => milliseconds(value) !== undefined,
  `a duration with its unit, such as ${DURATION_EXAMPLES}`,
);
export const size = recognised<Size>((value) => bytes(value) !== undefined, `a size with its unit, such as ${SIZE_EXAMPLES}`);
export const secret: z.ZodType<Secret> = strict("a secret", { secret: text });
/** Known by what it can do: it may come from another copy of zod. */
export const schema = recognised<z.ZodType>(
  (value) => typeof value === "object" && value !== null && "safeParse" in value && typeof value.safeParse === "function",
  "a zod schema",
);
