/** Sizes by environment: the same shape, other numbers. */
import type { Installation, Queue, Service, Sizes, Topology } from "./model.js";

function merge<Value extends object>(
  values: { readonly [name: string]: Value } | undefined,
  sizes: { readonly [name: string]: object | undefined } | undefined,
): { readonly [name: string]: Value } | undefined {
  if (!values || !sizes) return values;
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { ...value, ...sizes[name] }]));
}

/** The topology as one environment has it. An environment that it does not mention has it as it stands. */
export function forEnvironment(topology: Topology, environment: string | undefined): Topology {
  const environments = topology.environments;
  const sizes: Sizes | undefined =
    environments && environment !== undefined && Object.hasOwn(environments, environment) ? environments[environment] : undefined;
  if (!sizes) return topology;
  const queues = merge<Queue>(topology.queues, sizes.queues);
  const services = merge<Service>(topology.services, sizes.services);
  return {
    ...topology,
    ...(sizes.vhost ? { vhost: { ...topology.vhost, ...sizes.vhost } } : {}),
    ...(queues ? { queues } : {}),
    ...(services ? { services } : {}),
  };
}

/** Those that have sizes of their own, each once. */
export const environmentsOf = ({ topologies }: Installation): string[] => [
  ...new Set(topologies.flatMap(({ environments }) => Object.keys(environments ?? {}))),
];
