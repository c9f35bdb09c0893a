/** Delete hooks: before Pulumi deletes a queue, a vhost or a whole topology, the broker is asked for messages, and the delete refused. */
import * as pulumi from "@pulumi/pulumi";
import { settle } from "../broker/losses.js";
import type { Management } from "../broker/management.js";
import { WarrenError } from "../topology/errors.js";
import { plural } from "../topology/plural.js";
import { candidates, components, type Component } from "./components.js";
import { managementOf } from "./connection.js";

export interface Held {
  readonly vhost: string;
  readonly queue: string;
  /** `undefined` if the broker does not say. */
  readonly messages: number | undefined;
}

/** Throws a WarrenError that lists the queues with messages, if there are any. @param first begins the remedy: what has to be done before */
export function refuseDelete(held: readonly Held[], first = ""): void {
  const full = held.filter(({ messages }) => messages !== 0);
  if (full.length === 0) return;
  const lines = full.map(({ vhost, queue, messages }) => {
    const count = messages === undefined ? "an unknown number of messages" : plural(messages, "message");
    return `  queue ${JSON.stringify(queue)} in vhost ${JSON.stringify(vhost)} holds ${count}`;
  });
  throw new WarrenError(["Not deleted, for messages would be lost:", ...lines].join("\n"), {
    remedy:
      first +
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
    const held = await this.last.held;
    return held.filter((each) => (vhost === undefined || each.vhost === vhost) && (queue === undefined || each.queue === queue));
  }

  /** Until the counts of a vhost tell what was there when it was called. */
  async settle(vhost?: string): Promise<void> {
    const queues = (await this.broker.counts()).filter((queue) => vhost === undefined || queue.vhost === vhost);
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
  /** @default all that any component has: it is the broker itself */
  readonly vhost?: string;
  /** @default all of the vhost */
  readonly queue?: string;
}

/** Of an official queue or vhost, of an own queue or guard, or of an object of the messaging topology operator. */
interface OldOutputs {
  readonly name?: string;
  readonly vhost?: string;
  readonly spec?: { readonly vhost?: string; readonly name?: string };
}

/** Options of resources, each with its hook. */
export interface DeleteHooks {
  readonly queue: HookOptions;
  readonly vhost: HookOptions;
  /** For the resource that is deleted before all others of a component. */
  readonly guard: HookOptions;
  /** For the one that is deleted before the consumers that the program itself runs. */
  readonly consumers: HookOptions;
  /** For what a broker is made of, and everything in it goes with. */
  readonly broker: HookOptions;
}

type HookOptions = Pick<pulumi.ResourceOptions, "hooks">;

/** The SDK's mocks, with which programs test themselves, take no hooks. */
export const canHook = (): boolean => typeof pulumi.runtime.getMonitor()?.registerResourceHook === "function";

/** The value of an output; `undefined` in a preview that does not know it yet. */
export async function ifKnown<T>(value: pulumi.Input<T>): Promise<T | undefined> {
  const output = pulumi.output(value) as unknown as { readonly isKnown: Promise<boolean>; readonly promise: () => Promise<T> };
  return (await output.isKnown) ? output.promise() : undefined;
}

/** Of a component: its counts, read once for all deletes that come at once. */
const counts = new WeakMap<Component, Promise<Counts | undefined>>();

interface Refusal {
  /** Waits until the counts are as old as the delete. */
  readonly settle: boolean;
  /** Begins the remedy. */
  readonly first?: string | undefined;
}

async function refuse(resourceName: string, place: Place, { settle, first }: Refusal): Promise<void> {
  const asked = (place.vhost === undefined ? components() : candidates(components(), resourceName, place.vhost)).map(async (component) => {
    if (component.allowDataLoss || (await component.isGone?.())) return [];
    const known =
      counts.get(component) ?? ifKnown(component.connection).then((connection) => connection && new Counts(managementOf(connection)));
    counts.set(component, known);
    const broker = await known;
    if (settle) await broker?.settle(place.vhost);
    return (await broker?.of(place)) ?? [];
  });
  refuseDelete((await Promise.all(asked)).flat(), first);
}

const sets = new WeakMap<object, DeleteHooks>();

/**
 * The hooks of a program, the same ones for all its components: their names stand in the state, and a resource whose hook no program has
 * any more cannot be deleted. They run for `up` and for `destroy --run-program`, in previews too; the engine refuses a plain `destroy` of
 * resources that have them. Counts of quorum queues and streams can be some seconds old: the guards, which are deleted first, wait that long.
 */
export function deleteHooks(): DeleteHooks {
  if (!canHook()) return { queue: {}, vhost: {}, guard: {}, consumers: {}, broker: {} };
  const monitor = pulumi.runtime.getMonitor() as object;
  const known = sets.get(monitor) ?? {
    queue: hook("queue", ({ name: queue, vhost, spec }) => ({ vhost: spec?.vhost ?? vhost ?? "/", queue: spec?.name ?? queue ?? "" })),
    vhost: hook("vhost", ({ name: vhost, spec }) => ({ vhost: spec?.name ?? vhost ?? "/" })),
    guard: hook("guard", ofGuard, () => ({ settle: true })),
    consumers: hook("consumers", ofGuard, ({ vhost }) => {
      const first = vhost === undefined ? undefined : consumed().get(vhost);
      // Switched off, or its vhost left the program: the guards of the vhost itself see to that.
      return first === undefined ? undefined : { settle: true, first };
    }),
    broker: hook(
      "broker",
      () => ({}),
      () => ({ settle: true }),
    ),
  };
  sets.set(monitor, known);
  return known;
}

const ofGuard = ({ spec }: OldOutputs): Place => ({ vhost: spec?.vhost ?? "/" });

function hook(
  kind: keyof DeleteHooks,
  placeOf: (old: OldOutputs) => Place,
  refusal: (place: Place) => Refusal | undefined = () => ({ settle: false }),
): HookOptions {
  const ask = async ({ name, oldOutputs }: pulumi.ResourceHookArgs): Promise<void> => {
    const place = placeOf((oldOutputs ?? {}) as OldOutputs);
    const how = refusal(place);
    if (how) await refuse(name, place, how);
  };
  return { hooks: { beforeDelete: [new pulumi.ResourceHook(`warren-${kind}-delete`, ask, { onDryRun: true })] } };
}

const programs = new WeakMap<object, Map<string, string>>();

/** The vhosts whose consumers the program runs, each with what a remedy begins with if they may not go. */
export function consumed(): Map<string, string> {
  const monitor = pulumi.runtime.getMonitor() as object;
  const known = programs.get(monitor) ?? new Map<string, string>();
  programs.set(monitor, known);
  return known;
}
