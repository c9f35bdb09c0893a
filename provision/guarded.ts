/** Holds back what a component registers until the guard has looked at the broker: what would lose messages is refused before it. */
import * as pulumi from "@pulumi/pulumi";
import { BrokerError } from "../broker/faults.js";
import type { Managed } from "../broker/losses.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import type { Connection } from "./connection.js";
import { canHook } from "./delete-hooks.js";
import { guard } from "./guard.js";
import { managedByStack } from "./managed.js";
import { toldLater } from "./told.js";

export interface GuardedOptions {
  readonly plan: InstallationPlan;
  readonly allowDataLoss: boolean;
  readonly isGone?: (() => Promise<boolean>) | undefined;
  /** What the broker waits for, where the same program makes it. */
  readonly dependsOn: readonly pulumi.Resource[];
  readonly resource: pulumi.Resource;
}

/** Of what the stack has made, what is in the vhosts of this plan: the rest is other components' business. */
function managedOf(managed: Managed | undefined, plan: InstallationPlan): Managed | undefined {
  if (!managed) return undefined;
  const vhosts = new Set(plan.vhosts.map(({ vhost }) => vhost.name));
  return { queues: managed.queues.filter(({ vhost }) => vhosts.has(vhost)), vhosts: managed.vhosts.filter((vhost) => vhosts.has(vhost)) };
}

/**
 * The connection, once the guard has let the plan pass; until then, and if it refuses, nothing that takes it as an input is registered.
 * A broker that does not answer has nothing that this stack could lose if the stack has made nothing there yet; in a preview it may be made later.
 */
export function guarded(connection: pulumi.Output<Connection>, options: GuardedOptions): pulumi.Output<Connection> {
  const { plan, allowDataLoss, isGone, resource } = options;
  // A program that tests itself with the SDK's mocks has no broker.
  if (!canHook()) return connection;
  const after = pulumi.all(options.dependsOn.map(({ urn }) => urn));
  const whole: pulumi.Output<{ known: Connection }> = after.apply(() => connection.apply((known) => ({ known })));
  return whole.apply(({ known }) =>
    toldLater(async () => {
      if (await isGone?.()) return known;
      const managed = managedOf(await managedByStack(), plan);
      try {
        await guard({ connection: known, plan, managed, allowDataLoss, onWait: (text) => void pulumi.log.info(text, resource) });
      } catch (error) {
        const silent = error instanceof BrokerError && error.kind === "unreachable";
        if (!silent || (managed?.queues.length && !pulumi.runtime.isDryRun())) throw error;
        void pulumi.log.debug(error.message, resource);
      }
      return known;
    }),
  );
}
