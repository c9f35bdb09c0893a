/** The settings that the broker has in effect for a queue, against those that the topology says; and a change of one for a while. */
import type { WireQueue } from "../broker/index.js";
import { escapeRegex } from "../topology/names.js";
import { effectiveSettings, sourceText, type EffectiveSettings } from "../topology/policies.js";
import type { QueueType } from "../topology/settings.js";
import type { Subject } from "./ends.js";
import type { Ground } from "./ground.js";
import { Broken, type Note } from "./probe.js";

/** Above every policy that anybody would write. */
const PRIORITY = 1_000_000;

async function read(ground: Ground, name: string): Promise<WireQueue> {
  const queue = await ground.management.getQueue(ground.vhost, name);
  if (!queue) throw new Broken(`queue ${JSON.stringify(name)} does not exist`);
  return queue;
}

/** By the queue's own arguments and by what the broker says that its policies come to. */
async function liveSettings(ground: Ground, name: string): Promise<EffectiveSettings> {
  const { arguments: args, type, policy, operator_policy: operator, effective_policy_definition: definition } = await read(ground, name);
  const origin = "";
  const held = [policy, operator].filter(Boolean).join(" with operator policy ");
  const policies = [
    { name: held, pattern: `^${escapeRegex(name)}$`, applyTo: "all" as const, priority: 0, definition: definition ?? {}, origin },
  ];
  return effectiveSettings({ policies, operatorPolicies: [] }, { name, type: (type ?? "classic") as QueueType, arguments: args });
}

/** Throws a Broken if one of these settings has another value on the broker than in the topology. */
export async function inEffect(ground: Ground, note: Note, { name, settings }: Subject, keys: readonly string[]): Promise<void> {
  const live = await liveSettings(ground, name);
  const lines = keys.flatMap((key) => {
    const [found, declared] = [live.get(key), settings.get(key)];
    const told = found === undefined ? "not set" : `${JSON.stringify(found.value)} (${sourceText(found.source)})`;
    note("read", `${key} is ${told}`);
    if (found?.value === declared?.value) return [];
    return [
      `queue ${JSON.stringify(name)}: ${key} is ${told}, declared is ${declared === undefined ? "none" : JSON.stringify(declared.value)}`,
    ];
  });
  if (lines.length > 0) throw new Broken(lines.join("\n"));
}

/** While `work` runs, a policy of the highest priority repeats what is in effect for the queue, with some settings changed. */
export async function changed(
  ground: Ground,
  note: Note,
  { name }: Subject,
  settings: Readonly<Record<string, number>>,
  work: () => Promise<void>,
): Promise<void> {
  const { effective_policy_definition: definition, type } = await read(ground, name);
  const policy = `${ground.run}-${name}`;
  const holds = (wanted: boolean): Promise<true> =>
    ground.eventually(
      `queue ${JSON.stringify(name)}: policy ${JSON.stringify(policy)} ${wanted ? "to hold" : "to be gone"}`,
      async () => ((await read(ground, name)).policy === policy) === wanted || undefined,
      ground.timeouts.effect,
    );
  await ground.management.putPolicy(ground.vhost, policy, {
    ...{ pattern: `^${escapeRegex(name)}$`, applyTo: type === "stream" ? "streams" : `${type ?? "classic"}_queues`, priority: PRIORITY },
    definition: { ...definition, ...settings },
  });
  try {
    await holds(true);
    for (const [key, value] of Object.entries(settings)) note("changed", `${key} to ${value}, by a policy for a while`);
    await work();
  } finally {
    await ground.management.deletePolicy(ground.vhost, policy);
    await holds(false);
  }
}
