/** What has to hold before anything is tried: the probes exist, the vhosts are there, and nobody uses what profile full would empty. */
import { setTimeout as sleep } from "node:timers/promises";
import { shownAddress, type Management } from "../broker/index.js";
import type { Plan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import type { Ground } from "./ground.js";
import type { Probe } from "./probe.js";

export function choose(all: readonly Probe[], only: readonly string[] | undefined): readonly Probe[] {
  if (!only?.length) return all;
  const names = all.map(({ name }) => name);
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new WarrenError(`There is no probe ${unknown.map((name) => JSON.stringify(name)).join(", ")}.`, {
      allowed: names,
      remedy: "name some of these; a topology goes before --only, which takes every word behind it",
      exitCode: 2,
    });
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

/** Exports, users and permissions are for administrators alone. */
export async function requireAdministrator(management: Management): Promise<void> {
  const { name, tags } = await management.whoami();
  if (tags.includes("administrator")) return;
  throw new WarrenError(
    `User ${JSON.stringify(name)} is no administrator of the broker at ${management.endpoint}, and the suite needs one.`,
    {
      remedy: "name a user with the tag administrator",
      exitCode: 2,
    },
  );
}

/** Where messages are published the broker has to answer: what cannot be tried is no broken promise. */
export async function requireAmqp(grounds: readonly Ground[]): Promise<void> {
  for (const ground of grounds) {
    try {
      await ground.session();
    } catch (error) {
      const reason = error instanceof Error ? error.message || error.name : String(error);
      throw new WarrenError(`The broker does not let the suite in at ${shownAddress(ground.target.amqpUrl ?? "")}: ${reason}`, {
        remedy: "check the address (--amqp), that the port speaks AMQP, and its certificate authority (WARREN_BROKER_CA_FILE)",
        exitCode: 2,
        cause: error,
      });
    }
  }
}

/** Why a copy of the topology could not be made. */
export function unmade(error: unknown): Error {
  const fault = error instanceof Error ? error : new Error(String(error));
  if (!/limit_exceeded/.test(fault.message)) return fault;
  return new WarrenError("The broker has as many vhosts, queues or exchanges as its own limit allows, and profile probe needs a copy.", {
    remedy: "raise vhost_max, or its other limits, by what the copy needs; or take --profile read-only",
    exitCode: 2,
    cause: error,
  });
}
