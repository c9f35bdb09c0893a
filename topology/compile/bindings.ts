/** What `from` says, as bindings. */
import type { Binding, Keys, Sources } from "../model.js";
import { path } from "../path.js";
import type { PlannedBinding } from "./plan.js";

const isList = (keys: Keys): keys is readonly (string | Binding)[] => Array.isArray(keys);

export function bindings(
  destination: string,
  destinationType: PlannedBinding["destinationType"],
  from: Sources | undefined,
  origin: string,
): PlannedBinding[] {
  return Object.entries(from ?? {}).flatMap(([source, keys]) => {
    if (keys === undefined) return [];
    const several = isList(keys);
    return (several ? keys : [keys]).map((entry, index) => {
      const binding: Binding = typeof entry === "string" ? { key: entry } : entry;
      const at = `${origin}.${path("from", source, ...(several ? [index] : []))}`;
      return {
        source,
        destination,
        destinationType,
        routingKey: binding.key ?? "",
        // `x-match` is written out only where it is not what the broker takes without it.
        arguments: {
          ...binding.headers,
          ...(binding.match === undefined ? {} : { "x-match": binding.match }),
          ...binding.arguments,
        },
        origin: at,
      };
    });
  });
}
