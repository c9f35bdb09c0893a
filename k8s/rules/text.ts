/** What the rules find, for people. */
import type { PolicyFinding } from "./rule.js";

/** A text for each rule that is broken: why it matters, and what breaks it. */
export function findingTexts(findings: readonly PolicyFinding[]): string[] {
  const codes = [...new Set(findings.map(({ code }) => code))];
  return codes.map((code) => {
    const those = findings.filter((finding) => finding.code === code);
    return [`${code}: ${those[0]?.why}`, ...those.map(({ object, message }) => `  ${object} ${message}`)].join("\n");
  });
}
