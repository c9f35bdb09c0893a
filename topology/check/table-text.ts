/** The table of rules as a page of documentation. */
import { READ_CODES } from "../read-faults.js";
import { ruleTable, SUBJECTS, type RuleRow } from "./rules.js";

const INTRODUCTION = `# The checks

Every rule that \`warren check\` knows, and that runs before anything is provisioned: what it finds, why it matters, what to do.
An error stops before a resource is touched; a warning is shown once. What is known and accepted is silenced with its reason,
everywhere or at one path and below:

\`\`\`ts
silence: [{ code: "queue-unbounded", path: "queues.audit", reason: "the archive reads it every minute, and its disk is watched" }],
\`\`\`

What the broker would refuse, or what cannot be built, cannot be silenced; those rules say so.

<!-- Generated from the table of rules: npx tsx docs/checks.gen.ts -->
`;

function entryText({ code, severity, title, why, remedy, silenceable }: RuleRow): string {
  const kind = severity === "error" ? "Error" : "Warning";
  return `### \`${code}\`

${kind}${silenceable ? "" : ", not to be silenced"}: ${title[0]?.toLowerCase()}${title.slice(1)}.

${why}

To do: ${remedy}
`;
}

/** What is found before any rule runs. */
const READING = `## Reading plain data

JSON, plain JavaScript and RabbitMQ's definitions are looked at before any rule runs. These are errors, and \`left-out\` is a warning;
none of them can be silenced.

${Object.entries(READ_CODES)
  .map(([code, text]) => `- \`${code}\`: ${text}`)
  .join("\n")}
`;

/** The page, as it stands in `docs/checks.md`. */
export function rulesPage(): string {
  const rows = ruleTable();
  const sections = SUBJECTS.map(({ subject }) =>
    [`## ${subject}\n`, ...rows.filter((row) => row.subject === subject).map(entryText)].join("\n"),
  );
  return [INTRODUCTION, ...sections, READING].join("\n");
}
