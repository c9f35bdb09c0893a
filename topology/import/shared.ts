/** What several queues of a topology say alike, as a constant that they share: as a person would write it. */
import { equal } from "../equal.js";
import type { Topology } from "../model.js";
import { Reference, SPREAD } from "./literal.js";

type Fields = { readonly [field: string]: unknown };

export interface Shared {
  /** The literal with references in it. */
  readonly queues: { readonly [name: string]: unknown };
  readonly constants: readonly { readonly identifier: string; readonly value: unknown }[];
}

/** Fewer than so many queues, or than so many fields, are clearer where they stand. */
const LEAST_QUEUES = 3;
const LEAST_FIELDS = 3;

/** What feeds a queue, and how often it tries again, is its own. */
const OWN = new Set(["from", "retry", "settings"]);

function groups<Item>(items: readonly Item[], of: (item: Item) => unknown): Item[][] {
  const found: { readonly key: unknown; readonly items: Item[] }[] = [];
  for (const item of items) {
    const key = of(item);
    const group = found.find((one) => equal(one.key, key));
    if (group) group.items.push(item);
    else found.push({ key, items: [item] });
  }
  return found.map((group) => group.items);
}

const body = (queue: Fields): Fields => Object.fromEntries(Object.entries(queue).filter(([field]) => !OWN.has(field)));
const rungs = (queue: Fields): readonly unknown[] => (Array.isArray(queue["retry"]) ? queue["retry"] : []);

/** @param free gives a name for a constant that is not taken yet */
export function share(queues: NonNullable<Topology["queues"]>, free: (wanted: string) => string): Shared {
  const constants: { readonly identifier: string; readonly value: unknown }[] = [];
  const all = Object.entries(queues as unknown as { readonly [name: string]: Fields });
  const written = new Map<string, Fields>(all);

  for (const group of groups(all, ([, queue]) => body(queue))) {
    const common = body(group[0]?.[1] ?? {});
    if (group.length < LEAST_QUEUES || Object.keys(common).length < LEAST_FIELDS) continue;
    const identifier = free("common");
    constants.push({ identifier, value: common });
    for (const [name, queue] of group) {
      const rest = Object.entries(queue).filter(([field]) => OWN.has(field));
      written.set(name, { [SPREAD]: new Reference(identifier), ...Object.fromEntries(rest) });
    }
  }
  for (const group of groups(
    all.filter(([, queue]) => rungs(queue).length >= LEAST_FIELDS),
    ([, queue]) => rungs(queue),
  )) {
    if (group.length < LEAST_QUEUES) continue;
    const identifier = free("ladder");
    constants.push({ identifier, value: rungs(group[0]?.[1] ?? {}) });
    for (const [name] of group) written.set(name, { ...written.get(name), retry: new Reference(identifier) });
  }
  return { constants, queues: Object.fromEntries(all.map(([name]) => [name, written.get(name)])) };
}
