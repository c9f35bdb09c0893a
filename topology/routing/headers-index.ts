/** Bindings of a headers exchange by the values that they ask for: only those are compared of which one value is there. */
import type { Arguments } from "../compile/plan.js";
import { headerMatcher, type MessageHeaders } from "./headers.js";

interface Entry<T> {
  readonly order: number;
  readonly matches: (headers: MessageHeaders) => boolean;
  readonly value: T;
  /** The last search that came here. */
  seen: number;
}

const plain = (value: unknown): boolean => (typeof value !== "object" || value === null ? value !== null && value !== undefined : false);

/** Finds the bindings that match a message's headers, in the order in which they were added. */
export class HeadersIndex<T> {
  private readonly byValue = new Map<string, Map<unknown, Entry<T>[]>>();
  /** Those that a look at single values does not find: they ask for nothing, for any value, or for lists and tables. */
  private readonly others: Entry<T>[] = [];
  private count = 0;
  private search = 0;

  add(binding: Arguments, value: T): void {
    const entry: Entry<T> = { order: this.count++, matches: headerMatcher(binding), value, seen: 0 };
    const mode = binding["x-match"];
    // Names with x- may be left out of account, so a binding is not looked for by one.
    const asked = Object.entries(binding).filter(([name]) => !name.startsWith("x-"));
    const keys = mode === "any" || mode === "any-with-x" ? asked : asked.filter(([, wanted]) => plain(wanted)).slice(0, 1);
    const hidden = mode === "any-with-x" && Object.keys(binding).some((name) => name !== "x-match" && name.startsWith("x-"));
    if (keys.length === 0 || hidden || !keys.every(([, wanted]) => plain(wanted))) this.others.push(entry);
    else for (const [name, wanted] of keys) this.under(name, wanted).push(entry);
  }

  private under(name: string, wanted: unknown): Entry<T>[] {
    const values = this.byValue.get(name) ?? new Map<unknown, Entry<T>[]>();
    this.byValue.set(name, values);
    const entries = values.get(wanted) ?? [];
    values.set(wanted, entries);
    return entries;
  }

  match(headers: MessageHeaders, found: (value: T) => void): void {
    const search = ++this.search;
    const matching: Entry<T>[] = [];
    const look = (entries: readonly Entry<T>[] | undefined): void => {
      for (const entry of entries ?? []) {
        if (entry.seen === search) continue;
        entry.seen = search;
        if (entry.matches(headers)) matching.push(entry);
      }
    };
    for (const name of Object.keys(headers)) look(this.byValue.get(name)?.get(headers[name]));
    look(this.others);
    matching.sort((one, other) => one.order - other.order).forEach(({ value }) => found(value));
  }
}
