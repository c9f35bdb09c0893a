/** In which fields two specs of one kind differ. Pure. */
import { equal } from "../../topology/equal.js";
import type { OwnKind, Spec } from "./kind.js";

/** A list in which the order does not count, in one order. */
const sorted = (value: unknown): unknown =>
  Array.isArray(value) ? [...(value as unknown[])].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : value;

export function differences(kind: OwnKind, a: Spec, b: Spec): string[] {
  const comparable = (spec: Spec, field: string): unknown => (kind.sets?.includes(field) ? sorted(spec[field]) : spec[field]);
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((field) => !equal(comparable(a, field), comparable(b, field)));
}

/** `type: "topic" on the broker, "fanout" here`; secret values are not shown. */
export function differenceText(kind: OwnKind, fields: readonly string[], live: Spec, wanted: Spec): string {
  const show = (value: unknown): string => JSON.stringify(value) ?? "none";
  return fields
    .map((field) =>
      kind.secret?.includes(field) ? `${field}: another one` : `${field}: ${show(live[field])} on the broker, ${show(wanted[field])} here`,
    )
    .join("; ");
}
