/** Holds back what a component registers until the guard has looked at the broker: what would lose messages is refused before it. */
import * as pulumi from "@pulumi/pulumi";
import { BrokerError } from "../broker/faults.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import { components, vhostResourceName, type Component } from "./components.js";
import type { Connection } from "./connection.js";
import { canHook } from "./delete-hooks.js";
import { guard } from "./guard.js";
import { managedByStack, type StackManaged } from "./managed.js";
import { toldLater } from "./told.js";

export interface GuardedOptions {
  /** Of the component. */
  readonly name: string;
  readonly plan: InstallationPlan;
  /** What the broker waits for, where the same program makes it. */
  readonly dependsOn: readonly pulumi.Resource[];
  readonly resource: pulumi.Resource;
}

/** Of the vhosts that the stack has made, those that this component has, or had and no other has now. */
function managedOf(managed: StackManaged, component: Component, name: string): StackManaged {
  const elsewhere = new Set(components().flatMap((other) => (other === component ? [] : other.vhosts)));
  const had = (managed.components.get(name) ?? []).filter((vhost) => !elsewhere.has(vhost));
  const ours = new Set([...component.vhosts, ...had]);
  return { ...managed, vhosts: managed.vhosts.filter((vhost) => ours.has(vhost)) };
}

/** Under another logical name everything would be made once more, and then deleted under the old one: both are one object on the broker. */
function refuseOtherNames(managed: StackManaged, component: Component): void {
  const claimed = new Set(components().flatMap((one) => one.vhosts.map((vhost) => vhostResourceName(one, vhost))));
  for (const vhost of component.vhosts) {
    const wanted = vhostResourceName(component, vhost);
    const known = managed.vhostNames.get(vhost) ?? [];
    const left = known.filter((name) => !claimed.has(name));
    if (known.includes(wanted) || left.length === 0) continue;
    const prefix = (left[0] ?? "").slice(0, -vhostResourceName({ namePrefix: "" }, vhost).length);
    throw new WarrenError(
      `This stack has vhost ${JSON.stringify(vhost)} as resource ${JSON.stringify(left[0])}, and the program calls it ${JSON.stringify(wanted)}: everything in it would be made once more, and then deleted under its old name.`,
      {
        remedy: `set namePrefix: ${JSON.stringify(prefix)}; or take the vhost down under its old name first (pulumi destroy --run-program)`,
      },
    );
  }
}

/**
 * The connection, once the guard has let the plan pass; until then, and if it refuses, nothing that takes it as an input is registered.
 * A broker that does not answer has nothing that this stack could lose if the stack has made nothing there yet; in a preview it may be made later.
 */
export function guarded(component: Component, { name, plan, dependsOn, resource }: GuardedOptions): pulumi.Output<Connection> {
  const { connection, allowDataLoss, isGone } = component;
  // A program that tests itself with the SDK's mocks has no broker.
  if (!canHook()) return connection;
  const after = pulumi.all(dependsOn.map(({ urn }) => urn));
  const whole: pulumi.Output<{ known: Connection }> = after.apply(() => connection.apply((known) => ({ known })));
  return whole.apply(({ known }) =>
    toldLater(async () => {
      if (await isGone?.()) return known;
      const stack = await managedByStack();
      if (stack) refuseOtherNames(stack, component);
      const managed = stack && managedOf(stack, component, name);
      try {
        await guard({
          connection: known,
          plan,
          managed,
          allowDataLoss,
          onWait: (text) => void pulumi.log.info(text, resource),
          onWarn: (text) => void pulumi.log.warn(text, resource),
        });
      } catch (error) {
        const silent = error instanceof BrokerError && error.kind === "unreachable";
        if (!silent || (managed?.vhosts.length && !pulumi.runtime.isDryRun())) throw error;
        void pulumi.log.debug(error.message, resource);
      }
      return known;
    }),
  );
}
