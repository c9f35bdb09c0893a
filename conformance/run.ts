/** `conform`: lays the probes against a broker, and tells what was kept and what was broken. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Management } from "../broker/index.js";
import { compileInstallation } from "../topology/compile/compile.js";
import { graph } from "../topology/compile/graph.js";
import { mermaid } from "../topology/compile/mermaid.js";
import type { Plan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import { copyOf, make } from "./copy.js";
import { Ground, removeAll } from "./ground.js";
import { AFTERMATH_MS, jobOf, reportOf, runAll, type Job, type Progress } from "./jobs.js";
import { choose, requireAdministrator, requireAmqp, requireQuiet, requireVhosts, unmade } from "./preconditions.js";
import type { Probe, Profile } from "./probe.js";
import { probes as everyProbe } from "./probes/index.js";
import type { Report } from "./report.js";
import { caseCounts, wholeResult } from "./result.js";
import { RUN_PREFIX, sweep, sweepInside } from "./sweep.js";
import { featuresOf, type Target } from "./target.js";
import { timeouts } from "./timeouts.js";

export interface ConformanceOptions {
  /** @default "probe" */
  readonly profile?: Profile;
  /** Names of probes. @default all */
  readonly only?: readonly string[] | undefined;
  /** @default every probe of the suite */
  readonly probes?: readonly Probe[];
  /** Waits that are otherwise cut short are waited for. @default false */
  readonly long?: boolean;
  /** Multiplies every time-out. @default 1 */
  readonly patience?: number;
  /** Told when it begins, and at the end of every case. */
  readonly onProgress?: (progress: Progress) => void;
  /** Told what could not be removed at the end: `user warren-conformance-...`. */
  readonly onLeft?: (names: readonly string[]) => void;
  /** Ends the run early: what it made is removed, and `conform` throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Throws a WarrenError (exit code 2) for a broker that cannot be reached, for a probe that does not exist, and for a profile that the broker
 * does not allow for. What the run makes on the broker begins with `warren-conformance-` and is removed at its end; what an earlier run left
 * because it was killed is removed as well.
 */
export async function conform(target: Target, options: ConformanceOptions = {}): Promise<Report> {
  const began = Date.now();
  const profile = options.profile ?? "probe";
  const run = `${RUN_PREFIX}${began.toString(36)}-${randomBytes(3).toString("hex")}`;
  const chosen = choose(options.probes ?? everyProbe, options.only);
  if (profile !== "read-only" && target.amqpUrl === undefined) {
    throw new WarrenError(`Profile ${profile} publishes messages, and no AMQP address is known.`, {
      remedy: "name it by --amqp amqp://host:5672, or the broker by its AMQP address; or take --profile read-only",
      exitCode: 2,
    });
  }
  const management = new Management(target.management);
  const grounds: Ground[] = [];
  const copies: string[] = [];
  try {
    await requireAdministrator(management);
    const version = await management.version();
    const nodes = (await management.nodes()).map(({ name }) => name);
    const plans = plansOf(target);
    await requireVhosts(management, plans);
    const waits = timeouts(options.patience);
    if (profile === "full") {
      await sweepInside(
        management,
        plans.map(({ vhost }) => vhost.name),
      );
      await requireQuiet(management, plans, waits.counts);
    }
    if (profile !== "read-only") await sweep(management);
    const features = featuresOf(target, options);
    const jobs: Job[] = [];
    for (const [index, plan] of plans.entries()) {
      const real = new Ground({ target, management, plan, run: `${run}-${index}r`, timeouts: waits, copy: false });
      grounds.push(real);
      let working = real;
      if (profile === "probe") {
        const topology = target.installation.topologies[index];
        const copied = copyOf(topology as NonNullable<typeof topology>, `${run}-${index}`, target.environment);
        copies.push(copied.vhost.name);
        await make(management, copied).catch((error: unknown) => Promise.reject(unmade(error)));
        working = new Ground({ target, management, plan: copied, run: `${run}-${index}c`, timeouts: waits, copy: true });
        grounds.push(working);
      }
      jobs.push(...chosen.map((probe) => jobOf(probe, probe.profile === "read-only" ? real : working, plan.vhost.name, profile, features)));
    }
    await requireAmqp(groundsToPublishOn(jobs));
    await untilAborted(runAll(jobs, waits.case, options.onProgress, options.signal), grounds, options.signal);
    if (profile === "full") await purge(management, plans);
    const reports = jobs.map(reportOf);
    return {
      version: 1,
      result: wholeResult(reports, chosen.length < (options.probes ?? everyProbe).length),
      profile,
      startedAt: new Date(began).toISOString(),
      seconds: (Date.now() - began) / 1000,
      broker: { endpoint: management.endpoint, version, nodes },
      topologies: plans.map((plan, index) => ({ name: plan.topology, vhost: plan.vhost.name, diagram: diagramOf(target, index) })),
      counts: caseCounts(reports),
      probes: reports,
    };
  } finally {
    const left = [
      ...(await Promise.all(grounds.map((ground) => ground.close()))).flat(),
      ...(await removeAll(copies, "vhost", (vhost) => management.deleteVhost(vhost))),
    ];
    if (left.length > 0) options.onLeft?.(left);
    await management.close();
  }
}

async function untilAborted(work: Promise<void>, grounds: readonly Ground[], signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return work;
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } catch (error) {
    await Promise.all(grounds.map((ground) => ground.stop()));
    await Promise.race([work.catch(() => undefined), sleep(AFTERMATH_MS)]);
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

const groundsToPublishOn = (jobs: readonly Job[]): Ground[] => [
  ...new Set(jobs.filter(({ probe, cases }) => probe.profile !== "read-only" && cases.length > 0).map(({ ground }) => ground)),
];

/** What users of the whole installation may in a vhost is of that vhost here. */
function plansOf({ installation, environment }: Target): Plan[] {
  const { vhosts, global } = compileInstallation(installation, environment);
  return vhosts.map((plan) => {
    const here = <T extends { readonly vhost: string }>(items: readonly T[]): T[] => items.filter(({ vhost }) => vhost === plan.vhost.name);
    return {
      ...plan,
      users: [...plan.users, ...global.users],
      permissions: [...plan.permissions, ...here(global.permissions)],
      topicPermissions: [...plan.topicPermissions, ...here(global.topicPermissions)],
    };
  });
}

function diagramOf({ installation, environment }: Target, index: number): string {
  return mermaid(graph({ topologies: installation.topologies.slice(index, index + 1) }, environment));
}

/** A queue whose node is down cannot be purged: the report says more than this would, and the next run says what is left. */
async function purge(management: Management, plans: readonly Plan[]): Promise<void> {
  for (const { vhost, queues } of plans)
    for (const { name, type } of queues) if (type !== "stream") await management.purgeQueue(vhost.name, name).catch(() => false);
}
