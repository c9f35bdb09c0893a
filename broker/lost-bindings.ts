/** Exchanges that an update would delete or replace, with the bindings of others that would go with them. */
import { effectOf, worst, type Difference } from "../topology/changes.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import { bindingId, bindingName, itemId, plannedItems } from "./items.js";
import type { LiveExchange, LiveInstallation, LiveVhost } from "./live.js";
import { plural } from "../topology/plural.js";
import { fieldLine, type Managed } from "./losses.js";

export interface ExchangeEnd {
  readonly action: "delete" | "replace";
  readonly vhost: string;
  readonly exchange: string;
  /** For `replace`, from what is on the broker (before) to the plan (after). */
  readonly differences: readonly Difference[];
  /** Bindings from and to it that neither the plan nor the stack has: nobody makes them again. */
  readonly foreign: readonly string[];
}

/** The exchanges of planned vhosts that the stack made and an update would delete or replace. Pure. */
export function exchangeEnds(plan: InstallationPlan, live: LiveInstallation, managed: Managed): ExchangeEnd[] {
  const known = new Set([...plannedItems(plan).map(({ id }) => id), ...managed.objects]);
  return plan.vhosts.flatMap((target): ExchangeEnd[] => {
    const vhost = target.vhost.name;
    const found = live.vhosts.find((one) => one.vhost.name === vhost);
    const wanted = new Map(target.exchanges.map((exchange) => [exchange.name, exchange]));
    return (found?.exchanges ?? [])
      .filter(({ name }) => managed.objects.has(itemId("exchange", vhost, name)))
      .flatMap((exchange) => {
        const want = wanted.get(exchange.name);
        const differences = want ? effectOf("exchange", { ...want, ...exchange, type: exchange.type as typeof want.type }, want) : [];
        if (want && (differences.length === 0 || worst(differences) === "in place")) return [];
        const foreign = bindingsOf(exchange, found)
          .filter((binding) => !known.has(bindingId(vhost, binding)))
          .map(bindingName);
        return [{ action: want ? "replace" : "delete", vhost, exchange: exchange.name, differences, foreign }];
      });
  });
}

type LiveBinding = LiveVhost["bindings"][number];

const bindingsOf = ({ name }: LiveExchange, vhost: LiveVhost | undefined): readonly LiveBinding[] =>
  (vhost?.bindings ?? []).filter(
    ({ source, destination, destinationType }) => source === name || (destinationType === "exchange" && destination === name),
  );

const lines = ({ action, vhost, exchange, differences, foreign }: ExchangeEnd): string[] => [
  `  ${action}: exchange ${JSON.stringify(exchange)} in vhost ${JSON.stringify(vhost)}`,
  ...differences.map(({ field, before, after }) => fieldLine(field, after, before)),
  ...foreign.map((binding) => `    goes with it: ${binding}`),
];

/** Throws a WarrenError that lists the exchanges whose end would take bindings of others with it. */
export function refuseLostBindings(ends: readonly ExchangeEnd[]): void {
  const bad = ends.filter(({ foreign }) => foreign.length > 0);
  if (bad.length === 0) return;
  const total = bad.reduce((sum, { foreign }) => sum + foreign.length, 0);
  const fault = `up would take away ${plural(total, "binding")} that this stack did not make, with ${plural(bad.length, "exchange")}; nothing was changed.`;
  throw new WarrenError([fault, ...bad.flatMap(lines)].join("\n"), {
    remedy: [
      "new exchange beside the old: declare it under another name, let those who bind move over, then leave the old one out;",
      "or write the bindings into the topology, so that they are made again;",
      "or, to lose them on purpose: pulumi config set warren:allowDataLoss true, and remove it afterwards",
    ].join("\n           "),
  });
}

/** What to know before exchanges are made anew; `undefined` if none is. */
export function replacementWarning(ends: readonly ExchangeEnd[]): string | undefined {
  const replaced = ends.filter(({ action }) => action === "replace");
  if (replaced.length === 0) return undefined;
  return [
    `${plural(replaced.length, "exchange")} will be deleted and made again, for what differs cannot be changed while ${replaced.length === 1 ? "it stands" : "they stand"}. What is published to ${replaced.length === 1 ? "it" : "them"} meanwhile is refused or reaches no queue.`,
    ...replaced.flatMap(lines),
    "  Without a gap: stop the publishers first, or declare the new exchange under another name and move them over.",
  ].join("\n");
}
