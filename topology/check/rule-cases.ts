/** Cases for rules in a table: a topology that makes a rule fire, and one near it that keeps it quiet. Used by tests alone. */
import { describe, expect, it } from "vitest";
import type { Installation, Topology } from "../model.js";
import { check, type CheckOptions } from "./check.js";
import type { Finding } from "./finding.js";
import type { Rule } from "./rule.js";

type Words = Omit<Topology, "name"> & { readonly name?: string };
type Given = Words | { readonly installation: Installation };

export interface RuleCase {
  readonly code: string;
  /** What is special about this case, where a rule has several. */
  readonly about?: string;
  readonly finds: Given;
  readonly at: string;
  /** As the finding has it; `undefined` if it has none. */
  readonly value: unknown;
  /** What the message, the allowed values or the remedy have to say. */
  readonly says?: string | RegExp;
  readonly quiet: Given;
  readonly options?: CheckOptions;
}

const installation = (given: Given): Installation =>
  "installation" in given ? given.installation : { topologies: [{ name: "t", ...given }] };

/** All findings of one code. */
export function findings(given: Given, code: string, options?: CheckOptions): Finding[] {
  return check(installation(given), options).filter((finding) => finding.code === code);
}

/** Runs the cases, and asserts that every rule has one. */
export function runRuleCases(rules: readonly Rule[], cases: readonly RuleCase[]): void {
  it("has a case for every rule", () => {
    expect([...new Set(cases.map(({ code }) => code))].sort()).toEqual(rules.map(({ code }) => code).sort());
  });

  describe.each(cases.map((one) => ({ ...one, title: one.about ? `${one.code}: ${one.about}` : one.code })))(
    "$title",
    ({ code, finds, at, value, says, quiet, options }) => {
      it("is found, where it is", () => {
        const found = findings(finds, code, options);
        expect(found.map(({ path }) => path)).toContain(at);
        const finding = found.find(({ path }) => path === at);
        expect(finding?.value).toEqual(value);
        const rule = rules.find((one) => one.code === code);
        expect(finding?.severity).toBe(rule?.severity);
        if (says !== undefined) expect([finding?.message, ...(finding?.allowed ?? []), finding?.remedy].join("\n")).toMatch(says);
      });

      it("is quiet next to it", () => {
        expect(findings(quiet, code, options)).toEqual([]);
      });
    },
  );
}
