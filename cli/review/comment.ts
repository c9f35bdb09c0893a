/** A review as one comment on a pull request: what is gravest first, nothing longer than a comment may be. */
import { summary } from "../../topology/check/findings-text.js";
import type { Finding } from "../../topology/check/finding.js";
import { differenceMarkdown, objectCounts, objectsMarkdown, type Difference, type ObjectChange } from "../../topology/difference/index.js";
import { code, codes, fenced, plainTable, prose } from "../../topology/markdown.js";
import { plural } from "../../topology/plural.js";
import type { PreviewResult, PreviewStep } from "./preview.js";
import { baseSizes } from "../base-sizes.js";
import { BASE_SIZES } from "../verb.js";
import { verdict } from "./verdict.js";

export interface Review {
  /** Of the comment: one for each topology that a repository reviews. */
  readonly name: string;
  /** What is compared, in words: `main:orders.ts`, `orders.ts`. */
  readonly from: string;
  readonly to: string;
  /** The one that is judged, where it is known. */
  readonly commit?: string;
  /** Whose sizes are judged. */
  readonly environment?: string;
  /** Those that have sizes of their own, where none was chosen and the base sizes are judged. */
  readonly unjudged?: readonly string[];
  /** The revision had no such file. */
  readonly isNew: boolean;
  /** Of the new side; `isNew` for those that the old side did not have. */
  readonly findings: readonly (Finding & { readonly isNew: boolean })[];
  /** None if a side cannot be read. */
  readonly difference?: Difference;
  readonly objects?: readonly ObjectChange[];
  readonly preview?: PreviewResult;
  /** Mermaid, before and after; none for a side that cannot be read or has nothing in it. */
  readonly before?: string;
  readonly after?: string;
}

/** By which the comment is found again. Names are what a marker cannot end early. */
export const marker = (name: string): string => `<!-- warren-review: ${name.replace(/-->|[<>\n\r]/g, "_")} -->`;

/** GitHub takes 65,536 characters. */
export const LIMIT = 65_000;
/** Mermaid on GitHub draws no longer text. */
const DIAGRAM_LIMIT = 50_000;

/** What a comment says at length, or where it would be too long, in short. */
interface Block {
  readonly long: string;
  readonly short: string;
}

const folded = (title: string, content: string, open = false): string =>
  `<details${open ? " open" : ""}><summary>${title}</summary>\n\n${content}\n\n</details>\n`;

function findingLines(findings: Review["findings"]): string {
  return findings
    .map(({ severity, code: rule, topology, path, message, allowed, remedy }) =>
      [
        `- **${severity}** ${code(rule)} at ${code([topology, path].filter(Boolean).join(": "))}<br/>${prose(message)}`,
        ...(allowed?.length ? [`  <br/>allowed: ${codes(allowed)}`] : []),
        `  <br/>to do: ${prose(remedy)}`,
      ].join("\n"),
    )
    .join("\n");
}

function check({ findings }: Review): Block {
  const loud = findings.filter(({ silenced }) => silenced === undefined);
  const [fresh, known] = [loud.filter(({ isNew }) => isNew), loud.filter(({ isNew }) => !isNew)];
  const title = `### Check: ${summary(findings)}\n`;
  return {
    long: [
      title,
      ...(fresh.length > 0 ? [`${findingLines(fresh)}\n`] : []),
      ...(known.length > 0 ? [folded(`There before: ${plural(known.length, "finding")}`, findingLines(known))] : []),
    ].join("\n"),
    short: title,
  };
}

const OPS: readonly PreviewStep["op"][] = ["delete", "replace", "update", "import", "create"];

