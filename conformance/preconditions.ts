/** What has to hold before anything is tried: the probes exist, the vhosts are there, and nobody uses what profile full would empty. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Management } from "../broker/index.js";
import type { Plan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import type { Probe } from "./probe.js";

export function choose(all: readonly Probe[], only: readonly string[] | undefined): readonly Probe[] {
  if (!only?.length) return all;
  const names = all.map(({ name }) => name);
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new WarrenError(`There is no probe ${unknown.map((name) => JSON.stringify(name)).join(", ")}.`, { allowed: names, exitCode: 2 });
  }
  return all.filter(({ name }) => only.includes(name));
}

export async function requireVhosts(management: Management, plans: readonly Plan[]): Promise<void> {
  const there = new Set((await management.vhosts()).map(({ name }) => name));
  const missing = plans.map(({ vhost }) => vhost.name).filter((name) => !there.has(name));
  if (missing.length === 0) return;
  throw new WarrenError(`The broker at ${management.endpoint} has no vhost ${missing.map((name) => JSON.stringify(name)).join(", ")}.`, {
    remedy: "provision the topology first (npm run up, or pulumi up), or name the broker that it is on by --broker",
    exitCode: 2,
  });
}

/** The profile takes messages out of the real queues, so there must be none, and nobody else who takes them. Counts may be some seconds old. */
export async function requireQuiet(management: Management, plans: readonly Plan[], ms: number): Promise<void> {
  const vhosts = new Set(plans.map(({ vhost }) => vhost.name));
  for (const deadline = Date.now() + ms; ; await sleep(500)) {
    const uses = await usesOf(management, vhosts);
    if (uses.length === 0) return;
    if (Date.now() < deadline) continue;
    throw new WarrenError([`Profile full uses the real queues, and they are in use:`, ...uses].join("\n"), {
      remedy: "take --profile probe, which tries a copy; or empty the queues and stop the consumers, on a broker that can be thrown away",
      exitCode: 2,
    });
  }
}

async function usesOf(management: Management, vhosts: ReadonlySet<string>): Promise<string[]> {
  const held = (await management.counts()).filter(({ vhost, messages, type }) => vhosts.has(vhost) && messages !== 0 && type !== "stream");
  const consumers = (await Promise.all([...vhosts].map((vhost) => management.consumers(vhost)))).flat();
  return [
    ...held.map(
      ({ vhost, name, messages }) => `  queue ${JSON.stringify(name)} in vhost ${JSON.stringify(vhost)} holds ${messages ?? "?"} messages`,
    ),
    ...consumers.map(({ queue }) => `  queue ${JSON.stringify(queue.name)} in vhost ${JSON.stringify(queue.vhost)} has a consumer`),
  ];
}
