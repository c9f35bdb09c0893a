/** Queues that stay, and that an update would make hold less than is in them: by a smaller limit, or by a time after which nobody's queue goes. */
import type { InstallationPlan, Plan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import { plural } from "../topology/plural.js";
import { effectiveSettings, sourceText, type EffectiveSetting, type EffectiveSettings } from "../topology/policies.js";
import { itemId } from "./items.js";
import type { LiveInstallation, LiveQueue, LiveVhost } from "./live.js";
import { settle, type Managed, type QueueName } from "./losses.js";
import type { Management } from "./management.js";

const LIMITS = ["max-length", "max-length-bytes"] as const;
type Limit = (typeof LIMITS)[number];

export interface SmallerLimit extends QueueName {
  readonly key: Limit | "expires";
  readonly type: LiveQueue["type"];
  readonly before: unknown;
  readonly after: EffectiveSetting;
  /** Whether what is dropped goes to a dead-letter exchange. */
  readonly deadLettered: boolean;
}

/**
 * The queues of planned vhosts, whoever made them, that stay and whose limit by policies would be another one than now. A queue that refuses
 * what is too much (`overflow`) drops nothing. Streams keep what they are told to keep. Pure.
 */
export function smallerLimits(
  plan: InstallationPlan,
  live: LiveInstallation,
  options: { readonly managed?: Managed | undefined; readonly going: readonly QueueName[] },
): SmallerLimit[] {
  const going = new Set(options.going.map(({ vhost, queue }) => itemId("queue", vhost, queue)));
  return plan.vhosts.flatMap((target) => {
    const vhost = target.vhost.name;
    const found = live.vhosts.find((one) => one.vhost.name === vhost);
    if (!found) return [];
    const [was, will] = [held(found.policies, found.operatorPolicies), policiesAfter(target, found, options.managed)];
    return found.queues
      .filter(({ name, type }) => type !== "stream" && !going.has(itemId("queue", vhost, name)))
      .flatMap((queue) => {
        const [before, after] = [effectiveSettings(was, queue), effectiveSettings(will, queue)];
        return changed(queue.type, before, after).map((setting): SmallerLimit => ({
          ...{ vhost, queue: queue.name, type: queue.type, key: setting.key as SmallerLimit["key"], after: setting },
          before: before.get(setting.key)?.value,
          deadLettered: setting.key !== "expires" && after.has("dead-letter-exchange"),
        }));
      });
  });
}

type Policies = Pick<Plan, "policies" | "operatorPolicies">;

const held = (policies: LiveVhost["policies"], operatorPolicies: LiveVhost["operatorPolicies"]): Policies => ({
  policies: policies.map((policy) => ({ ...policy, origin: "" })),
  operatorPolicies: operatorPolicies.map((policy) => ({ ...policy, origin: "" })),
});

/** Those of the plan, and of the others those that the stack has not made: they stay. */
function policiesAfter({ vhost: { name: vhost }, policies, operatorPolicies }: Plan, live: LiveVhost, managed?: Managed): Policies {
  const stays =
    (kind: "policy" | "operator policy", planned: readonly { readonly name: string }[]) =>
    ({ name }: { readonly name: string }): boolean =>
      !planned.some((policy) => policy.name === name) && !managed?.objects.has(itemId(kind, vhost, name));
  const others = held(
    live.policies.filter(stays("policy", policies)),
    live.operatorPolicies.filter(stays("operator policy", operatorPolicies)),
  );
  return {
    policies: [...policies, ...others.policies],
    operatorPolicies: [...operatorPolicies, ...others.operatorPolicies],
  };
}

const DROPS = "drop-head";

/**
 * The settings that may take messages out which were let in before. A classic queue takes over `max-length` before `overflow`, so a policy that
 * brings both drops once, even if it refuses afterwards (seen on 4.3.6; a quorum queue does not).
 */
function changed(type: LiveQueue["type"], before: EffectiveSettings, after: EffectiveSettings): EffectiveSetting[] {
  const overflow = (settings: EffectiveSettings): unknown => settings.get("overflow")?.value ?? DROPS;
  const drops = overflow(after) === DROPS || (type === "classic" && overflow(before) === DROPS);
  const startsToDrop = overflow(after) === DROPS && overflow(before) !== DROPS;
  const smaller = (key: string): boolean => Number(after.get(key)?.value) < Number(before.get(key)?.value ?? Infinity);
  return [...(drops ? LIMITS.filter((key) => startsToDrop || smaller(key)) : []), ...(smaller("expires") ? ["expires"] : [])].flatMap(
    (key) => after.get(key) ?? [],
  );
}

export interface Overflowing extends SmallerLimit {
  /** Ready messages, or their bytes, as the limit counts them; `undefined` if the broker does not say. */
  readonly holds: number | undefined;
}

/** Those that hold more than they are to. Waits until the counts are as old as the call, if there is anything to count. */
export async function overflowing(
  management: Pick<Management, "counts" | "bytes" | "consumers">,
  found: readonly SmallerLimit[],
  onWait?: (ms: number) => void,
): Promise<Overflowing[]> {
  if (found.length === 0) return [];
  await settle(
    // Bytes come from the statistics, as all counts of streams do.
    found.map(({ type, key }) => (key === "max-length-bytes" ? "stream" : type)),
    onWait,
  );
  const idOf = (vhost: string, queue: string): string => itemId("queue", vhost, queue);
  const vhostsOf = (key: SmallerLimit["key"]): string[] => [...new Set(found.filter((one) => one.key === key).map(({ vhost }) => vhost))];
  const counts = new Map((await management.counts()).map((queue) => [idOf(queue.vhost, queue.name), queue]));
  const sized = (await Promise.all(vhostsOf("max-length-bytes").map((vhost) => management.bytes(vhost)))).flat();
  const bytes = new Map(sized.map((queue) => [idOf(queue.vhost, queue.name), queue.message_bytes_ready]));
  const consumers = (await Promise.all(vhostsOf("expires").map((vhost) => management.consumers(vhost)))).flat();
  const used = new Set(consumers.map(({ queue }) => idOf(queue.vhost, queue.name)));
  return found.flatMap((one): Overflowing[] => {
    const id = idOf(one.vhost, one.queue);
    const { messages, messages_ready: ready = messages } = counts.get(id) ?? {};
    if (messages === 0) return [];
    if (one.key === "expires") return used.has(id) ? [] : [{ ...one, holds: messages }];
    const holds = one.key === "max-length" ? ready : bytes.get(id);
    return holds === undefined || holds > Number(one.after.value) ? [{ ...one, holds }] : [];
  });
}

const UNITS = { "max-length": "message", "max-length-bytes": "byte", expires: "message" } as const;

function lineOf({ vhost, queue, type, key, before, after, holds, deadLettered }: Overflowing): string {
  const amount = holds === undefined ? "an unknown number" : plural(holds, UNITS[key]);
  const then =
    key === "expires"
      ? "and nobody consumes: the broker deletes it after that time"
      : `the broker ${deadLettered ? "dead-letters" : "drops"} the oldest at once`;
  const set = `${key} becomes ${Number(after.value)} by ${sourceText(after.source)} (${before === undefined ? "not set" : Number(before)} now)`;
  return `  ${type} queue ${JSON.stringify(queue)} in vhost ${JSON.stringify(vhost)} holds ${amount}; ${set}: ${then}`;
}

/** Throws a WarrenError that lists those whose messages would be lost, if there are any. */
export function refuseOverflowing(found: readonly Overflowing[]): void {
  const bad = found.filter(({ deadLettered }) => !deadLettered);
  if (bad.length === 0) return;
  const queues = new Set(bad.map(({ vhost, queue }) => itemId("queue", vhost, queue)));
  const fault = `up would lose messages of ${plural(queues.size, "queue")} by a smaller limit; nothing was changed.`;
  throw new WarrenError([fault, ...bad.map(lineOf)].join("\n"), {
    remedy: [
      "let consumers empty it that far first (stop the publishers, or unbind it), and run up again;",
      "or keep the limit above what it holds;",
      "or give it a dead-letter exchange in an update before (deadLetter): what a limit takes out goes there;",
      "or, to lose them on purpose: pulumi config set warren:allowDataLoss true, and remove it afterwards",
    ].join("\n           "),
  });
}

/** What to know of messages that only move; `undefined` if none do. */
export function overflowWarning(found: readonly Overflowing[]): string | undefined {
  const moved = found.filter(({ deadLettered }) => deadLettered);
  if (moved.length === 0) return undefined;
  return ["Messages above a smaller limit are dead-lettered by this update:", ...moved.map(lineOf)].join("\n");
}
