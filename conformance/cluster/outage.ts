/** A node is lost under load and comes back: what every kind of loss has in common. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Plan, PlannedQueue } from "../../topology/compile/plan.js";
import { effectiveSettings } from "../../topology/policies.js";
import type { Ground } from "../ground.js";
import { Broken, Untried, type Case, type Note } from "../probe.js";
import type { Faults } from "../target.js";
import { TIMEOUTS } from "../timeouts.js";
import { Load, ROOM } from "./load.js";
import { nodeList, placements } from "./placement.js";

export interface Outage {
  /** `killed`: what became of the node. */
  readonly done: string;
  readonly begin: (faults: Faults, node: string) => Promise<void>;
  readonly end: (faults: Faults, node: string) => Promise<void>;
}

const MOST_QUEUES = 3;
/** No setting of a queue that takes the load may take a message away in this time. */
const LASTS_MS = 5 * 60_000;
/** A lost connection counts as a delivery. */
const DELIVERIES = 5;
/** Before the node is lost. */
const WARM_MS = 1_000;
/** Lost ids that a message shows. */
const SHOWN = 5;

/** Whether all that it takes comes out again: no length or time of the topology takes messages away meanwhile. */
function keepsAll(plan: Plan, queue: PlannedQueue): boolean {
  const settings = effectiveSettings(plan, queue);
  const least = (key: string, floor: number): boolean => {
    const value = settings.get(key)?.value;
    return typeof value !== "number" || value >= floor;
  };
  const limit = settings.get("delivery-limit")?.value;
  return (
    least("message-ttl", LASTS_MS) &&
    least("expires", LASTS_MS) &&
    least("max-length", ROOM) &&
    least("max-length-bytes", 1_000_000) &&
    (typeof limit !== "number" || limit < 0 || limit >= DELIVERIES)
  );
}

/** In which order a cluster is tried: the node that leads the first queue is lost. */
export function outageCase(outage: Outage): (plan: Plan) => readonly Case[] {
  return (plan) => {
    const quorum = plan.queues.filter(({ type, role }) => type === "quorum" && role.kind === "queue");
    if (quorum.length === 0) return [];
    const fit = quorum.filter((queue) => keepsAll(plan, queue)).map(({ name }) => name);
    // Each wait in it has its own limit; this one is for what nobody thought of.
    const ms = 10 * TIMEOUTS.node;
    return [{ name: "quorum queues", touches: "everything", ms, run: (ground, note) => run(ground, note, outage, fit, quorum.length) }];
  };
}

async function run(ground: Ground, note: Note, outage: Outage, fit: readonly string[], all: number): Promise<void> {
  const { faults, nodeUrls } = ground.target;
  if (!faults || !nodeUrls) throw new Untried("the target names no AMQP address for each node (nodeUrls)");
  if (faults.nodes.length < 3) throw new Untried(`a cluster of ${faults.nodes.length} nodes has no majority without one of them`);
  const queues = fit.slice(0, MOST_QUEUES);
  if (queues.length === 0)
    throw new Untried(`a limit of length, time or deliveries would take messages out of each of the ${all} quorum queues`);
  const before = await placements(ground);
  const first = before.get(queues[0] ?? "");
  const victim = first?.leader ?? first?.node;
  if (!victim) throw new Broken(`queue ${JSON.stringify(queues[0])} is on no node`);
  note(
    "read",
    `${victim} leads queue ${JSON.stringify(queues[0])}; load on ${queues.length} of ${all} quorum queues: ${queues.join(", ")}`,
  );

  const load = await Load.start(ground, queues, nodeUrls, victim);
  const told = (queue: string): string => {
    const { type = "gone", members, node } = before.get(queue) ?? {};
    return `queue ${JSON.stringify(queue)} (${type} on ${nodeList(members ?? [node ?? "no node"])})`;
  };
  const goesOn = (since: number, without: string | undefined, when: string): Promise<unknown[]> =>
    Promise.all(
      queues.map((queue) =>
        ground.eventually(
          `${told(queue)}: publishing and consuming through ${without ? "the other nodes" : "a node"} ${when}`,
          async () => load.stalled(queue, since, without).length === 0 || undefined,
          ground.timeouts.takeover,
          () => `at a standstill: ${load.stalled(queue, since, without).join(", ")}`,
        ),
      ),
    );
  try {
    await goesOn(Date.now() + WARM_MS, undefined, "before anything is changed");
    note("changed", `${victim} is ${outage.done}`);
    await outage.begin(faults, victim);
    const began = Date.now();
    const broken: unknown[] = [];
    const attempt = async (work: Promise<unknown>, what: string): Promise<void> => {
      const since = Date.now();
      try {
        await work;
        note("waited", `${((Date.now() - since) / 1000).toFixed(1)} s until ${what}`);
      } catch (error) {
        broken.push(error);
      }
    };
    await attempt(goesOn(began, victim, `after ${victim} was ${outage.done}`), "all queues went on through the other nodes");
    // It comes back whatever was found, for what is tried next.
    await outage.end(faults, victim);
    await attempt(isBack(ground, victim, queues), `${victim} was back with its members`);
    if (broken.length > 0) throw broken[0];
    load.stopPublishing();
    await nothingLost(ground, note, load, queues, `${victim} was ${outage.done}`);
  } finally {
    await load.stop();
    // Its leaders went to the others, and do not come back by themselves.
    await ground.management.rebalance().catch(() => undefined);
  }
}

/** The node runs, and every member of the queues is online. */
async function isBack(ground: Ground, victim: string, queues: readonly string[]): Promise<void> {
  let seen = "no answer of the management API";
  await ground.eventually(
    `${victim} is back with its members`,
    async () => {
      try {
        const node = (await ground.management.nodes()).find(({ name }) => name === victim);
        if (!node?.running) return void (seen = `${victim} does not run`);
        const found = await placements(ground);
        const off = queues.filter((queue) => {
          const { members = [], online = [] } = found.get(queue) ?? {};
          return members.some((member) => !online.includes(member));
        });
        seen = `queue ${off.map((queue) => JSON.stringify(queue)).join(", ")} has members that are not online`;
        return off.length === 0 || undefined;
      } catch (error) {
        // It may be the node itself that would have answered.
        return void (seen = (error as Error).message);
      }
    },
    ground.timeouts.node,
    () => seen,
  );
}

async function nothingLost(ground: Ground, note: Note, load: Load, queues: readonly string[], what: string): Promise<void> {
  const missing = (): number => queues.reduce((sum, queue) => sum + load.tally(queue).lost.length, 0);
  // The consumers get most of it; what they leave is taken out after they are gone.
  for (let least = missing(), since = Date.now(); least > 0 && Date.now() - since < ground.timeouts.arrival;) {
    await sleep(ground.timeouts.poll);
    if (missing() < least) [least, since] = [missing(), Date.now()];
  }
  await load.stop();
  for (const queue of queues) await load.drain(queue);
  const lines = queues.flatMap((queue) => {
    const { confirmed, lost: ids, repeated } = load.tally(queue);
    note(
      "arrived",
      `queue ${JSON.stringify(queue)}: ${confirmed} confirmed, ${ids.length} of them lost; ${repeated} arrived more than once`,
    );
    if (ids.length === 0) return [];
    const some = `${ids.slice(0, SHOWN).join(", ")}${ids.length > SHOWN ? ", ..." : ""}`;
    return [`queue ${JSON.stringify(queue)}: ${ids.length} of ${confirmed} confirmed messages are lost, ${what} meanwhile: ${some}`];
  });
  if (lines.length > 0) throw new Broken(lines.join("\n"));
}
