// Every probe is able to fail: for each mutation it has to, and without the mutation it must not.
import { afterAll, describe, expect, it } from "vitest";
import { Management } from "../broker/index.js";
import { scratchName } from "../testing/broker.js";
import { faultsOf } from "../testing/faults-of.js";
import { liveTarget, provisionLive } from "../testing/provision-live.js";
import { TlsBroker } from "../testing/tls-broker.js";
import type { Mutable, Mutation } from "./mutation.js";
import { clusterMutations, mutations } from "./mutations/index.js";
import { probes } from "./probes/index.js";
import { conform } from "./run.js";

let container: Promise<TlsBroker> | undefined;
afterAll(async () => (await container)?.remove());

/** The topology on the live broker, or on that of a container of its own; in a vhost of its own. */
async function provision({ topology, container: own }: Mutation, finished: (undo: () => Promise<void>) => void): Promise<Mutable> {
  const vhost = scratchName("mutation");
  const installation = { topologies: [{ ...topology, name: vhost }] };
  const started = own ? await (container ??= TlsBroker.start()) : undefined;
  const target = started?.target(installation) ?? (await liveTarget(installation));
  const management = new Management(target.management);
  const remove = await provisionLive(management, installation);
  finished(async () => {
    await remove();
    await management.close();
  });
  const ownContainer = (): TlsBroker => {
    if (started) return started;
    throw new Error("A mutation that uses the broker's container has to ask for it: container: true.");
  };
  return { management, vhost, target, container: ownContainer };
}

it("every probe has a mutation", () => {
  const covered = new Set([...mutations, ...clusterMutations].map(({ probe }) => probe));
  expect(probes.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([]);
});

/** What is broken already need not be waited for long. */
const IMPATIENT = 0.5;

async function judge(mutation: Mutation, finished: (undo: () => Promise<void>) => void): Promise<void> {
  const { probe, change, says, undo, long = false } = mutation;
  const broker = await provision(mutation, finished);
  const whole = { ...broker.target, ...mutation.target?.(broker) };
  const changed = { ...broker, target: whole };
  finished(async () => void (await undo?.(changed)));
  const before = await conform(whole, { profile: "full", only: [probe], long });
  expect(faultsOf(before)).toBe("");
  expect(before.counts.success).toBeGreaterThan(0);
  await change(changed);
  const after = await conform(whole, { profile: "full", only: [probe], long, patience: IMPATIENT });
  expect(faultsOf(after)).toMatch(says);
  expect(after.result).toBe("failure");
  // Who publishes nothing at all is told too that the broker is not what the topology says.
  if (!mutation.container) expect((await conform(whole, { profile: "read-only" })).result).toBe("failure");
}

const named = (own: boolean) =>
  mutations.filter(({ container = false }) => container === own).map((mutation) => [mutation.probe, mutation.name, mutation] as const);

describe.concurrent("on a shared broker", () => {
  it.for(named(false))("probe %s succeeds, and fails if %s", ([, , mutation], { onTestFinished }) => judge(mutation, onTestFinished));
});

describe("on a broker of their own", () => {
  it.for(named(true))("probe %s succeeds, and fails if %s", ([, , mutation], { onTestFinished }) => judge(mutation, onTestFinished));
});
