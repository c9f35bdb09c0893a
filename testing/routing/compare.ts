/** Declares topologies on a live broker, sends their messages, and sets what becomes of them beside what the model says. */
import { randomBytes } from "node:crypto";
import amqp from "amqplib";
import { compile } from "../../topology/compile/compile.js";
import { definitions } from "../../topology/compile/definitions.js";
import type { Plan } from "../../topology/compile/plan.js";
import { sorted } from "../../topology/routing/headers.js";
import type { Outcome } from "../../topology/routing-regressions.js";
import { callBroker, type LiveBroker } from "../broker-api.js";
import type { Answer } from "./answer.js";
import { answersTo, fleeting } from "./answers.js";
import { agrees } from "./agrees.js";
import type { Scene } from "./network.js";
import { Observer } from "./observe.js";
import { renamed, together } from "./rename.js";

/** For what has to come, on a machine that is busy. */
const PATIENCE_MS = 5000;

export interface Compared {
  readonly scene: Scene;
  /** By message; none where the model says nothing exact. */
  readonly answers: readonly (Answer | undefined)[];
  readonly outcomes: readonly (readonly Outcome[] | undefined)[];
  /** Indices of messages whose outcome is another than the answer. */
  readonly wrong: readonly number[];
}

/** Vhosts that are being removed while the next one is in use. */
const removals = new Set<Promise<void>>();

export const removed = async (): Promise<void> => void (await Promise.all(removals));

/** Declares scenes beside one another in a vhost of their own, runs their messages, and removes it. */
export async function compareScenes(broker: LiveBroker, scenes: readonly Scene[], patience = PATIENCE_MS): Promise<Compared[]> {
  const vhost = `warren-routing-${randomBytes(6).toString("hex")}`;
  const at = `/api/vhosts/${vhost}`;
  const plans = scenes.map(({ topology }) => compile({ name: vhost, ...topology }));
  const prefixes = scenes.map((_, index) => `n${index}-`);
  await callBroker(broker, "PUT", at);
  try {
    const rights = { configure: ".*", write: ".*", read: ".*" };
    await callBroker(broker, "PUT", `/api/permissions/${vhost}/${encodeURIComponent(broker.username)}`, rights);
    const plan = together(
      plans.map((own, index) => renamed(own, prefixes[index] ?? "")),
      vhost,
    );
    if (!plan) return [];
    // The broker's import takes no null, with which a binding asks for a header of any value: such are declared by AMQP.
    const [byHand, bindings] = [true, false].map((wanted) =>
      plan.bindings.filter((entry) => Object.values(entry.arguments).includes(null) === wanted),
    );
    await callBroker(
      broker,
      "POST",
      "/api/definitions",
      definitions({
        vhosts: [{ ...plan, bindings: bindings ?? [] }],
        global: { users: [], permissions: [], topicPermissions: [], parameters: [] },
      }),
    );
    const connection = await amqp.connect(`${broker.amqpUrl}/${vhost}`);
    try {
      const channel = await connection.createChannel();
      for (const { destination, destinationType, source, routingKey, arguments: given } of byHand ?? []) {
        // JSON would have put them into the order of their names.
        const args = sorted(given);
        if (destinationType === "queue") await channel.bindQueue(destination, source, routingKey, args);
        else await channel.bindExchange(destination, source, routingKey, args);
      }
      return await Promise.all(
        scenes.map(async (own, index) => {
          const known = plans[index];
          if (!known) throw new Error("there is no plan for a scene");
          return compareOne(await connection.createConfirmChannel(), own, known, prefixes[index] ?? "", patience);
        }),
      );
    } finally {
      await connection.close();
    }
  } finally {
    const removal = callBroker(broker, "DELETE", at).then(() => void removals.delete(removal));
    removals.add(removal);
  }
}

async function compareOne(channel: amqp.ConfirmChannel, own: Scene, plan: Plan, prefix: string, patience: number): Promise<Compared> {
  const observer = new Observer(channel, { queues: plan.queues.map(({ name }) => name), fleeting: fleeting(plan), prefix, patience });
  const answers = answersTo(plan, own.messages);
  for (const [round, sent] of own.messages.entries()) {
    const expected = answers[round];
    if (expected) await observer.run(round, sent, expected);
  }
  await observer.finish();
  await channel.close();
  const outcomes = answers.map((expected, round) => expected && observer.outcomesOf(round, expected.copies.length));
  const wrong = answers.flatMap((expected, round) => (expected && !agrees(expected, outcomes[round] ?? []) ? [round] : []));
  return { scene: own, answers, outcomes, wrong };
}
