/** What the page says of one queue when it is opened. */
import { BrokerError, type Management, type WireQueue } from "../broker/index.js";
import { shortDuration } from "../topology/compile/graph-words.js";
import { deadLetterTargets } from "../topology/compile/dead-letter-queues.js";
import type { Plan, PlannedQueue } from "../topology/compile/plan.js";
import { effectiveSettings, sourceText, winner } from "../topology/policies.js";
import type { Atlas, Region } from "./atlas.js";
import type { QueueDetails, SettingRow } from "./protocol.js";
import type { Reading } from "./readings.js";

const cell = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

const DURATIONS = /^(message-ttl|expires|consumer-timeout|delayed-retry-m(in|ax))$/;
const shown = (key: string, value: unknown): string => (DURATIONS.test(key) ? shortDuration(value) : cell(value));

/** Queues that a dead letter of this queue reaches, as far as its key does not matter. */
export function deadLetterQueuesOf({ router, plan }: Region, name: string): string[] {
  const queue = plan.queues.find((one) => one.name === name);
  if (!queue) return [];
  return [...deadLetterTargets(plan, router, queue)];
}

/** Of a topology that is there; `undefined` for a queue that it does not have. */
export function plannedQueue(
  atlas: Atlas,
  vhost: string,
  name: string,
): { readonly region: Region; readonly queue: PlannedQueue } | undefined {
  for (const region of atlas.ofVhost(vhost)) {
    const queue = region.plan.queues.find((one) => one.name === name);
    if (queue) return { region, queue };
  }
  return undefined;
}

function settingsOf(plan: Plan, queue: PlannedQueue): SettingRow[] {
  return [...effectiveSettings(plan, queue)].map(([key, { value, source }]) => ({
    key,
    value: shown(key, value),
    source: sourceText(source),
  }));
}

/** The winning policies are the broker's word; for a queue that is missing, those that would win. */
function policiesOf(plan: Plan, queue: PlannedQueue, live: WireQueue | undefined): { policy?: string; operatorPolicy?: string } {
  const object = { kind: "queue", name: queue.name, type: queue.type } as const;
  const [policy, operatorPolicy] = live
    ? [live.policy, live.operator_policy]
    : [winner(plan.policies, object)?.name, winner(plan.operatorPolicies, object)?.name];
  return { ...(policy ? { policy } : {}), ...(operatorPolicy ? { operatorPolicy } : {}) };
}

/** @param read What is known of the vhost, so that the broker is asked about this queue alone. @default it is asked for all of the vhost */
export async function queueDetails(
  atlas: Atlas,
  management: Pick<Management, "getQueue" | "traffic" | "consumers" | "placement">,
  vhost: string,
  name: string,
  read?: Pick<Reading, "queues" | "consumers">,
): Promise<QueueDetails | undefined> {
  const planned = plannedQueue(atlas, vhost, name);
  if (!planned) return undefined;
  const { region, queue } = planned;
  const { plan } = region;
  const [live, traffic, consumers, placement] = await Promise.all([
    management.getQueue(vhost, name),
    read?.queues ?? management.traffic(vhost),
    read?.consumers ?? management.consumers(vhost),
    management.placement(vhost, name).catch((error: unknown) => {
      if (error instanceof BrokerError) return undefined;
      throw error;
    }),
  ]);
  const depth = new Map((traffic ?? []).map((one) => [one.name, one.messages ?? 0]));
  const held = (one: string): { messages?: number } => {
    const messages = depth.get(one);
    return messages === undefined ? {} : { messages };
  };
  const rungs = plan.queues
    .filter(({ role }) => role.kind === "rung" && role.of === name)
    .map((rung) => ({
      queue: rung.name,
      waits: shortDuration(effectiveSettings(plan, rung).get("message-ttl")?.value),
      ...held(rung.name),
    }));
  const node = placement?.leader ?? placement?.node ?? live?.node;
  return {
    vhost,
    name,
    type: live?.type ?? queue.type,
    onBroker: live !== undefined,
    ...(node ? { node } : {}),
    ...(placement?.members ? { members: placement.members } : {}),
    arguments: Object.entries(live?.arguments ?? queue.arguments).map(([key, value]) => ({ key, value: cell(value) })),
    ...policiesOf(plan, queue, live),
    settings: settingsOf(plan, queue),
    bindings: plan.bindings
      .filter(({ destination, destinationType }) => destinationType === "queue" && destination === name)
      .map(({ source, routingKey, arguments: args }) => ({
        source,
        key: [routingKey, ...Object.entries(args).map(([key, value]) => `${key}=${cell(value)}`)].filter((text) => text !== "").join(" "),
      })),
    consumers: consumers
      .filter((one) => one.queue.vhost === vhost && one.queue.name === name)
      .slice(0, 100)
      .map(({ consumer_tag: tag, channel_details: channel }) => ({ tag, user: channel?.user ?? "" })),
    ladder: rungs,
    deadLetterQueues: deadLetterQueuesOf(region, name)
      .filter((one) => one !== name)
      .map((one) => ({ queue: one, ...held(one) })),
  };
}
