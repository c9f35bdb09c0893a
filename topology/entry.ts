/** Looking up a name that somebody wrote: `constructor` is a name like any other. */

/** The entry of that name, and nothing that every object inherits. */
export function entry<Value>(entries: { readonly [name: string]: Value } | undefined, name: string): Value | undefined {
  return entries && Object.hasOwn(entries, name) ? entries[name] : undefined;
}
