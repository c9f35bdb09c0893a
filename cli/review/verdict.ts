/** What a reviewer has to read first, and whether the review passes. */
import { counts } from "../../topology/check/findings-text.js";
import { losesMessages, lostMessages, type ObjectChange } from "../../topology/difference/index.js";
import { plural } from "../../topology/plural.js";
import type { Review } from "./comment.js";
import type { PreviewResult } from "./preview.js";

export interface VerdictOptions {
  /** Warnings of the check fail it too. @default false */
  readonly strict?: boolean | undefined;
  /** The loss of messages is agreed to: it is told, and fails nothing. @default false */
  readonly allowDataLoss?: boolean | undefined;
}

interface Part {
  readonly text: string;
  /** always: in any case; loss: unless it is agreed to; never: it is for people to judge. */
  readonly fails: "always" | "loss" | "never";
}

function ofPreview({ steps, errors, unknown, unread }: PreviewResult): Part[] {
  const losing = steps.filter((step) => step.losesMessages).length;
  const exchanges = steps.filter(({ op, type }) => op === "replace" && type.endsWith(":Exchange")).length;
  return [
    ...(errors.length > 0 ? [{ text: "⛔ the preview failed", fails: "always" } as const] : []),
    ...(unread === undefined ? [] : [{ text: "⛔ the preview cannot be read", fails: "always" } as const]),
    ...(unknown.length > 0
      ? [{ text: `⛔ the preview has ${plural(unknown.length, "step")} that Warren does not know`, fails: "always" } as const]
      : []),
    ...(losing > 0
      ? [
          {
            text: `⛔ the preview deletes or replaces ${plural(losing, "resource")} with the messages in ${losing === 1 ? "it" : "them"}`,
            fails: "loss",
          } as const,
        ]
      : []),
    ...(exchanges > 0 ? [{ text: `⚠ the preview replaces ${plural(exchanges, "exchange")}`, fails: "never" } as const] : []),
  ];
}

/** A limit where there was none, or a smaller one. Negative is none. */
function isNarrower({ field, before, after }: ObjectChange["differences"][number]): boolean {
  const isLimit = (value: unknown): value is number => typeof value === "number" && value >= 0;
  return field.startsWith("limits[") && isLimit(after) && (!isLimit(before) || after < before);
}

function parts({ findings, difference, objects = [], preview, isNew }: Review): Part[] {
  const { errors } = counts(findings);
  const { messages = 0, uncounted = 0 } = lostMessages(objects) ?? {};
  const losing = objects.filter((change) => losesMessages(change)).length;
  const changes = isNew ? [] : (difference?.changes ?? []);
  const losses = changes.filter(({ severity }) => severity === "loss").length;
  const replaced = changes.filter(({ kind }) => kind === "exchange-replaced").length;
  const breaking = changes.filter(({ kind, severity }) => severity === "breaking" && kind !== "exchange-replaced").length;
  const limits = objects.flatMap(({ differences }) => differences.filter(isNarrower)).length;
  const unknown = difference?.unknown.length ?? 0;
  const all: readonly (readonly [boolean, string, Part["fails"]])[] = [
    [messages > 0, `⛔ ${plural(messages, "message")} would be lost now`, "loss"],
    [uncounted > 0, `⚠ the broker has no count of ${plural(uncounted, "queue")} that would go`, "never"],
    [losing > 0, `⚠ ${plural(losing, "object")} would go with the messages in ${losing === 1 ? "it" : "them"}`, "never"],
    [losses > 0, `⚠ ${plural(losses, "change")} by which messages are lost`, "never"],
    [
      replaced > 0,
      `⚠ ${plural(replaced, "exchange")} would be deleted and made again: what is published meanwhile is unroutable or refused`,
      "never",
    ],
    [breaking > 0, `⚠ ${plural(breaking, "breaking change")}`, "never"],
    [limits > 0, `⚠ ${plural(limits, "limit")} would be lower: what is beyond is refused`, "never"],
    [unknown > 0, `⚠ ${plural(unknown, "difference")} without an exact answer`, "never"],
  ];
  return [
    ...(errors > 0 ? [{ text: `⛔ ${plural(errors, "error")}`, fails: "always" } as const] : []),
    ...(preview ? ofPreview(preview) : []),
    ...all.flatMap(([holds, text, fails]) => (holds ? [{ text, fails }] : [])),
  ];
}

/** One sentence. */
export function verdict(review: Review): string {
  const said = parts(review);
  if (said.length > 0) return `${said.map(({ text }) => text).join("; ")}.`;
  const { difference, objects = [], isNew } = review;
  if (!difference) return "It could not be compared.";
  const quiet = difference.changes.length + difference.unknown.length + objects.length === 0;
  return isNew ? "It is new." : quiet ? "Nothing changes." : "No loss was found.";
}

export function passes(review: Review, { strict = false, allowDataLoss = false }: VerdictOptions = {}): boolean {
  if (strict && counts(review.findings).warnings > 0) return false;
  return parts(review).every(({ fails }) => fails === "never" || (fails === "loss" && allowDataLoss));
}
