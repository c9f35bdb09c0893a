/** From cases to the result of a probe, and from probes to that of the run. Pure. */
import type { CaseReport, ProbeReport, Report, Result } from "./report.js";

/** Of its cases: one that is broken breaks it; if some were not tried it is partial; without any that was tried it is not run. */
export function probeResult(cases: readonly Pick<CaseReport, "result">[]): Result {
  const has = (result: CaseReport["result"]): boolean => cases.some((one) => one.result === result);
  if (has("failure")) return "failure";
  if (!has("success")) return "not-run";
  return has("not-run") ? "partial" : "success";
}

/**
 * Of all probes. One that is not part of the profile, that needs what the target does not declare, or that the topology promises nothing
 * of, leaves it as it is; one that was left out by choice, or that could not be tried, makes it partial, and a core one does already if a part
 * of it could not.
 */
export function wholeResult(probes: readonly Pick<ProbeReport, "result" | "level" | "reason">[], chosen: boolean): Result {
  if (probes.some(({ result }) => result === "failure")) return "failure";
  if (!probes.some(({ result }) => result === "success" || result === "partial")) return "not-run";
  const untried = probes.some(
    ({ result, level, reason }) => (result === "partial" && level === "core") || (result === "not-run" && reason === undefined),
  );
  return chosen || untried ? "partial" : "success";
}

export function caseCounts(probes: readonly Pick<ProbeReport, "cases">[]): Report["counts"] {
  const counts = { success: 0, failure: 0, "not-run": 0 };
  for (const { cases } of probes) for (const { result } of cases) counts[result]++;
  return counts;
}
