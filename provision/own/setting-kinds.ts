/** Policies and parameters. */
import { inVhost, kind } from "./kind.js";

type Policy = { vhost: string; name: string; pattern: string; applyTo: string; priority: number; definition: Record<string, unknown> };
const livePolicy = (
  spec: Policy,
  live: { pattern: string; "apply-to": string; priority: number; definition: Record<string, unknown> } | undefined,
): Policy | undefined =>
  live && {
    vhost: spec.vhost,
    name: spec.name,
    pattern: live.pattern,
    applyTo: live["apply-to"],
    priority: live.priority,
    definition: live.definition,
  };

export const SETTINGS = {
  policy: kind<Policy>({
    type: "Policy",
    label: inVhost("policy"),
    fixed: ["vhost", "name"],
    read: async (broker, spec) => livePolicy(spec, await broker.getPolicy(spec.vhost, spec.name)),
    write: (broker, spec) => broker.putPolicy(spec.vhost, spec.name, spec),
    remove: (broker, { vhost, name }) => broker.deletePolicy(vhost, name),
  }),

  "operator-policy": kind<Policy>({
    type: "OperatorPolicy",
    label: inVhost("operator policy"),
    fixed: ["vhost", "name"],
    read: async (broker, spec) => livePolicy(spec, await broker.getOperatorPolicy(spec.vhost, spec.name)),
    write: (broker, spec) => broker.putOperatorPolicy(spec.vhost, spec.name, spec),
    remove: (broker, { vhost, name }) => broker.deleteOperatorPolicy(vhost, name),
  }),

  parameter: kind<{ vhost: string; component: string; name: string; value: unknown }>({
    type: "Parameter",
    label: ({ vhost, component, name }) => `${component} "${name}" in vhost "${vhost}"`,
    fixed: ["vhost", "component", "name"],
    secret: ["value"],
    read: async (broker, { vhost, component, name }) => {
      const live = await broker.getParameter(vhost, component, name);
      return live && { vhost, component, name, value: live.value };
    },
    write: (broker, { vhost, component, name, value }) => broker.putParameter(vhost, component, name, value),
    remove: (broker, { vhost, component, name }) => broker.deleteParameter(vhost, component, name),
  }),

  "global-parameter": kind<{ name: string; value: unknown }>({
    type: "GlobalParameter",
    label: ({ name }) => `global parameter "${name}"`,
    fixed: ["name"],
    secret: ["value"],
    read: async (broker, { name }) => {
      const live = await broker.getGlobalParameter(name);
      return live && { name, value: live.value };
    },
    write: (broker, { name, value }) => broker.putGlobalParameter(name, value),
    remove: (broker, { name }) => broker.deleteGlobalParameter(name),
  }),
} as const;
