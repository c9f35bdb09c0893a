/** Findings for people: errors first, by topology, each with its path, the allowed values and what to do; a summary in one line. */
import { plural } from "../plural.js";
import type { Finding, Severity } from "./finding.js";

export interface TextOptions {
  /** Puts emphasis on a piece of text; a terminal's colours. @default none */
  readonly emphasis?: (kind: Severity | "path" | "code", text: string) => string;
  /** Makes text from outside harmless for where it is shown. @default as it is */
  readonly visible?: (text: string) => string;
}

export interface Counts {
  readonly errors: number;
  readonly warnings: number;
  readonly silenced: number;
}

export function counts(findings: readonly Finding[]): Counts {
  const loud = findings.filter(({ silenced }) => silenced === undefined);
  return {
    errors: loud.filter(({ severity }) => severity === "error").length,
    warnings: loud.filter(({ severity }) => severity === "warning").length,
    silenced: findings.length - loud.length,
  };
}

/** `2 errors, 1 warning (1 more silenced)`; `no findings`. */
export function summary(findings: readonly Finding[]): string {
  const { errors, warnings, silenced } = counts(findings);
  const parts = [...(errors > 0 ? [plural(errors, "error")] : []), ...(warnings > 0 ? [plural(warnings, "warning")] : [])];
  return `${parts.join(", ") || "no findings"}${silenced > 0 ? ` (${silenced} silenced)` : ""}`;
}

/** Silenced findings are counted, not shown. */
export function findingsText(findings: readonly Finding[], options: TextOptions = {}): string {
  const { emphasis = (_, text) => text, visible = (text) => text } = options;
  const blocks = (["error", "warning"] as const).flatMap((severity) =>
    findings
      .filter((finding) => finding.severity === severity && finding.silenced === undefined)
      .map(({ code, topology, path, message, allowed, remedy }) =>
        [
          `${emphasis(severity, severity)} ${emphasis("code", code)}  ${emphasis("path", visible([topology, path].filter(Boolean).join(": ")))}`,
          `  ${visible(message)}`,
          ...(allowed?.length ? [`  allowed: ${visible(allowed.map((value) => value || '""').join(", "))}`] : []),
          `  to do:   ${visible(remedy)}`,
        ].join("\n"),
      ),
  );
  return [...blocks, summary(findings)].join("\n\n");
}
