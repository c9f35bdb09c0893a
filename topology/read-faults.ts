/** What a schema found, as findings: each with its place, the bad value, what would be right, and what to do. */
import type { z } from "zod";
import type { Finding } from "./check/finding.js";
import { nearest } from "./nearest.js";
import { path } from "./path.js";
import type { IssueParams } from "./schema-words.js";

type Issue = z.core.$ZodIssue;
type Step = string | number;
type Fault = Omit<Finding, "code" | "severity" | "topology" | "path"> & { readonly code: ReadCode; readonly steps: readonly Step[] };

/** The codes of what reading plain data finds, with what each says. */
export const READ_CODES = {
  "wrong-type": "A value of another kind than is wanted there: a text for a number, an object for a list.",
  "wrong-value": "A value of the right kind that is none of those allowed.",
  "unknown-key": "A key that is not known there, mostly a slip; the nearest one that is known is named.",
  "missing-key": "A key without which nothing can be built.",
  "left-out": "What RabbitMQ's definitions hold and a topology cannot say, or name without holding it: it is not read.",
} as const;

export type ReadCode = keyof typeof READ_CODES;

const KINDS: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

/** Below these, a value may be a secret, or hold one. */
const CONFIDENTIAL = new Set(["password", "passwordHash", "password_hash", "uri", "src-uri", "dest-uri", "value"]);

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "boolean") return String(value);
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

const isPlain = (value: unknown): boolean => ["string", "number", "boolean"].includes(typeof value) || value === null;

/** A value for a message: short, and without what may be a secret. */
function shown(value: unknown, steps: readonly Step[]): string {
  if (!isPlain(value) || steps.some((step) => CONFIDENTIAL.has(String(step)))) return kindOf(value);
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function withValue(value: unknown, steps: readonly Step[]): { value?: unknown } {
  return isPlain(value) && !steps.some((step) => CONFIDENTIAL.has(String(step))) ? { value } : {};
}

const place = (steps: readonly Step[]): string => (steps.length === 0 ? "it" : path(...steps));
const quoted = (values: readonly unknown[]): string[] => values.map((value) => (typeof value === "string" ? value : String(value)));
const either = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words[words.length - 1]}`;

function missing(steps: readonly Step[], expected: string, allowed?: readonly string[]): Fault {
  return {
    code: "missing-key",
    steps,
    message: `${place(steps)} is missing`,
    ...(allowed ? { allowed } : {}),
    remedy: allowed ? `set it to ${either(allowed.map((value) => JSON.stringify(value)))}` : `set it to ${expected}`,
  };
}

function wrongType(steps: readonly Step[], value: unknown, expected: string): Fault {
  // Where an object is expected, a text may be anything, a password too: only its kind is told.
  const given = expected === "an object" || expected === "a list" ? kindOf(value) : shown(value, steps);
  return {
    code: "wrong-type",
    steps,
    message: `${place(steps)} is ${given}, not ${expected}`,
    ...(given === kindOf(value) ? {} : withValue(value, steps)),
    remedy: `write ${expected}`,
  };
}

function wrongValue(steps: readonly Step[], value: unknown, values: readonly unknown[]): Fault {
  const allowed = quoted(values);
  const near = typeof value === "string" ? nearest(value, allowed) : undefined;
  return {
    code: "wrong-value",
    steps,
    message: `${place(steps)} is ${shown(value, steps)}${near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`}`,
    ...withValue(value, steps),
    allowed,
    remedy: `write ${either(values.map((each) => JSON.stringify(each)))}`,
  };
}

function unknownKey(steps: readonly Step[], { what, known, hint }: NonNullable<IssueParams["unknownKey"]>): Fault {
  const key = String(steps[steps.length - 1] ?? "");
  const told = hint?.(key);
  const near = told === undefined ? nearest(key, known) : undefined;
  return {
    code: "unknown-key",
    steps,
    message: `${what} has no key ${JSON.stringify(key)}${near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`}`,
    value: key,
    allowed: known,
    remedy: told ?? (near === undefined ? "leave it out, or use one of its keys" : `write \`${near}\``),
  };
}

/** Words for what an issue at the place itself, not below it, wanted there. */
function expectedBy(issue: Issue): string[] {
  if (issue.code === "invalid_type") return [KINDS[issue.expected] ?? issue.expected];
  if (issue.code === "invalid_value") return issue.values.map((value) => JSON.stringify(value));
  if (issue.code === "invalid_union") return issue.errors.flatMap((branch) => branch.filter(isAtRoot).flatMap(expectedBy));
  return [(issue as { params?: IssueParams }).params?.expected ?? "another value"];
}

const isAtRoot = (issue: Issue): boolean => issue.path.length === 0;

/** The branch that was probably meant: of those that take this kind of value at all, the one with the fewest faults. */
function meant(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return branches.filter((branch) => !branch.some(isAtRoot)).sort((a, b) => a.length - b.length)[0];
}

function faults(issue: Issue, above: readonly Step[], root: unknown): Fault[] {
  const steps = [...above, ...issue.path.map((step) => (typeof step === "number" ? step : String(step)))];
  const value = valueAt(root, steps);
  const params = (issue as { params?: IssueParams }).params;
  if (params?.unknownKey) return [unknownKey(steps, params.unknownKey)];
  if (issue.code === "invalid_type" && issue.expected === "never")
    return [
      { code: "unknown-key", steps, message: `${place(steps)} cannot be set here`, remedy: "leave it out: only quorum queues have it" },
    ];
  if (issue.code === "invalid_union") {
    if (issue.errors.length === 0) {
      const options = quoted((issue as { options?: readonly unknown[] }).options ?? []);
      return [value === undefined ? missing(steps, "", options) : wrongValue(steps, value, options)];
    }
    const branch = value === undefined ? undefined : meant(issue.errors);
    if (branch) return branch.flatMap((inner) => faults(inner, steps, root));
  }
  if (issue.code === "invalid_value")
    return [value === undefined ? missing(steps, "", quoted(issue.values)) : wrongValue(steps, value, issue.values)];
  const expected = either([...new Set(expectedBy(issue))]);
  return [value === undefined ? missing(steps, expected) : wrongType(steps, value, expected)];
}

function valueAt(root: unknown, steps: readonly Step[]): unknown {
  return steps.reduce<unknown>(
    (value, step) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, step) ? (value as Record<Step, unknown>)[step] : undefined,
    root,
  );
}

/** All faults that a schema finds in a value, as errors. */
export function faultsOf(schema: z.ZodType, value: unknown, topology: string, under: readonly Step[] = []): Finding[] {
  const result = schema.safeParse(value);
  if (result.success) return [];
  return result.error.issues
    .flatMap((issue) => faults(issue, [], value))
    .map(({ steps, ...fault }) => ({ severity: "error", topology, path: path(...under, ...steps), ...fault }));
}
