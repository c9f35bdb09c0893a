/** Silences: known findings, accepted with a reason. What the broker would refuse cannot be silenced. */
import type { Topology } from "../model.js";
import { isWithin, path } from "../path.js";
import type { Finding } from "./finding.js";
import type { Rule } from "./rule.js";
import { quote } from "./rule.js";
import { suggest } from "./suggest.js";

const UNUSED: Rule = {
  code: "silence-unused",
  severity: "warning",
  title: "A silence that silences nothing",
  why: "What it was for is gone, or the code or the path has a slip: then the next fault of this kind goes unseen, or this one stays loud.",
  remedy: "Leave it out, or correct it.",
};

const REFUSED: Rule = {
  code: "silence-refused",
  severity: "warning",
  title: "A silence for what cannot be silenced",
  why: "The broker would refuse it, or it cannot be built: a reason does not change that.",
  remedy: "Mend the fault, and leave the silence out.",
};

const REASONLESS: Rule = {
  code: "silence-without-reason",
  severity: "error",
  refused: true,
  title: "A silence without a reason",
  why: "Whoever reads it later cannot tell whether it still holds.",
  remedy: "Write down why this is accepted.",
};

export const silenceRules: readonly Rule[] = [UNUSED, REFUSED, REASONLESS];

function finding(rule: Rule, topology: string, index: number, message: string, more: Partial<Finding> = {}): Finding {
  const { code, severity, remedy } = rule;
  return { code, severity, topology, path: path("silence", index), message, remedy, ...more };
}

/** The path in the topology of a finding that only an environment has. */
const withoutEnvironment = (at: string): string => at.replace(/^environments(?:\.[\w$]+|\["(?:[^"\\]|\\.)*"\])\./, "");

/** Marks what a topology silences, and adds findings about the silences themselves. */
export function applySilences(topology: Topology, findings: readonly Finding[], all: readonly Rule[]): Finding[] {
  const silences = topology.silence ?? [];
  if (silences.length === 0) return [...findings];
  const refused = new Set(all.flatMap((rule) => (rule.refused ? [rule.code] : [])));
  const used = new Set<number>();
  const inVain = new Set<number>();
  const marked = findings.map((one) => {
    if (one.topology !== topology.name) return one;
    const index = silences.findIndex(
      ({ code, path: at }) =>
        code === one.code && (at === undefined || isWithin(one.path, at) || isWithin(withoutEnvironment(one.path), at)),
    );
    const silence = silences[index];
    if (!silence) return one;
    used.add(index);
    if (silence.reason.trim() === "") return one;
    if (!refused.has(one.code)) return { ...one, silenced: silence.reason };
    inVain.add(index);
    return one;
  });
  const own = silences.flatMap(({ code, path: at, reason }, index): Finding[] => {
    if (reason.trim() === "")
      return [finding(REASONLESS, topology.name, index, `The silence of ${quote(code)} has no reason.`, { value: reason })];
    if (inVain.has(index)) return [finding(REFUSED, topology.name, index, `${quote(code)} cannot be silenced.`, { value: code })];
    if (used.has(index) || findings.some((one, position) => sameSilence(one, marked[position], code, at, topology.name))) return [];
    const codes = all.map((rule) => rule.code);
    const known = codes.includes(code);
    const message = known
      ? `Nothing is found as ${quote(code)}${at === undefined ? "" : ` at ${at}`}, so nothing is silenced.`
      : `There is no code ${quote(code)}.`;
    return [
      finding(UNUSED, topology.name, index, message, {
        value: known && at !== undefined ? at : code,
        ...(known ? {} : { remedy: suggest(code, codes, UNUSED.remedy).remedy ?? UNUSED.remedy }),
      }),
    ];
  });
  return [...marked, ...own];
}

/** Whether a finding that another silence took first would have been this one's too. */
function sameSilence(one: Finding, marked: Finding | undefined, code: string, at: string | undefined, topology: string): boolean {
  return marked?.silenced !== undefined && one.topology === topology && one.code === code && (at === undefined || isWithin(one.path, at));
}
