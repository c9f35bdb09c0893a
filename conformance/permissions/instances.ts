/** Queues that instances declare themselves: their names, and a declaration as an instance makes it. */
import { entry } from "../../topology/entry.js";
import { fill, placeholders, serviceUser } from "../../topology/names.js";
import type { PlannedTemplate } from "../../topology/compile/plan.js";
import type { Session } from "../amqp.js";
import type { Ground } from "../ground.js";
import { Broken, type Note } from "../probe.js";
import { WORD } from "../routing-keys.js";

/** One that a service may have. */
interface Instance {
  readonly user: string;
  readonly name: string;
  readonly template: PlannedTemplate;
  /** Of every placeholder. */
  readonly values: Readonly<Record<string, string>>;
}

/** One for each service and template; what an instance chooses for itself is a word that nobody else says. */
export function instances({ plan, target }: Pick<Ground, "plan" | "target">): Instance[] {
  const topology = target.installation.topologies.find(({ name }) => name === plan.topology);
  return Object.entries(topology?.services ?? {}).flatMap(([service, { user, instances: own = {} }]) =>
    Object.entries(own).flatMap(([name, given]) => {
      const template = plan.templates.find((one) => one.template === name);
      if (!template) return [];
      const texts = [template.name, ...template.bindings.map(({ routingKey }) => routingKey)];
      const open = Object.fromEntries(texts.flatMap(placeholders).map((each) => [each, entry(given ?? {}, each) ?? WORD]));
      return [{ user: user ?? serviceUser(plan.topology, service), name: fill(template.name, open), template, values: open }];
    }),
  );
}

/** Declares, binds and deletes a queue of each of the user's own instances. */
export async function tryInstances(ground: Ground, session: Session, user: string, note: Note): Promise<void> {
  for (const { name, template, values } of instances(ground).filter((one) => one.user === user)) {
    const { durable, autoDelete, arguments: args } = template;
    try {
      const refusal = await session.attempt(async (channel) => {
        await channel.assertQueue(name, { durable, autoDelete, arguments: args });
        for (const { source, routingKey, arguments: more } of template.bindings)
          await channel.bindQueue(name, source, fill(routingKey, values), more);
        await channel.deleteQueue(name);
      });
      if (refusal)
        throw new Broken(
          `user ${JSON.stringify(user)} cannot declare and bind queue ${JSON.stringify(name)} as an instance of ${JSON.stringify(template.template)} does (${refusal.text})`,
        );
      note("tried", `declared, bound and deleted queue ${JSON.stringify(name)}, as an instance does`);
    } finally {
      await ground.management.deleteQueue(ground.vhost, name);
    }
  }
}
