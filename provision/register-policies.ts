/** Registers policies and operator policies, which everything else in a vhost may wait for. */
import type * as pulumi from "@pulumi/pulumi";
import * as rabbitmq from "@pulumi/rabbitmq";
import type { PlannedOperatorPolicy, PlannedPolicy } from "../topology/compile/plan.js";
import { formerly, official, own, ownType, type Context } from "./context.js";
import { officialDefinition } from "./official.js";
import type { PlannedResource, VhostResources } from "./plan-resources.js";

interface Place {
  readonly vhost: pulumi.Output<string>;
  readonly options: pulumi.CustomResourceOptions;
  /** Federation upstreams, which policies name. */
  readonly after: readonly pulumi.Resource[];
}

function options(place: Place, definition: object): pulumi.CustomResourceOptions {
  const federates = Object.keys(definition).some((key) => key.startsWith("federation-"));
  const known = (place.options.dependsOn as readonly pulumi.Resource[] | undefined) ?? [];
  return federates ? { ...place.options, dependsOn: [...known, ...place.after] } : place.options;
}

function registerPolicy(context: Context, place: Place, { name, object, own: reason }: PlannedResource<PlannedPolicy>): pulumi.Resource {
  const { pattern, applyTo, priority, definition } = object;
  const texts = officialDefinition(definition);
  const all = options(place, definition);
  if (reason !== undefined || !texts) {
    const spec = { vhost: place.vhost, name: object.name, pattern, applyTo, priority, definition };
    return own(context, "policy", name, spec, { ...all, ...formerly("rabbitmq:index/policy:Policy") });
  }
  const args = { name: object.name, vhost: place.vhost, policy: { pattern, applyTo, priority, definition: texts } };
  return official(context, rabbitmq.Policy, name, args, { ...all, ...formerly(ownType("policy")) }, context.transform.policy);
}

function registerOperatorPolicy(
  context: Context,
  place: Place,
  { name, object, own: reason }: PlannedResource<PlannedOperatorPolicy>,
): pulumi.Resource {
  const { pattern, applyTo, priority, definition } = object;
  const texts = officialDefinition(definition);
  if (reason !== undefined || !texts) {
    const spec = { vhost: place.vhost, name: object.name, pattern, applyTo, priority, definition };
    return own(context, "operator-policy", name, spec, { ...place.options, ...formerly("rabbitmq:index/operatorPolicy:OperatorPolicy") });
  }
  const args = { name: object.name, vhost: place.vhost, policy: { pattern, applyTo, priority, definition: texts } };
  const all = { ...place.options, ...formerly(ownType("operator-policy")) };
  return official(context, rabbitmq.OperatorPolicy, name, args, all, context.transform.operatorPolicy);
}

/** By logical name. */
export function registerPolicies(context: Context, place: Place, plan: VhostResources): Map<string, pulumi.Resource> {
  return new Map([
    ...plan.policies.map((one) => [one.name, registerPolicy(context, place, one)] as const),
    ...plan.operatorPolicies.map((one) => [one.name, registerOperatorPolicy(context, place, one)] as const),
  ]);
}
