/** The order of findings: that in which the topology is written. */
import type { Topology } from "../model.js";

/** The steps of a path as `path()` writes it. */
export function steps(text: string): (string | number)[] {
  return [...text.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([A-Za-z_$][\w$]*)/g)].map(([, index, quoted, plain]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? (plain ?? "") : (JSON.parse(`"${quoted}"`) as string);
  });
}

/** Compares paths by where they stand in a topology; what is not written there comes after what is. */
export function byPosition(topology: Topology): (a: string, b: string) => number {
  const indexes = new WeakMap<object, ReadonlyMap<string, number>>();
  const indexOf = (container: object, key: string): number => {
    let known = indexes.get(container);
    if (!known) indexes.set(container, (known = new Map(Object.keys(container).map((name, index) => [name, index]))));
    return known.get(key) ?? known.size;
  };
  const positions = new Map<string, readonly number[]>();
  const position = (text: string): readonly number[] => {
    const known = positions.get(text);
    if (known) return known;
    const found: number[] = [];
    let at: unknown = topology;
    for (const step of steps(text)) {
      if (typeof at !== "object" || at === null) break;
      found.push(indexOf(at, String(step)));
      at = (at as Readonly<Record<string, unknown>>)[String(step)];
    }
    positions.set(text, found);
    return found;
  };
  return (a, b) => {
    const [one, other] = [position(a), position(b)];
    for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
      const difference = (one[index] ?? -1) - (other[index] ?? -1);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}
