/** Keeps consumers that the program itself runs until their queues may go: a destroy deletes them before anything of the topology. */
import type * as pulumi from "@pulumi/pulumi";
import { consumed, deleteHooks } from "./delete-hooks.js";
import { globalName } from "./identity.js";
import { OwnResource } from "./own/resource.js";

export interface GuardedConsumers {
  /** Where they consume. */
  readonly vhosts: readonly string[];
  /** What they and their topology are. */
  readonly resources: readonly pulumi.Resource[];
  /** What to do first where queues hold messages: `npm run up -- --no-load; then `. */
  readonly first?: string;
}

/**
 * One for each vhost, which depends on all of it and is so deleted first: refused while a queue holds messages, it leaves the consumers
 * that will empty them. Where consumers are switched off it goes without a question.
 */
export function guardConsumers({ vhosts, resources, first = "" }: GuardedConsumers): OwnResource[] {
  return vhosts.map((vhost) => {
    consumed().set(vhost, first);
    // Without a component, for it is none of a topology's own guards.
    const spec = { vhost };
    return new OwnResource("guard", globalName("consumers", vhost), { spec }, { dependsOn: [...resources], ...deleteHooks().consumers });
  });
}
