/** Findings as text: errors first, silenced ones counted alone. */
import { expect, test } from "vitest";
import type { Finding } from "./finding.js";
import { counts, findingsText, summary } from "./findings-text.js";

const finding = (more: Partial<Finding>): Finding => ({
  code: "code",
  severity: "warning",
  topology: "t",
  path: "queues.q",
  message: "It is wrong.",
  remedy: "Mend it.",
  ...more,
});

const findings = [finding({}), finding({ severity: "error", allowed: ["a", "b"] }), finding({ code: "known", silenced: "we know" })];

test("errors first, each with what is allowed and what to do", () => {
  expect(findingsText(findings)).toBe(
    [
      "error code  t: queues.q\n  It is wrong.\n  allowed: a, b\n  to do:   Mend it.",
      "warning code  t: queues.q\n  It is wrong.\n  to do:   Mend it.",
      "1 error, 1 warning (1 silenced)",
    ].join("\n\n"),
  );
});

test("an empty text among the allowed values is to be seen", () => {
  expect(findingsText([finding({ allowed: ["", "a"] })])).toContain('\n  allowed: "", a\n');
});

test("the summary counts", () => {
  expect(counts(findings)).toEqual({ errors: 1, warnings: 1, silenced: 1 });
  expect(summary([])).toBe("no findings");
  expect(summary([finding({}), finding({})])).toBe("2 warnings");
  expect(summary([finding({ silenced: "x" })])).toBe("no findings (1 silenced)");
});

test("without a topology or a path there is no stray colon, and text from outside is made harmless", () => {
  expect(findingsText([finding({ topology: "" })])).toContain("warning code  queues.q\n");
  expect(findingsText([finding({ message: "bad" })], { visible: (text) => text.toUpperCase() })).toContain("  BAD\n");
});
