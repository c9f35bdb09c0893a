/** What the reports for people have in common: the words for results, times, the order of things. Pure. */
import type { CaseReport, ProbeReport, Report, Result } from "../report.js";

/** Of the whole run. */
const MEANINGS: Readonly<Record<Exclude<Result, "failure">, string>> = {
  success: "Everything that could be tried was kept.",
  partial: "Nothing was broken, but not everything that is promised was tried.",
  "not-run": "Nothing was tried, so nothing is known.",
};

/** Of a probe or a case. */
export const WORDS: Readonly<Record<Result, string>> = { success: "kept", partial: "partly", failure: "broken", "not-run": "not run" };

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number.toLocaleString("en-US")} ${number === 1 ? one : many}`;

export function meaning({ result, probes, counts }: Report): string {
  if (result !== "failure") return MEANINGS[result];
  const broken = probes.filter((probe) => probe.result === "failure").length;
  const cases = `${counts.failure.toLocaleString("en-US")} of ${count(triedCases(counts), "case")}`;
  return broken === 1 ? `A promise was broken, in ${cases}.` : `${broken} promises were broken, in ${cases}.`;
}

/** Cases that were tried. */
export const triedCases = ({ success, failure }: Report["counts"]): number => success + failure;

/** `40 ms`, `3.2 s`, `1 min 23 s`. */
export function elapsed(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** `2026-01-31 12:00:00 UTC`; as it stands if it is no time. */
export function moment(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : `${time.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Broken first, then what was not tried although it could have been asked for, then what was kept, then what does not apply. */
const rank = ({ result, reason }: { readonly result: Result; readonly reason?: string | undefined }): number => {
  if (result === "failure") return 0;
  if (result === "partial") return 1;
  if (result === "success") return 3;
  return reason === undefined ? 2 : 4;
};

export const byUrgency = <T extends { readonly result: Result; readonly reason?: string | undefined }>(items: readonly T[]): T[] =>
  [...items].sort((a, b) => rank(a) - rank(b));

export interface TopologyPart {
  readonly name: string;
  readonly vhost: string;
  /** In `report.topologies`; `undefined` for probes of a vhost that the report does not describe. */
  readonly index: number | undefined;
  /** In the report's order. */
  readonly probes: readonly ProbeReport[];
}

/** The topologies with their probes, in the report's order. */
export function byTopology({ topologies, probes }: Report): TopologyPart[] {
  const described: Omit<TopologyPart, "probes">[] = topologies.map(({ name, vhost }, index) => ({ name, vhost, index }));
  const known = new Set(topologies.map(({ vhost }) => vhost));
  const others = [...new Set(probes.map(({ vhost }) => vhost).filter((vhost) => !known.has(vhost)))];
  return [...described, ...others.map((vhost) => ({ name: vhost, vhost, index: undefined }))].map((part) => ({
    ...part,
    probes: probes.filter(({ vhost }) => vhost === part.vhost),
  }));
}

/** How a topology is called where only one name fits. */
export const title = ({ name, vhost }: Pick<TopologyPart, "name" | "vhost">): string =>
  name === vhost ? name : `${name} (vhost ${JSON.stringify(vhost)})`;

export interface Untried {
  readonly reason: string;
  /** Names of probes, and of cases of probes that were tried in part. */
  readonly what: readonly string[];
}

/** What was not run, by reason, the most frequent first. */
export function untried(probes: readonly ProbeReport[]): Untried[] {
  const found = new Map<string, string[]>();
  const add = (reason: string, what: string): void => void found.set(reason, [...(found.get(reason) ?? []), what]);
  for (const probe of probes) {
    if (probe.cases.length === 0) add(probe.reason ?? "no reason is known", probe.name);
    const byReason = new Map<string, CaseReport[]>();
    for (const one of probe.cases.filter(({ result }) => result === "not-run")) {
      const reason = one.message ?? probe.reason ?? "no reason is known";
      byReason.set(reason, [...(byReason.get(reason) ?? []), one]);
    }
    for (const [reason, cases] of byReason) {
      const whole = cases.length === probe.cases.length;
      add(reason, whole ? probe.name : cases.length === 1 ? `${probe.name}: ${cases[0]?.name}` : `${probe.name}: ${cases.length} cases`);
    }
  }
  return [...found].map(([reason, what]) => ({ reason, what })).sort((a, b) => b.what.length - a.what.length);
}

/** Where a profile tries what messages do. */
export const PROFILE_WORDS: Readonly<Record<Report["profile"], string>> = {
  "read-only": "read-only (nothing was published)",
  probe: "probe (messages on a copy)",
  full: "full (messages in the real queues)",
};
