/** Plain data of which nothing is known yet. */

/** An object with fields: no list, and not null. */
export const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
