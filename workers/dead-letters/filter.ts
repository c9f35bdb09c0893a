/** Which dead letters are meant. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { Headers, Letter } from "./letter.js";

/** All that is given has to hold; of several values in a list, one. */
export interface Filter {
  readonly reasons?: readonly string[] | undefined;
  /** Queues in which they died. */
  readonly from?: readonly string[] | undefined;
  /** Milliseconds since the death. One whose death is not known is neither older nor younger than anything. */
  readonly olderThan?: number | undefined;
  readonly youngerThan?: number | undefined;
  /** Values with their types. */
  readonly headers?: Headers | undefined;
  readonly ids?: readonly string[] | undefined;
  /** Messages of a topology. */
  readonly names?: readonly string[] | undefined;
}

export const isEmpty = ({ reasons, from, olderThan, youngerThan, headers, ids, names }: Filter): boolean =>
  [reasons, from, olderThan, youngerThan, ids, names].every((part) => part === undefined) && Object.keys(headers ?? {}).length === 0;

const among = (value: string | undefined, wanted: readonly string[] | undefined): boolean =>
  wanted === undefined || (value !== undefined && wanted.includes(value));

/** `now` in milliseconds since 1970. */
export function matches(filter: Filter, letter: Letter, headers: Headers, now: number): boolean {
  const age = letter.diedAt === undefined ? undefined : now - letter.diedAt;
  return (
    among(letter.reason, filter.reasons) &&
    among(letter.from, filter.from) &&
    among(letter.id, filter.ids) &&
    among(letter.name, filter.names) &&
    (filter.olderThan === undefined || (age !== undefined && age > filter.olderThan)) &&
    (filter.youngerThan === undefined || (age !== undefined && age < filter.youngerThan)) &&
    Object.entries(filter.headers ?? {}).every(([name, value]) => Object.hasOwn(headers, name) && isDeepStrictEqual(headers[name], value))
  );
}

/** How many messages are to be taken to have so many that match: 0 if there are as many already, and nobody knows with a filter. */
export const wanted = (filter: Filter, limit: number, matched: number): number =>
  matched >= limit ? 0 : isEmpty(filter) ? limit - matched : Infinity;
