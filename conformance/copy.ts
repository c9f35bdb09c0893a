/** A copy of a topology in a vhost of its own, so that the real one is not touched. */
import type { Management } from "../broker/index.js";
import { compile } from "../topology/compile/compile.js";
import { definitions } from "../topology/compile/definitions.js";
import type { Plan } from "../topology/compile/plan.js";
import type { Topology } from "../topology/model.js";

/**
 * The plan of a copy. Links to other brokers are not copied: federation and shovels would move messages that are not the run's; nor are
 * users, of whom a broker has one by each name.
 */
export function copyOf(topology: Topology, vhost: string, environment: string | undefined): Plan {
  const { federationUpstreams: _federation, shovels: _shovels, parameters: _parameters, ...rest } = topology;
  const { deletionProtection: _protection, ...settings } = rest.vhost ?? {};
  const plan = compile({ ...rest, vhost: { ...settings, name: vhost } }, environment);
  return {
    ...plan,
    vhost: { ...plan.vhost, deletionProtection: false },
    policies: plan.policies.filter(({ definition }) => !Object.keys(definition).some((key) => key.startsWith("federation-"))),
  };
}

/** Makes all of it on the broker, without users and what they may, and without limits, which would be the run's own: their probe sets them. */
export async function make(management: Management, plan: Plan): Promise<void> {
  const global = { users: [], permissions: [], topicPermissions: [], parameters: [] };
  const whole = definitions({
    vhosts: [{ ...plan, vhost: withoutLimits(plan), users: [], permissions: [], topicPermissions: [] }],
    global,
  });
  await management.importDefinitions({ ...whole });
}

function withoutLimits({ vhost: { limits: _limits, ...vhost } }: Plan): Plan["vhost"] {
  return vhost;
}
