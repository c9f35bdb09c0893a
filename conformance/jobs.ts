/** From probes to cases to their reports: what is tried, in which order, and what came of it. */
import { setTimeout as sleep } from "node:timers/promises";
import { withoutCredentials } from "../broker/index.js";
import type { CaseReport, ProbeReport } from "./report.js";
import { within } from "./amqp.js";
import type { Ground } from "./ground.js";
import { Broken, PROFILES, Untried, type Case, type Evidence, type Feature, type Probe, type Profile } from "./probe.js";
import { probeResult } from "./result.js";
import { schedule } from "./schedule.js";

export interface Progress {
  readonly done: number;
  readonly total: number;
  /** What has just ended; nothing has when a run begins. */
  readonly ended?: {
    readonly vhost: string;
    readonly probe: string;
    readonly case: CaseReport;
    /** Cases of the probe there. */
    readonly left: number;
  };
}

const AT_A_TIME = 12;

/** So long is waited for a case that was interrupted to take back what it changed. */
export const AFTERMATH_MS = 10_000;

export interface Job {
  readonly probe: Probe;
  readonly ground: Ground;
  /** Of the topology, also where a copy of it is tried. */
  readonly vhost: string;
  readonly cases: readonly Case[];
  /** Why it is not tried. */
  readonly reason: string | undefined;
  readonly reports: CaseReport[];
}

export function jobOf(probe: Probe, ground: Ground, vhost: string, profile: Profile, declared: ReadonlySet<Feature>): Job {
  const missing = (probe.needs ?? []).filter((feature) => !declared.has(feature));
  const cases = probe.cases(ground.plan);
  const reason =
    PROFILES.indexOf(probe.profile) > PROFILES.indexOf(profile)
      ? `not part of profile ${profile}`
      : missing.length > 0
        ? `not declared: ${missing.join(", ")}`
        : cases.length === 0
          ? "the topology promises nothing of the kind"
          : undefined;
  return { probe, ground, vhost, cases: reason === undefined ? cases : [], reason, reports: [] };
}

/** Runs every case, and puts its report to its job. After an abort no further one is begun. */
export async function runAll(
  jobs: readonly Job[],
  longest: number,
  onProgress?: (progress: Progress) => void,
  signal?: AbortSignal,
): Promise<void> {
  const total = jobs.reduce((sum, { cases }) => sum + cases.length, 0);
  let done = 0;
  onProgress?.({ done, total });
  // Vhosts do not touch each other, and read-only cases of one look at what others change: these go first.
  const tasks = jobs.flatMap((job) =>
    job.cases.map((one) => ({
      reads: one.touches === undefined,
      touches: Array.isArray(one.touches) ? one.touches.map((queue) => `${job.ground.vhost} ${queue}`) : one.touches,
      run: async () => {
        signal?.throwIfAborted();
        const report = await runCase(one, job.ground, one.ms ?? longest);
        job.reports.push(report);
        const left = job.cases.length - job.reports.length;
        onProgress?.({ done: ++done, total, ended: { vhost: job.vhost, probe: job.probe.name, case: report, left } });
      },
    })),
  );
  await schedule(
    tasks.filter(({ reads }) => reads),
    AT_A_TIME,
  );
  await schedule(
    tasks.filter(({ reads }) => !reads),
    AT_A_TIME,
  );
}

async function runCase(one: Case, ground: Ground, ms: number): Promise<CaseReport> {
  const began = Date.now();
  const evidence: Evidence[] = [];
  const end = (result: CaseReport["result"], message?: string): CaseReport => ({
    ...{ name: one.name, result, ...(message === undefined ? {} : { message }) },
    ...{ seconds: (Date.now() - began) / 1000, evidence },
  });
  const work = one.run(ground, (kind, text) => void evidence.push({ kind, text: withoutCredentials(text), ms: Date.now() - began }));
  try {
    await within(ms, "an end of the case", work);
    return end("success");
  } catch (error) {
    // One that is late still takes back what it changed, before others use the same queues.
    await Promise.race([work.catch(() => undefined), sleep(AFTERMATH_MS)]);
    const message = withoutCredentials(error instanceof Error ? error.message : String(error));
    if (error instanceof Untried) return end("not-run", message);
    return end("failure", error instanceof Broken ? message : `it could not be tried to its end: ${message}`);
  }
}

export function reportOf({ probe, vhost, cases, reason, reports }: Job): ProbeReport {
  const order = new Map(cases.map(({ name }, index) => [name, index]));
  const sorted = [...reports].sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0));
  return {
    ...{ name: probe.name, promise: probe.promise, level: probe.level, vhost },
    result: probeResult(sorted),
    ...(reason === undefined ? {} : { reason }),
    seconds: sorted.reduce((sum, { seconds }) => sum + seconds, 0),
    cases: sorted,
  };
}
