/** What the broker has and holds, it has and holds after a restart. */
import { setTimeout as sleep } from "node:timers/promises";
import type { WireVhostDefinitions } from "../../broker/index.js";
import { equal } from "../../topology/equal.js";
import { effectiveSettings } from "../../topology/policies.js";
import type { Plan, PlannedQueue } from "../../topology/compile/plan.js";
import { within, type Session } from "../amqp.js";
import type { Ground } from "../ground.js";
import { Broken, Untried, type Note, type Probe } from "../probe.js";

/** A message has to outlive the restart. */
const LONG_ENOUGH_MS = 10 * 60_000;

type Objects = ReadonlyMap<string, unknown>;

/** Every object of the vhost, by what it is called in a report. */
async function objectsOf({ management, vhost }: Ground): Promise<Objects> {
  const all = await management.vhostDefinitions(vhost);
  if (!all) return new Map();
  const { exchanges, queues, bindings, policies, parameters }: WireVhostDefinitions = all;
  const name = (kind: string, text: string): string => `${kind} ${JSON.stringify(text)}`;
  return new Map<string, unknown>([
    ...exchanges.map((one) => [name("exchange", one.name), one] as const),
    ...queues.map((one) => [name("queue", one.name), one] as const),
    ...policies.map((one) => [name("policy", one.name), one] as const),
    ...parameters.map((one) => [name(`parameter ${one.component}`, one.name), one] as const),
    ...bindings.map((one) => {
      const args = Object.keys(one.arguments).length === 0 ? "" : ` ${JSON.stringify(one.arguments)}`;
      return [name("binding", `${one.source} -> ${one.destination} (key ${JSON.stringify(one.routing_key)})${args}`), one] as const;
    }),
  ]);
}

function differences(before: Objects, after: Objects): string[] {
  return [
    ...[...before.keys()].filter((name) => !after.has(name)).map((name) => `${name} is gone after the restart`),
    ...[...after.keys()].filter((name) => !before.has(name)).map((name) => `${name} is there after the restart, and was not before`),
    ...[...before]
      .filter(([name, value]) => after.has(name) && !equal(after.get(name), value))
      .map(([name, value]) => `${name} was ${JSON.stringify(value)} before the restart, and is ${JSON.stringify(after.get(name))}`),
  ];
}

/** Durable, and its messages stay long enough. */
function keepers(plan: Plan): PlannedQueue[] {
  return plan.queues.filter((queue) => {
    const settings = effectiveSettings(plan, queue);
    const ttl = settings.get("message-ttl")?.value;
    const most = settings.get("max-length")?.value;
    return queue.durable && !(typeof ttl === "number" && ttl < LONG_ENOUGH_MS) && !(typeof most === "number" && most < 1);
  });
}

async function sendToEach(ground: Ground, queues: readonly PlannedQueue[], note: Note): Promise<Map<string, string>> {
  const session = await ground.session();
  const sent = new Map<string, string>();
  for (const { name } of queues) {
    const messageId = ground.messageId();
    const { confirmed, returned } = await session.publish("", name, { messageId });
    if (!confirmed || returned !== undefined)
      throw new Broken(`a message to queue ${JSON.stringify(name)} was not taken: ${returned ?? "refused"}`);
    sent.set(name, messageId);
  }
  note("sent", `a persistent message to each of ${sent.size} queues, confirmed`);
  return sent;
}

/** Resolves when the broker was away, or has answered long enough, and all of it answers again. */
async function backAgain(ground: Ground, note: Note): Promise<void> {
  const { management, timeouts } = ground;
  const began = Date.now();
  await ground.eventually(
    "the broker to be back",
    async () => {
      // A connection that a proxy accepts and drops may stay without an answer.
      const ready = within(timeouts.connect / 5, "an answer", management.health("virtual-hosts")).catch(() => "no answer");
      if ((await ready) !== undefined) return undefined;
      return ground.session().then(
        () => true,
        () => undefined,
      );
    },
    timeouts.node,
  );
  note("waited", `${((Date.now() - began) / 1000).toFixed(1)} s until it answered again`);
}

async function isThere(ground: Ground, session: Session, { name, type }: PlannedQueue, id: string): Promise<boolean> {
  if (type !== "stream") {
    const all = await session.await(name, 1, ground.timeouts.arrival);
    return all.some(({ properties }) => properties.messageId === id);
  }
  const channel = await session.channel();
  await channel.prefetch(1000);
  let found = false;
  const look = (message: { properties: { messageId?: unknown } } | null): void => {
    if (message) channel.ack(message as Parameters<typeof channel.ack>[0]);
    found ||= message?.properties.messageId === id;
  };
  await channel.consume(name, look, { arguments: { "x-stream-offset": "first" } });
  for (const deadline = Date.now() + ground.timeouts.arrival; !found && Date.now() < deadline;) await sleep(ground.timeouts.poll);
  await channel.close();
  return found;
}

async function tryRestart(ground: Ground, note: Note): Promise<void> {
  const { restart } = ground.target;
  if (!restart) throw new Untried("nobody gave the right to restart the broker");
  const queues = keepers(ground.plan);
  const sent = await sendToEach(ground, queues, note);
  const before = await objectsOf(ground);
  note("read", `${before.size} objects in vhost ${JSON.stringify(ground.vhost)}`);
  await restart();
  note("changed", "the broker was restarted");
  await backAgain(ground, note);
  const faults = differences(before, await objectsOf(ground));
  const session = await ground.session();
  for (const queue of queues) {
    if (faults.includes(`queue ${JSON.stringify(queue.name)} is gone after the restart`)) continue;
    if (!(await isThere(ground, session, queue, sent.get(queue.name) ?? "")))
      faults.push(`queue ${JSON.stringify(queue.name)} lost a persistent message that was confirmed before the restart`);
  }
  if (faults.length > 0) throw new Broken(faults.join("\n"));
  note("arrived", `the message of each of ${queues.length} queues`);
}

export const restart: Probe = {
  name: "restart",
  promise: "A restart of the broker changes no object, and loses no persistent message that was confirmed.",
  level: "core",
  profile: "probe",
  needs: ["restart"],
  cases: () => [{ name: "restart of the broker", touches: "everything", ms: 300_000, run: tryRestart }],
};
