/** The table of rules as a page of documentation. */
import { clusterRules } from "./cluster.js";
import { podRules } from "./pods.js";
import type { PolicyRule } from "./rule.js";
import { scalingRules } from "./scaling.js";
import { wholeRules } from "./whole.js";

const SUBJECTS: readonly (readonly [string, readonly PolicyRule[]])[] = [
  ["Pods", podRules],
  ["How many there are, and where", scalingRules],
  ["The broker", clusterRules],
  ["All objects together", wholeRules],
];

const INTRODUCTION = `# Rules for manifests

What the objects of the [prod stack](kubernetes.md) have to keep, each with its reason. The tests hold the manifests of the five systems against them in all variants
of the settings, and break each rule once. What the settings of a stack make of them is told by its preview, as warnings: who runs one node for a trial knows why. In a program it is

\`\`\`ts
review({ objects: objectsOf(made), secrets: made.secrets, authorities: made.authorities }); // of made = prod(installation, settings)
\`\`\`

An object is exempt from one rule if it says why, in an annotation of its own or of its pods; without a reason it is not:

\`\`\`yaml
metadata:
  annotations:
    warren/without.probes: has no health server; when it ends it is started again
\`\`\`

<!-- Generated from the table of rules: npx tsx docs/kubernetes.gen.ts -->
`;

const row = ({ code, severity, title, why }: PolicyRule): string =>
  `| \`${code}\`${severity === "warning" ? " (warning)" : ""} | ${title} | ${why} | \`warren/without.${code}\` |`;

/** The page, as it stands in `docs/kubernetes-rules.md`, before it is formatted. */
export const policyRulesPage = (): string =>
  [
    INTRODUCTION,
    ...SUBJECTS.map(([subject, rules]) =>
      [`## ${subject}\n`, "| rule | what has to be so | why | exempt by |", "| --- | --- | --- | --- |", ...rules.map(row), ""].join("\n"),
    ),
  ].join("\n");
