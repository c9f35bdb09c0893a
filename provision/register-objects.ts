/** Registers exchanges, queues and bindings. */
import type * as pulumi from "@pulumi/pulumi";
import * as rabbitmq from "@pulumi/rabbitmq";
import type { PlannedBinding, PlannedExchange, PlannedQueue } from "../topology/compile/plan.js";
import { formerly, official, own, ownType, type Context } from "./context.js";
import type { OwnResource } from "./own/resource.js";
import type { PlannedResource } from "./plan-resources.js";

/** A resource, and the output of its object's name: who uses that is made anew together with it. */
export interface Registered {
  readonly resource: pulumi.Resource;
  readonly objectName: pulumi.Output<string>;
}

const registered = (resource: pulumi.CustomResource & { readonly name: pulumi.Output<string> }): Registered => ({
  resource,
  objectName: resource.name,
});

const registeredOwn = (resource: OwnResource): Registered => ({
  resource,
  objectName: resource.spec.apply((spec) => String(spec["name"])),
});

/** The children of one vhost share this. */
export interface Inside {
  readonly context: Context;
  readonly vhost: pulumi.Output<string>;
  /** Their end is the vhost's, unless that stays. */
  readonly options: pulumi.CustomResourceOptions;
}

/** Options with more to wait for. */
export const after = ({ options }: Inside, more: readonly pulumi.Resource[]): pulumi.CustomResourceOptions => ({
  ...options,
  dependsOn: [...((options.dependsOn as readonly pulumi.Resource[] | undefined) ?? []), ...more],
});

export function registerExchange(
  inside: Inside,
  { name, object, own: reason }: PlannedResource<PlannedExchange>,
  policies: readonly pulumi.Resource[],
): Registered {
  const { context, vhost } = inside;
  const { type, durable, autoDelete, internal, arguments: args } = object;
  const options = after(inside, policies);
  if (reason !== undefined) {
    const spec = { vhost, name: object.name, type, durable, autoDelete, internal, arguments: args };
    return registeredOwn(own(context, "exchange", name, spec, { ...options, ...formerly("rabbitmq:index/exchange:Exchange") }));
  }
  const settings = { type, durable, autoDelete, ...(Object.keys(args).length === 0 ? {} : { arguments: args as Record<string, string> }) };
  // The official provider tries to change an exchange in place, which it cannot, and then the stack is stuck (source: resource_exchange.go).
  const replaced = { ...formerly(ownType("exchange")), replaceOnChanges: ["settings"] };
  return registered(
    official(
      context,
      rabbitmq.Exchange,
      name,
      { name: object.name, vhost, settings },
      { ...options, ...replaced },
      context.transform.exchange,
    ),
  );
}

export function registerQueue(
  inside: Inside,
  { name, object, own: reason }: PlannedResource<PlannedQueue>,
  policies: readonly pulumi.Resource[],
): Registered {
  const { context, vhost } = inside;
  const { durable, autoDelete, arguments: args } = object;
  const options = { ...after(inside, policies), deleteBeforeReplace: true, ...context.hooks.queue };
  if (reason !== undefined) {
    return registeredOwn(own(context, "queue", name, { vhost, name: object.name, durable, autoDelete, arguments: args }, options));
  }
  const settings = { durable, autoDelete, argumentsJson: JSON.stringify(args) };
  return registered(official(context, rabbitmq.Queue, name, { name: object.name, vhost, settings }, options, context.transform.queue));
}

export function registerBinding(
  inside: Inside,
  { name, object, own: reason }: PlannedResource<PlannedBinding>,
  ends: { readonly source: pulumi.Input<string>; readonly destination: pulumi.Input<string> },
): pulumi.Resource {
  const { context, vhost, options } = inside;
  const { destinationType, routingKey, arguments: args } = object;
  if (reason !== undefined) {
    return own(context, "binding", name, { vhost, ...ends, destinationType, routingKey, arguments: args }, { ...options });
  }
  const argumentsJson = Object.keys(args).length === 0 ? {} : { argumentsJson: JSON.stringify(args) };
  return official(
    context,
    rabbitmq.Binding,
    name,
    { vhost, ...ends, destinationType, routingKey, ...argumentsJson },
    options,
    context.transform.binding,
  );
}
