/** Delete hooks: before Pulumi deletes a queue, a vhost or a whole topology, the broker is asked for messages, and the delete refused. */
import * as pulumi from "@pulumi/pulumi";
import { settle } from "../broker/losses.js";
import type { Management } from "../broker/management.js";
import { WarrenError } from "../topology/errors.js";
import { managementOf, type Connection } from "./connection.js";

export interface DeleteHookOptions {
  /** Distinguishes the hooks of several topologies in one stack. */
  readonly name: string;
  readonly connection: pulumi.Input<Connection>;
  readonly allowDataLoss: boolean;
  /** Whether the broker is gone already with all it held, so that there is nothing left to lose. @default it is not */
  readonly isGone?: (() => Promise<boolean>) | undefined;
}

export interface Held {
  readonly vhost: string;
  readonly queue: string;
  /** `undefined` if the broker does not say. */
  readonly messages: number | undefined;
}

/** Throws a WarrenError that lists the queues with messages, if there are any. */
export function refuseDelete(held: readonly Held[]): void {
  const full = held.filter(({ messages }) => messages !== 0);
  if (full.length === 0) return;
  const lines = full.map(({ vhost, queue, messages }) => {
    const count = messages === undefined ? "an unknown number of messages" : `${messages} message${messages === 1 ? "" : "s"}`;
    return `  queue ${JSON.stringify(queue)} in vhost ${JSON.stringify(vhost)} holds ${count}`;
  });
  throw new WarrenError(["Not deleted, for messages would be lost:", ...lines].join("\n"), {
    remedy:
      "let consumers empty what is named; or, to lose the messages on purpose, set warren:allowDataLoss (in a program: allowDataLoss: true; for the dev stack: npm run down -- --discard) and run again",
  });
}

/** How long one list of counts serves for all deletes that come at once. */
const FRESH_MS = 1_000;

class Counts {
  private last: { readonly at: number; readonly held: Promise<Held[]> } | undefined;

  constructor(private readonly broker: Management) {}

  async of({ vhost, queue }: Place): Promise<Held[]> {
    if (!this.last || Date.now() - this.last.at > FRESH_MS) this.last = { at: Date.now(), held: this.read() };
    return (await this.last.held).filter((held) => held.vhost === vhost && (queue === undefined || held.queue === queue));
  }

  /** Until the counts of these vhosts tell what was there when it was called: for the first of all deletes, behind which the others come. */
  async settle(vhosts: readonly string[]): Promise<void> {
    const queues = (await this.broker.counts()).filter(({ vhost }) => vhosts.includes(vhost));
    const waited = await settle(queues.map(({ type }) => type));
    if (waited > 0) this.last = undefined;
  }

  private async read(): Promise<Held[]> {
    const counts = await this.broker.counts();
    // Exclusive queues die with their connection anyway.
    return counts.filter(({ exclusive }) => !exclusive).map(({ vhost, name, messages }) => ({ vhost, queue: name, messages }));
  }
}

interface Place {
  readonly vhost: string;
  /** @default all of the vhost */
  readonly queue?: string;
}

/** Of an official queue or vhost, or of an own resource. */
interface OldOutputs {
  readonly name?: string;
  readonly vhost?: string;
  readonly spec?: { readonly vhost?: string; readonly name?: string; readonly vhosts?: readonly string[] };
}

/** Options of resources, each with its hook. */
export interface DeleteHooks {
  readonly queue: HookOptions;
  readonly vhost: HookOptions;
  /** For the resource that is deleted before all others of a topology. */
  readonly guard: HookOptions;
}

type HookOptions = Pick<pulumi.ResourceOptions, "hooks">;

/** The SDK's mocks, with which programs test themselves, take no hooks. */
export const canHook = (): boolean => typeof pulumi.runtime.getMonitor()?.registerResourceHook === "function";

/** The value of an output; `undefined` in a preview that does not know it yet. */
export async function ifKnown<T>(value: pulumi.Input<T>): Promise<T | undefined> {
  const output = pulumi.output(value) as unknown as { readonly isKnown: Promise<boolean>; readonly promise: () => Promise<T> };
  return (await output.isKnown) ? output.promise() : undefined;
}

/**
 * Hooks for the resources of one topology. They run for `up` and for `destroy --run-program`, in previews too; the engine refuses a
 * plain `destroy` of resources that have them. Counts of quorum queues and streams can be
 * some seconds old: the guard, which is deleted first, waits that long.
 */
export function deleteHooks({ name, connection, allowDataLoss, isGone }: DeleteHookOptions): DeleteHooks {
  let counts: Promise<Counts | undefined> | undefined;
  const refuse = async (places: readonly Place[], first: boolean): Promise<void> => {
    if (allowDataLoss || (await isGone?.())) return;
    counts ??= ifKnown(connection).then((known) => known && new Counts(managementOf(known)));
    const known = await counts;
    if (first) await known?.settle(places.map(({ vhost }) => vhost));
    if (known) refuseDelete((await Promise.all(places.map((place) => known.of(place)))).flat());
  };
  const hook = (kind: string, places: (old: OldOutputs) => Place[]): HookOptions => {
    if (!canHook()) return {};
    const ask = (args: pulumi.ResourceHookArgs): Promise<void> => refuse(places((args.oldOutputs ?? {}) as OldOutputs), kind === "guard");
    return { hooks: { beforeDelete: [new pulumi.ResourceHook(`${name}-${kind}-delete`, ask, { onDryRun: true })] } };
  };
  return {
    queue: hook("queue", ({ name: queue, vhost, spec }) => [{ vhost: spec?.vhost ?? vhost ?? "/", queue: spec?.name ?? queue ?? "" }]),
    vhost: hook("vhost", ({ name: vhost }) => [{ vhost: vhost ?? "/" }]),
    guard: hook("guard", ({ spec }) => (spec?.vhosts ?? []).map((vhost) => ({ vhost }))),
  };
}
