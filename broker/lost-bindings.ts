/** Exchanges that an update would delete or replace, and queues that it would replace, with the bindings of others that would go with them. */
import { effectOf, worst, type Difference } from "../topology/changes.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import { bindingId, bindingName, itemId, plannedItems } from "./items.js";
import type { LiveInstallation, LiveVhost } from "./live.js";
import { plural } from "../topology/plural.js";
import { fieldLine, type Loss, type Managed } from "./losses.js";

export interface End {
  readonly kind: "exchange" | "queue";
  readonly action: "delete" | "replace";
  readonly vhost: string;
  readonly name: string;
  /** For `replace`, from what is on the broker (before) to the plan (after). */
  readonly differences: readonly Difference[];
  /** Bindings from and to it that neither the plan nor the stack has: nobody makes them again. */
  readonly foreign: readonly string[];
}

/**
 * The exchanges of planned vhosts that the stack made and an update would delete or replace, and of the queues that it would replace those
 * that others bind to. (A queue that is left out is no more to be reached.) Pure.
 */
export function ends(plan: InstallationPlan, live: LiveInstallation, managed: Managed, found: readonly Loss[]): End[] {
  const known = new Set([...plannedItems(plan).map(({ id }) => id), ...managed.objects]);
  const foreignOf = (vhost: string, isIts: (binding: LiveBinding) => boolean): string[] =>
    (live.vhosts.find((one) => one.vhost.name === vhost)?.bindings ?? [])
      .filter((binding) => isIts(binding) && !known.has(bindingId(vhost, binding)))
      .map(bindingName);
  const queues = found
    .filter(({ action }) => action === "replace")
    .map(({ vhost, queue: name, differences }): End => {
      const foreign = foreignOf(vhost, ({ destination, destinationType }) => destinationType === "queue" && destination === name);
      return { kind: "queue", action: "replace", vhost, name, differences, foreign };
    })
    .filter(({ foreign }) => foreign.length > 0);
  const exchanges = plan.vhosts.flatMap((target): End[] => {
    const vhost = target.vhost.name;
    const here = live.vhosts.find((one) => one.vhost.name === vhost);
    const wanted = new Map(target.exchanges.map((exchange) => [exchange.name, exchange]));
    return (here?.exchanges ?? [])
      .filter(({ name }) => managed.objects.has(itemId("exchange", vhost, name)))
      .flatMap((exchange) => {
        const want = wanted.get(exchange.name);
        const differences = want ? effectOf("exchange", { ...want, ...exchange, type: exchange.type as typeof want.type }, want) : [];
        if (want && (differences.length === 0 || worst(differences) === "in place")) return [];
        const foreign = foreignOf(
          vhost,
          ({ source, destination, destinationType }) =>
            source === exchange.name || (destinationType === "exchange" && destination === exchange.name),
        );
        return [{ kind: "exchange", action: want ? "replace" : "delete", vhost, name: exchange.name, differences, foreign }];
      });
  });
  return [...exchanges, ...queues];
}

type LiveBinding = LiveVhost["bindings"][number];

/** `2 exchanges and 1 queue` */
const counted = (found: readonly End[]): string =>
  (["exchange", "queue"] as const)
    .map((kind) => [found.filter((end) => end.kind === kind).length, kind] as const)
    .flatMap(([count, kind]) => (count > 0 ? [plural(count, kind)] : []))
    .join(" and ");

const lines = ({ kind, action, vhost, name, differences, foreign }: End): string[] => [
  `  ${action}: ${kind} ${JSON.stringify(name)} in vhost ${JSON.stringify(vhost)}`,
  ...differences.map(({ field, before, after }) => fieldLine(field, after, before)),
  ...foreign.map((binding) => `    goes with it: ${binding}`),
];

/** Throws a WarrenError that lists those whose end would take bindings of others with it. */
export function refuseLostBindings(found: readonly End[]): void {
  const bad = found.filter(({ foreign }) => foreign.length > 0);
  if (bad.length === 0) return;
  const total = bad.reduce((sum, { foreign }) => sum + foreign.length, 0);
  const fault = `up would take away ${plural(total, "binding")} that this stack did not make, with ${counted(bad)}; nothing was changed.`;
  throw new WarrenError([fault, ...bad.flatMap(lines)].join("\n"), {
    remedy: [
      ...(bad.some(({ kind }) => kind === "queue")
        ? ["make the queue anew with its messages and all its bindings: warren migrate TOPOLOGY QUEUE (docs/change-a-queue.md);"]
        : []),
      ...(bad.some(({ kind }) => kind === "exchange")
        ? ["new exchange beside the old: declare it under another name, let those who bind move over, then leave the old one out;"]
        : []),
      "or write the bindings into the topology, so that they are made again;",
      "or, to lose them on purpose: pulumi config set warren:allowDataLoss true, and remove it afterwards",
    ].join("\n           "),
  });
}

/** What to know before exchanges are made anew; `undefined` if none is. */
export function replacementWarning(found: readonly End[]): string | undefined {
  const replaced = found.filter(({ kind, action }) => kind === "exchange" && action === "replace");
  if (replaced.length === 0) return undefined;
  return [
    `${plural(replaced.length, "exchange")} will be deleted and made again, for what differs cannot be changed while ${replaced.length === 1 ? "it stands" : "they stand"}. What is published to ${replaced.length === 1 ? "it" : "them"} meanwhile is refused or reaches no queue.`,
    ...replaced.flatMap(lines),
    "  Without a gap: stop the publishers first, or declare the new exchange under another name and move them over.",
  ].join("\n");
}
