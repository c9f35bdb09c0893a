/** Differences between what is planned and what others made, object by object, with what to do about them. */
import { plural } from "../topology/plural.js";
import type { DriftEntry, Mismatch } from "./drift.js";
import { fieldLine } from "./losses.js";

/** `queue "work" in vhost "shop" (queues.work)` */
export const conflictTitle = ({ kind, vhost, name, path }: DriftEntry): string =>
  `  ${kind} ${JSON.stringify(name)}${vhost === null ? "" : ` in vhost ${JSON.stringify(vhost)}`} (${path})`;

const isHidden = ({ expected }: Mismatch): boolean => typeof expected === "string" && /^\((hidden|secret .*)\)$/.test(expected);

/** What one kind of difference asks for beyond the usual. */
const ADVICE: readonly (readonly [when: (one: Mismatch) => boolean, advice: string])[] = [
  [({ field }) => field.startsWith("limits."), "limits of a vhost or a user are taken over together: state all that are there, or none"],
  [
    ({ kind }) => kind === "topic permission",
    "the topic permissions of a user in a vhost are taken over together: state all that are there, or none",
  ],
  [
    ({ kind, field }) => kind === "user" && field === "password",
    "take the password out of the configuration (warren:passwords, or the user's `password`): the user keeps its own, and gets another in a later update",
  ],
  [
    (one) => one.kind.endsWith("parameter") && isHidden(one),
    "give the secret the value that is on the broker (warren import --secrets writes it to a file)",
  ],
];

export interface ConflictText {
  /** `2 objects` */
  readonly count: string;
  readonly isOne: boolean;
  readonly lines: readonly string[];
  readonly advice: readonly string[];
}

export function conflictText(found: readonly Mismatch[]): ConflictText {
  const objects = new Map<string, Mismatch[]>();
  for (const one of found) objects.set(conflictTitle(one), [...(objects.get(conflictTitle(one)) ?? []), one]);
  return {
    count: plural(objects.size, "object"),
    isOne: objects.size === 1,
    lines: [...objects].flatMap(([title, fields]) => [
      title,
      ...fields.map(({ field, expected, actual }) => fieldLine(field, expected ?? undefined, actual ?? undefined)),
    ]),
    advice: ADVICE.flatMap(([when, advice]) => (found.some(when) ? [advice] : [])),
  };
}
