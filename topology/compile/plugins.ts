/** Which of the broker's plugins topologies need. Pure. */
import type { InstallationPlan } from "./plan.js";

/** Always: the management API is how everything is provisioned, prometheus how it is watched. */
const ALWAYS = ["rabbitmq_management", "rabbitmq_prometheus"];

/** Names of plugins, sorted; a plan that needs nothing special has two. */
export function pluginsOf(plan: InstallationPlan): string[] {
  const needs = (has: (vhost: InstallationPlan["vhosts"][number]) => boolean, ...plugins: string[]): string[] =>
    plan.vhosts.some(has) ? plugins : [];
  return [
    ...ALWAYS,
    ...needs(({ exchanges }) => exchanges.some(({ type }) => type === "x-consistent-hash"), "rabbitmq_consistent_hash_exchange"),
    ...needs(
      ({ queues, templates }) => [...queues, ...templates].some(({ type }) => type === "stream"),
      "rabbitmq_stream",
      "rabbitmq_stream_management",
    ),
    ...needs(
      ({ parameters }) => parameters.some(({ component }) => component === "shovel"),
      "rabbitmq_shovel",
      "rabbitmq_shovel_management",
    ),
    ...needs(
      ({ parameters, policies }) =>
        parameters.some(({ component }) => component.startsWith("federation-")) ||
        policies.some(({ definition }) => Object.keys(definition).some((key) => key.startsWith("federation-"))),
      "rabbitmq_federation",
      "rabbitmq_federation_management",
    ),
  ].sort();
}
