/** Taking over what is on the broker already: nothing is written, and what is otherwise is refused before anything is registered. */
import * as pulumi from "@pulumi/pulumi";
import { conflictText, conflictTitle } from "../broker/conflict-text.js";
import { once } from "../broker/conflicts.js";
import { drift, mismatches, type DriftEntry, type Mismatch } from "../broker/drift.js";
import { bindingId, itemId, liveItems, plannedItems, type Item } from "../broker/items.js";
import { readLive, type LiveInstallation } from "../broker/live.js";
import { wholeConflicts, type Known } from "../broker/whole-conflicts.js";
import type { WireBinding } from "../broker/wire.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { equal } from "../topology/equal.js";
import { WarrenError } from "../topology/errors.js";
import { plural } from "../topology/plural.js";
import type { Version } from "../topology/settings.js";
import { admit } from "./admit.js";
import type { RabbitTopologyArgs } from "./args.js";
import { managementOf, type Connection } from "./connection.js";
import { versionOf } from "./guard.js";
import { knownOf } from "./known.js";
import { managedByStack } from "./managed.js";
import { planResources, type InstallationResources, type VhostResources } from "./plan-resources.js";
import { toldLater } from "./told.js";

/** What the broker holds, as far as it is to be taken over. */
export interface Found {
  readonly live: LiveInstallation;
  /** By vhost. */
  readonly bindings: ReadonlyMap<string, readonly WireBinding[]>;
  /** What the stack has already, by id (`itemId`). */
  readonly managed: ReadonlySet<string>;
}

/** As the official provider keeps a vhost in a binding's id (source: rabbitmq/util.go). */
const encodeSlashes = (vhost: string): string => vhost.replaceAll("%", "%25").replaceAll("/", "%2F");

const hasArguments = (binding: { readonly arguments: object }): boolean => Object.keys(binding.arguments).length > 0;

/** A binding is read back by the name that the API has for it. */
function bindingIds({ bindings, vhost }: VhostResources, live: readonly WireBinding[]): (readonly [string, string, string])[] {
  const of = vhost.object.name;
  const keys = new Map(
    live.map(
      ({ source, destination, destination_type: destinationType, routing_key: routingKey, arguments: given, properties_key: key }) => [
        bindingId(of, { source, destination, destinationType, routingKey, arguments: given }),
        key,
      ],
    ),
  );
  return bindings.flatMap(({ name, object, own }) => {
    const id = bindingId(of, object);
    const key = keys.get(id);
    // An import would put the arguments where the program does not have them.
    if (own !== undefined || key === undefined || hasArguments(object)) return [];
    const parts = [encodeSlashes(of), object.source, object.destination, object.destinationType, key];
    return [[name, parts.join("/"), id] as const];
  });
}

/**
 * By the logical names of official resources, the ids by which they are imported. Those that are left out here are declared instead, which
 * changes nothing where all is equal: the provider reads arguments that are texts alone into another field than the one that they are given in.
 */
export function importIds(resources: InstallationResources, { live, bindings, managed }: Found): ReadonlyMap<string, string> {
  const there = new Set(liveItems(live).map(({ id }) => id));
  const ids: (readonly [name: string, importId: string, itemId: string])[] = resources.vhosts.flatMap((vhost) => {
    const of = vhost.vhost.object.name;
    const named = <T>(
      kind: "exchange" | "queue" | "policy" | "operator policy" | "permission",
      list: readonly { readonly name: string; readonly object: T; readonly own?: unknown }[],
      nameOf: (object: T) => string,
    ): (readonly [string, string, string])[] =>
      list.flatMap(({ name, object, own }) =>
        own === undefined ? [[name, `${nameOf(object)}@${of}`, itemId(kind, of, nameOf(object))] as const] : [],
      );
    const queues = vhost.queues.filter(({ object }) => Object.values(object.arguments).some((value) => typeof value !== "string"));
    return [
      [vhost.vhost.name, of, itemId("vhost", undefined, of)] as const,
      ...named("exchange", vhost.exchanges, ({ name }) => name),
      ...named("queue", queues, ({ name }) => name),
      ...named("policy", vhost.policies, ({ name }) => name),
      ...named("operator policy", vhost.operatorPolicies, ({ name }) => name),
      ...named("permission", vhost.permissions, ({ user }) => user),
      ...bindingIds(vhost, bindings.get(of) ?? []),
    ];
  });
  return new Map(ids.flatMap(([name, importId, id]) => (there.has(id) && !managed.has(id) ? [[name, importId] as const] : [])));
}

/** A vhost's description and tags are written whole, stated or not. */
function vhostMismatches(plan: InstallationPlan, live: LiveInstallation): Mismatch[] {
  return plan.vhosts.flatMap(({ vhost: { name, description = "", tags = [] } }) => {
    const found = live.vhosts.find(({ vhost }) => vhost.name === name)?.vhost;
    if (!found) return [];
    const at = { kind: "vhost", vhost: null, name, path: "vhost" } as const;
    return [
      ...(found.description === description ? [] : [{ ...at, field: "description", expected: description, actual: found.description }]),
      ...(equal([...found.tags].sort(), [...tags].sort()) ? [] : [{ ...at, field: "tags", expected: tags, actual: found.tags }]),
    ];
  });
}

