/** A message reaches exactly the queues that the model says, and no other. */
import type { Plan } from "../../topology/compile/plan.js";
import { readLive } from "../../broker/index.js";
import type { Route } from "../../topology/routing.js";
import { Arrivals, keeps, room } from "../arrivals.js";
import type { Ground } from "../ground.js";
import { Broken, type Case, type Note, type Probe } from "../probe.js";
import { list } from "../ends.js";
import { exchangeName, publishable, trialsOf, type Trial } from "../routing-keys.js";

const BATCH = 200;

function label({ exchange, key, headers }: Trial): string {
  const given = Object.entries(headers).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  return `${exchangeName(exchange)}, key ${JSON.stringify(key)}${given.join("")}`;
}

/** What is wrong with where it arrived; `undefined` if nothing is. */
function fault(route: Route, got: ReadonlySet<string>, visible: ReadonlySet<string>): string | undefined {
  const possible = new Set(route.queues);
  const stray = [...got].filter((queue) => !possible.has(queue));
  const absent = route.certain.filter((queue) => visible.has(queue) && !got.has(queue));
  const parts = [
    ...(absent.length > 0 ? [`did not reach ${list(absent)}`] : []),
    ...(stray.length > 0 ? [`reached ${list(stray)}, which the topology does not say`] : []),
  ];
  // One of several has to have it, unless nobody says that any has.
  if (parts.length === 0 && got.size === 0 && !route.mayBeUnroutable && route.queues.every((queue) => visible.has(queue)))
    parts.push(`reached none of ${list(possible)}`);
  return parts.length === 0 ? undefined : parts.join(" and ");
}

async function runBatch(ground: Ground, arrivals: Arrivals, batch: readonly Trial[], note: Note): Promise<string[]> {
  const session = await ground.session();
  const streams = new Set(ground.plan.queues.filter(({ type }) => type === "stream").map(({ name }) => name));
  const visible = new Set(ground.plan.queues.filter((queue) => keeps(ground, queue)).map(({ name }) => name));
  const sent = batch.map((trial) => ({ trial, id: ground.messageId(), route: ground.router.route(trial.exchange, trial.key, trial) }));
  await Promise.all(
    sent.map(({ trial, id }) => session.publish(trial.exchange, trial.key, { messageId: id, headers: { ...trial.headers } })),
  );
  const inStreams = sent.reduce((sum, { route }) => sum + route.certain.filter((queue) => streams.has(queue)).length, 0);
  const found = await arrivals.byMessage(inStreams);
  return sent.flatMap(({ trial, id, route }) => {
    const got = new Set([...(found.get(id) ?? [])].filter((queue) => visible.has(queue)));
    const wrong = fault(route, got, visible);
    note("arrived", `${label(trial)}: ${list(got)}`);
    return wrong === undefined ? [] : [`A message to ${label(trial)} ${wrong}.`];
  });
}

/** What is on the broker, as a plan: a binding that the topology does not say is tried too. */
async function livePlan({ management, plan, vhost }: Ground): Promise<Plan> {
  const [live] = (await readLive(management, [vhost])).vhosts;
  const { exchanges = [], bindings = [], policies = [], operatorPolicies = [] } = live ?? {};
  const planned = <T extends object>(items: readonly T[]): (T & { origin: string })[] => items.map((item) => ({ ...item, origin: "" }));
  return {
    ...plan,
    exchanges: planned(exchanges) as unknown as Plan["exchanges"],
    bindings: planned(bindings),
    policies: planned(policies),
    operatorPolicies: planned(operatorPolicies),
  };
}

function exchangeCase(exchange: string): Case {
  return {
    name: exchangeName(exchange),
    touches: "everything",
    run: async (ground, note) => {
      const trials = await ground.once("trials of plan and broker", async () => trialsOf([ground.plan, await livePlan(ground)]));
      const { all, complete } = trials(exchange);
      if (!complete) note("read", "its bindings tell more classes of messages apart than are tried: each binding is tried by itself");
      const arrivals = await Arrivals.watch(ground);
      const faults: string[] = [];
      try {
        const size = room(ground, BATCH);
        for (let at = 0; at < all.length; at += size) faults.push(...(await runBatch(ground, arrivals, all.slice(at, at + size), note)));
      } finally {
        await arrivals.close();
      }
      if (faults.length > 0) throw new Broken(faults.join("\n"));
    },
  };
}

export const routes: Probe = {
  name: "routes",
  promise:
    "A message reaches exactly the queues that the topology says: one of each class that bindings tell apart, and what matches none.",
  level: "core",
  profile: "probe",
  cases: (plan) => (plan.queues.length === 0 ? [] : publishable(plan).map(exchangeCase)),
};