function previewBlock({ steps, errors, unknown, unread }: PreviewResult): Block {
  const ordered = OPS.flatMap((op) => steps.filter((step) => step.op === op)).sort(
    (a, b) => Number(b.losesMessages) - Number(a.losesMessages),
  );
  const totals = OPS.flatMap((op) => {
    const count = steps.filter((step) => step.op === op).length;
    return count === 0 ? [] : [`${count} to ${op}`];
  }).join(", ");
  const state = errors.length > 0 ? "it failed" : unread === undefined ? totals || "no resource changes" : "it cannot be read";
  const title = `### Preview: ${state}\n`;
  const rows = ordered.map(({ op, type, name, reasons, losesMessages: lost }) => [
    `${lost ? "⚠ " : ""}${op}`,
    code(name),
    type.split(/[:/]/).at(-1) ?? "",
    codes(reasons),
  ]);
  return {
    long: [
      title,
      ...[...errors, ...(unread === undefined ? [] : [unread])].map((text) => `${fenced("text", text).join("\n")}\n`),
      ...(unknown.length > 0
        ? [`Steps that Warren does not know: ${codes(unknown)}. They may lose messages: look at them by hand.\n`]
        : []),
      ...(rows.length > 0
        ? [folded(plural(rows.length, "resource"), plainTable(["", "resource", "type", "because of"], rows).join("\n"))]
        : []),
    ].join("\n"),
    short: title,
  };
}

function diagrams({ before, after }: Review): Block[] {
  const drawn = (title: string, text: string): Block => ({
    long:
      text.length > DIAGRAM_LIMIT
        ? `${title}: too long to be drawn here; see warren graph.\n`
        : folded(title, fenced("mermaid", text).join("\n")),
    short: `${title}: left out, the comment would be too long; see warren graph.\n`,
  });
  if (before === after) return after === undefined ? [] : [drawn("The flow, as before", after)];
  return [
    ...(before === undefined ? [] : [drawn("The flow before", before)]),
    ...(after === undefined ? [] : [drawn("The flow after", after)]),
  ];
}

function headOf({ name, commit, environment }: Heading, said: string, sides: string): string {
  const more = [
    ...(commit === undefined ? [] : [`Commit ${commit}.`]),
    ...(environment === undefined ? [] : [environment === BASE_SIZES ? "The base sizes." : `Sizes of ${code(environment)}.`]),
  ];
  return [marker(name), `## RabbitMQ: ${prose(name)}`, "", `**${said}**`, "", [sides, ...more].join(" "), ""].join("\n");
}

type Heading = Pick<Review, "name" | "from" | "to" | "commit" | "environment">;

const FAULT_LINES = 12;
const FAULT_LENGTH = 2_000;

/** In the place of a review that did not come about, so that an earlier one does not stand for it. */
export function unreviewed(of: Heading, fault: string): string {
  const why = fault.split("\n").slice(0, FAULT_LINES).join("\n").slice(0, FAULT_LENGTH);
  const head = headOf(of, "⛔ It could not be reviewed.", `From ${code(of.from)} to ${code(of.to)}.`);
  return `${head}\n${fenced("text", why).join("\n")}\n`;
}

/** Ends with a line break; never longer than `LIMIT`. The diagrams go first where it would be, then the details of what is below the checks. */
export function comment(review: Review): string {
  const { from, to, isNew, difference, objects, preview, unjudged } = review;
  const sides = isNew ? `${code(to)} is new: there is none at ${code(from)}.` : `From ${code(from)} to ${code(to)}.`;
  const head = headOf(review, `${verdict(review)}${unjudged ? ` ⚠ ${prose(baseSizes(unjudged))}` : ""}`, sides);
  const blocks: Block[] = [
    check(review),
    ...(difference && !isNew
      ? [{ long: differenceMarkdown(difference), short: `### For messages: ${plural(difference.changes.length, "change")}\n` }]
      : []),
    ...(objects ? [{ long: objectsMarkdown(objects), short: `### For objects: ${objectCounts(objects)}\n` }] : []),
    ...(preview ? [previewBlock(preview)] : []),
    ...diagrams(review),
  ];
  const short = new Set<number>();
  const text = (): string =>
    [head, ...blocks.map((block, index) => (short.has(index) ? block.short : block.long))].map((part) => part.trimEnd()).join("\n\n");
  for (let last = blocks.length - 1; last >= 0 && text().length > LIMIT; last--) short.add(last);
  return `${text().slice(0, LIMIT)}\n`;
}
