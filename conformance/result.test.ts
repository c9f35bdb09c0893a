// From cases to probes to the whole: nothing that was not tried counts as success.
import { describe, expect, it } from "vitest";
import type { CaseReport, ProbeReport } from "./report.js";
import { caseCounts, probeResult, wholeResult } from "./result.js";

const cases = (...results: CaseReport["result"][]): CaseReport[] =>
  results.map((result, index) => ({ name: `${index}`, result, seconds: 0, evidence: [] }));

describe("a probe", () => {
  it.each<[CaseReport["result"][], ProbeReport["result"]]>([
    [[], "not-run"],
    [["not-run"], "not-run"],
    [["success", "success"], "success"],
    [["success", "not-run"], "partial"],
    [["success", "failure", "not-run"], "failure"],
    [["not-run", "failure"], "failure"],
  ])("of %j is %s", (results, expected) => expect(probeResult(cases(...results))).toBe(expected));
});

describe("a run", () => {
  const probe = (result: ProbeReport["result"], reason?: string) => ({
    result,
    level: "core" as const,
    ...(reason === undefined ? {} : { reason }),
  });

  it("of nothing that was tried is not-run, whatever the reasons", () => {
    expect(wholeResult([], false)).toBe("not-run");
    expect(wholeResult([probe("not-run", "not declared: tls")], false)).toBe("not-run");
  });

  it("is broken by one broken promise", () => {
    expect(wholeResult([probe("success"), probe("failure"), probe("partial")], true)).toBe("failure");
  });

  it("is left as it is by what nobody promised, and is partial for what was left out or could not be tried", () => {
    expect(wholeResult([probe("success"), probe("not-run", "not declared: tls")], false)).toBe("success");
    expect(wholeResult([probe("success")], true)).toBe("partial");
    expect(wholeResult([probe("success"), probe("not-run")], false)).toBe("partial");
    expect(wholeResult([probe("partial")], false)).toBe("partial");
    expect(wholeResult([{ ...probe("partial"), level: "extended" }], false)).toBe("success");
    expect(wholeResult([probe("success"), { ...probe("not-run"), level: "extended" }], false)).toBe("partial");
  });

  it("counts cases", () => {
    expect(caseCounts([{ cases: cases("success", "failure") }, { cases: cases("not-run", "success") }])).toEqual({
      success: 2,
      failure: 1,
      "not-run": 1,
    });
  });
});