export interface Comparison {
  /** Objects that are there and otherwise. */
  readonly different: readonly Mismatch[];
  /** Objects that are not there, and will be made. */
  readonly missing: readonly DriftEntry[];
  /** Objects of the same vhosts that the topology does not have. */
  readonly extra: readonly DriftEntry[];
}

/** How what is to be taken over stands to the plan. */
export function compare(plan: InstallationPlan, { live, managed }: Omit<Found, "bindings">, known: Known = {}): Comparison {
  const found = new Map(liveItems(live).map((item) => [item.id, item]));
  const open = (item: Item): boolean => !managed.has(item.id);
  const fields = plannedItems(plan).flatMap((item) => {
    const actual = found.get(item.id);
    return actual && open(item) ? mismatches(item, actual, known.secrets) : [];
  });
  const ofVhosts = vhostMismatches(plan, live).filter(({ name }) => !managed.has(itemId("vhost", undefined, name)));
  const { missing, extra } = drift(plan, live);
  return { different: once([...fields, ...ofVhosts, ...wholeConflicts(plan, live, managed, known)]), missing, extra };
}

/** Throws a WarrenError that lists every difference. */
export function refuseDifferent(different: readonly Mismatch[]): void {
  if (different.length === 0) return;
  const { count, lines, advice } = conflictText(different);
  throw new WarrenError(
    [`${count} cannot be adopted, for the topology says otherwise than the broker has it; nothing was changed.`, ...lines].join("\n"),
    {
      remedy: [
        "write into the topology what is there (warren import does), and change it in a later update, without warren:adopt",
        ...advice,
      ].join("; "),
    },
  );
}

const MOST = 10;

function listed(title: string, entries: readonly DriftEntry[]): string {
  const more = entries.length > MOST ? [`  and ${entries.length - MOST} more`] : [];
  return [title, ...entries.slice(0, MOST).map(conflictTitle), ...more].join("\n");
}

/** What has to be known before the update. */
export function warningOf({ missing, extra }: Comparison): string | undefined {
  const parts = [
    ...(missing.length > 0 ? [listed(`${plural(missing.length, "object")} of the topology not on the broker will be made:`, missing)] : []),
    ...(extra.length > 0
      ? [listed(`${plural(extra.length, "object")} of these vhosts not in the topology, left alone until their vhost is deleted:`, extra)]
      : []),
  ];
  return parts.length > 0 ? parts.join("\n") : undefined;
}

/** What of a plan is taken over: by logical name, without the prefix, the id by which an official resource is imported. */
export interface Adoption {
  readonly ids: ReadonlyMap<string, string>;
}

export interface AdoptionOptions {
  readonly connection: Connection;
  readonly plan: InstallationPlan;
  /** @default secrets and passwords are not compared */
  readonly known?: Known;
  /** The oldest version that will do. @default the newest that a topology asks for */
  readonly brokerVersion?: Version | undefined;
  /** Told what has to be known before the update. */
  readonly onWarn?: (text: string) => void;
}

/** Looks at the broker before anything is registered. Throws a WarrenError that lists what is there and otherwise. */
export async function adoptionOf({ connection, plan, known, brokerVersion, onWarn }: AdoptionOptions): Promise<Adoption> {
  const broker = managementOf(connection);
  try {
    await broker.requireVersion(brokerVersion ?? versionOf(plan));
    const live = await readLive(
      broker,
      plan.vhosts.map(({ vhost }) => vhost.name),
    );
    const managed = (await managedByStack())?.objects ?? new Set<string>();
    const comparison = compare(plan, { live, managed }, known);
    refuseDifferent(comparison.different);
    const warning = warningOf(comparison);
    if (warning !== undefined) onWarn?.(warning);
    const bindings = new Map<string, readonly WireBinding[]>();
    for (const { vhost } of live.vhosts) bindings.set(vhost.name, await broker.allBindings(vhost.name));
    return { ids: importIds(planResources(plan), { live, bindings, managed }) };
  } finally {
    await broker.close();
  }
}

/**
 * What of a topology is on a broker already, for `new RabbitTopology(name, { adopt })` in a program of one's own. Throws a WarrenError that
 * lists what is there and otherwise.
 *
 * @example
 * const broker = { endpoint: "https://rabbit:15671", username: "deploy", password: process.env.BROKER_PASSWORD };
 * new RabbitTopology("orders", { topology: orders, broker, adopt: await adoption({ topology: orders, broker }) });
 */
export async function adoption({ topology, environment, broker, ...given }: AdoptArgs): Promise<Adoption> {
  return toldLater(async () => {
    const { plan } = admit(topology, { label: "the topology", environment: environment ?? pulumi.getStack() });
    const known = await knownOf(plan, { ...given, salt: given.salt ?? `${pulumi.getProject()}/${pulumi.getStack()}` });
    return adoptionOf({ connection: broker, plan, known, onWarn: (text) => void pulumi.log.warn(text) });
  });
}

export interface AdoptArgs {
  /** As `RabbitTopology` takes it. */
  readonly topology: object;
  /** @default the stack's name */
  readonly environment?: string;
  /** Values in clear: the look comes before anything is registered. */
  readonly broker: Connection;
  /** As `RabbitTopology` takes it: what they come to is compared too. @default a secret stands for any value */
  readonly secrets?: RabbitTopologyArgs["secrets"];
  /** As `RabbitTopology` takes it. */
  readonly passwords?: RabbitTopologyArgs["passwords"];
  /** As `RabbitTopology` takes it. */
  readonly salt?: RabbitTopologyArgs["salt"];
}
