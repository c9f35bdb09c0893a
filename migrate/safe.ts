/** What cannot be done without loss, refused before anything is led elsewhere. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Management } from "../broker/management.js";
import type { WireQueue } from "../broker/wire.js";
import type { PlannedPolicy, PlannedQueue } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import { plural } from "../topology/plural.js";
import { checkQueue, Connection, type BrokerSettings } from "../workers/dead-letters/connection.js";
import { publishedByName, shovelsInto } from "./by-name.js";
import { feedersOf, isRung, messagesIn, setting, typeOf } from "./live-queue.js";
import { limitsOf } from "./room.js";

/** The default of `collect_statistics_interval` is 5 s. */
const STATISTICS_MS = 6000;

export interface SafeArgs {
  readonly management: Management;
  readonly broker: BrokerSettings;
  readonly queue: PlannedQueue;
  readonly policies?: readonly PlannedPolicy[];
  readonly publishersStopped?: boolean;
}

/** Throws a `WorkerError` or a WarrenError that says why, and what to do first. Gives the number of consumers. */
export async function requireSafe(args: SafeArgs, live: WireQueue): Promise<number> {
  const consumers = await requireConnection(args);
  requireLasting(live);
  await requireTakers(args);
  await requireKey(args, live);
  await requireNoDeaths(args);
  await requireNotByName(args, live);
  if (consumers === 0) await requireRoom(args, live);
  return consumers;
}

const refusal = (name: string, fault: string, remedy: string): WarrenError => new WarrenError(`${name} ${fault}.`, { remedy, exitCode: 2 });

/** Whoever moves has to be let in. Gives the number of consumers. */
async function requireConnection({ broker, queue }: SafeArgs): Promise<number> {
  const connection = await Connection.open(broker);
  try {
    return (await checkQueue(connection, queue.name)).consumers;
  } finally {
    await connection.close();
  }
}

function requireLasting(live: WireQueue): void {
  if (typeOf(live) === "stream")
    throw refusal(
      live.name,
      "is a stream: messages are read out of a stream, not taken",
      "declare a queue of another name beside it, and let consumers go over",
    );
  if (live.auto_delete || setting(live, "expires") !== undefined)
    throw refusal(
      live.name,
      "is deleted by the broker when nobody uses it, with what is in it",
      "take that from it first (expires by policy), or let consumers empty it",
    );
}

async function requireTakers({ management, broker: { vhost }, queue: { name } }: SafeArgs): Promise<void> {
  const alone = (await management.consumers(vhost)).find(({ queue, exclusive }) => exclusive && queue.name === name);
  if (alone)
    throw refusal(
      name,
      `has an exclusive consumer (${alone.consumer_tag}): nobody else may take from it`,
      "stop that consumer, or let it consume without exclusive; singleActiveConsumer keeps one at a time",
    );
}

/** A message that was moved comes by the queue's name: where dead letters keep their key, it would be another one. */
async function requireKey({ management, broker: { vhost } }: SafeArgs, live: WireQueue): Promise<void> {
  const exchange = setting(live, "dead-letter-exchange");
  if (typeof exchange !== "string" || exchange === "" || setting(live, "dead-letter-routing-key") !== undefined) return;
  const type = (await management.getExchange(vhost, exchange))?.type;
  if (type === undefined || type === "fanout" || type === "headers") return;
  throw refusal(
    live.name,
    `gives its dead letters to the ${type} exchange ${exchange} with the key that they came with, which a message that was moved has no more`,
    "give it a key for them (deadLetterTo.routingKey; by policy it changes in place), or let consumers empty it",
  );
}

async function requireNoDeaths({ management, broker: { vhost }, queue: { name }, publishersStopped }: SafeArgs): Promise<void> {
  if (publishersStopped) return;
  const others = (await feedersOf(management, vhost, name)).filter((queue) => !isRung(queue));
  if (others.length > 0)
    throw refusal(
      name,
      `takes dead letters of ${others.map((queue) => queue.name).join(", ")} past all exchanges: those that come when it is made again would be lost`,
      "stop the consumers of these, and say so: --publishers-stopped",
    );
}

/** Who publishes by the queue's name can be led nowhere. That nobody is seen proves nothing: statistics are late, and know no AMQP 1.0. */
export async function requireNotByName({ management, broker: { vhost }, publishersStopped }: SafeArgs, live: WireQueue): Promise<void> {
  if (publishersStopped) return;
  const { name } = live;
  const [exported, messages] = await Promise.all([management.definitions(), seenByName(management, vhost, name)]);
  const ways = [
    ...shovelsInto({ vhost, name }, exported?.definitions.parameters ?? []),
    ...(["federation-upstream", "federation-upstream-set"].some((key) => setting(live, key) !== undefined)
      ? [`its federation (policy ${live.policy ?? "unknown"})`]
      : []),
    ...(messages > 0 ? [`publishers to the default exchange (${plural(messages, "message")} at least, by the statistics)`] : []),
  ];
  if (ways.length > 0)
    throw refusal(
      name,
      `is reached by its name, past all exchanges, by ${ways.join(", ")}: what comes when it is made again would be lost`,
      "stop these, and say so: --publishers-stopped. What warren migrate and warren dlq requeue put there counts as published too: if it was that, say so as well",
    );
}

/** Figures of exchanges may be behind those of a queue, by an interval of the statistics: what the exchanges bring meanwhile is no publisher by name. */
async function seenByName(management: Management, vhost: string, name: string): Promise<number> {
  const queue = (await management.incoming(vhost, name)) ?? { name };
  const until = Date.now() + (queue.incoming?.length ? 0 : STATISTICS_MS);
  for (;;) {
    const messages = publishedByName(queue, await management.published(vhost));
    if (messages === 0 || Date.now() >= until) return messages;
    await sleep(1000);
  }
}

/** What comes back waits for room in a full queue, which nobody makes where nobody consumes. */
async function requireRoom({ management, broker, queue, policies = [] }: SafeArgs, live: WireQueue): Promise<void> {
  const wanted = { ...live, arguments: queue.arguments };
  const definitions = [live.effective_policy_definition ?? {}, ...policies.map(({ definition }) => definition)];
  const limits = definitions.map((definition) => limitsOf({ ...wanted, effective_policy_definition: { ...definition } }));
  const room = Math.min(...limits.map(({ messages }) => messages));
  const messages = (await messagesIn(management, broker.vhost))(queue.name);
  if (messages <= room || queue.role.kind === "rung") return;
  throw new WarrenError(`${queue.name} holds ${plural(messages, "message")}, is to hold at most ${room}, and nobody consumes from it.`, {
    remedy: "start its consumers, which then make room for what comes back; or give it a greater maxLength",
  });
}
