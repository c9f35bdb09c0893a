/** What an exchange cannot route goes to its alternate. */
import { alternateExchange } from "../../topology/policies.js";
import { router, type Route } from "../../topology/routing.js";
import { subjects, type Subject } from "../ends.js";
import { andNowhereElse } from "../ledger.js";
import { Post } from "../post.js";
import { Untried, type Case, type Probe } from "../probe.js";
import { allTrials, type Trial } from "../routing-keys.js";

const NAME = "alternate-exchange";

interface Way extends Trial {
  readonly route: Route;
}

/** A message that goes by the alternate of an exchange: published to it, or on its way through it. */
function wayOf(all: readonly Way[], exchange: string): Way | undefined {
  const by = all.filter(({ route }) =>
    route.paths.some((path) => path.some((step) => step.via === "alternate" && step.exchange === exchange)),
  );
  return by.find((way) => way.exchange === exchange) ?? by[0];
}

function alternateCase(exchange: string, way: Way | undefined, queues: readonly Subject[]): Case {
  const names = way?.route.queues ?? [];
  const [first] = queues.filter(({ name }) => names.includes(name));
  return {
    name: `exchange ${JSON.stringify(exchange)}`,
    touches: names,
    run: async (ground, note) => {
      if (!way || !first) throw new Untried("no message comes to its alternate, by the topology");
      const { exchange: to, key, headers, route } = way;
      await Post.use([ground, note], NAME, { ...first, label: `exchange ${JSON.stringify(exchange)}` }, names, async (post) => {
        const what = `a message that it cannot route (key ${JSON.stringify(key)})`;
        const letter = await post.send(to, key, what, { headers: { ...headers } });
        const certain = new Set(route.certain);
        const stops = route.queues.map((queue) => ({
          ...{ queue, then: "rests" as const },
          ...(certain.has(queue) ? {} : { uncertain: true as const }),
        }));
        await post.follow(letter, what, { effect: "published", exchange: to, keys: [key], stops });
      });
    },
  };
}

export const alternateExchanges: Probe = {
  name: NAME,
  promise: "What an exchange cannot route arrives in the queues of its alternate, and is not returned to its publisher.",
  level: "core",
  profile: "probe",
  cases: (plan) => {
    const exchanges = plan.exchanges.filter((exchange) => alternateExchange(plan, exchange) !== undefined);
    if (exchanges.length === 0) return [];
    const model = router(plan);
    const all = allTrials(plan).map((trial) => ({
      ...trial,
      route: model.route(trial.exchange, trial.key, { headers: trial.headers }),
    }));
    const queues = subjects(plan);
    return andNowhereElse(
      NAME,
      exchanges.map(({ name }) => alternateCase(name, wayOf(all, name), queues)),
    );
  },
};
