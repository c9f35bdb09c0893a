/** What an update from one installation to another does to the objects on the broker: in place, by a replacement, or with a loss of messages. */
import { effectOf, worst, type Difference as FieldDifference, type Kind, type PlannedByKind } from "../changes.js";
import { compileInstallation } from "../compile/compile.js";
import { bindingKey } from "../compile/graph.js";
import type { InstallationPlan, Plan } from "../compile/plan.js";
import { usersOf } from "../compile/users.js";
import type { Installation } from "../model.js";
import { matches } from "../regex.js";
import type { Exported } from "./exported.js";

/** The gravest first. */
export const CONSEQUENCES = ["delete and lose messages", "replace and lose messages", "delete", "replace", "in place", "create"] as const;

export type Consequence = (typeof CONSEQUENCES)[number];

export interface ObjectChange {
  readonly kind: Kind;
  /** `null` for what belongs to no vhost. */
  readonly vhost: string | null;
  /** A binding is `orders -> billing (order.created)`. */
  readonly name: string;
  readonly consequence: Consequence;
  /** Where it stands in the new topology; what is deleted: in the old one. */
  readonly path: string;
  /** Of an object that stays or is replaced. */
  readonly differences: readonly FieldDifference[];
  /** Of a queue; of one that is replaced the type that it has now: for that of the counts that a live broker has. */
  readonly type?: string;
  /** Of a vhost that is made or deleted: what it holds, by kind. Only its queues have changes of their own, if they are deleted. */
  readonly holds?: Readonly<Record<string, number>>;
  /** Of a queue that is deleted or replaced, where a live broker was asked: the messages in it now, `null` if it does not say. */
  readonly messages?: number | null;
}

export interface ObjectOptions {
  /** With the sizes of this environment, on both sides. */
  readonly environment?: string | undefined;
  /** Which side is what a broker exported: of the old one vhosts, users and parameters that the new one does not have are those of others. @default neither */
  readonly exported?: Exported | undefined;
  /** Why an object that could change in place is replaced all the same. @default it is not */
  readonly moved?:
    (<K extends Kind>(kind: K, vhost: string | null, before: PlannedByKind[K], after: PlannedByKind[K]) => string | undefined) | undefined;
}

interface Thing {
  readonly kind: Kind;
  readonly vhost: string | null;
  readonly name: string;
  readonly id: string;
  readonly value: PlannedByKind[Kind];
  readonly origin: string;
}

type Described = { readonly origin: string };

const thing = <K extends Kind>(
  kind: K,
  vhost: string | null,
  value: PlannedByKind[K] & Described,
  name: string,
  ...id: readonly unknown[]
): Thing => ({
  ...{ kind, vhost, name, value, origin: value.origin },
  id: JSON.stringify([kind, vhost, name, ...id]),
});

function inVhost(plan: Plan, { global }: InstallationPlan): Thing[] {
  const vhost = plan.vhost.name;
  const here = <T extends { readonly vhost: string }>(all: readonly T[]): T[] => all.filter((each) => each.vhost === vhost);
  return [
    ...plan.exchanges.map((each) => thing("exchange", vhost, each, each.name)),
    ...plan.queues.map((each) => thing("queue", vhost, each, each.name)),
    ...plan.templates.map((each) => thing("template", vhost, each, each.template)),
    ...plan.bindings.map((each) => {
      const key = bindingKey(each);
      const name = `${each.source} -> ${each.destination}${key === "" ? "" : ` (${key})`}`;
      const headers = Object.entries(each.arguments).sort(([a], [b]) => (a < b ? -1 : 1));
      return thing("binding", vhost, each, name, each.destinationType, each.source, each.destination, each.routingKey, headers);
    }),
    ...plan.policies.map((each) => thing("policy", vhost, each, each.name)),
    ...plan.operatorPolicies.map((each) => thing("operator policy", vhost, each, each.name)),
    ...[...plan.permissions, ...here(global.permissions)].map((each) => thing("permission", vhost, each, each.user)),
    ...[...plan.topicPermissions, ...here(global.topicPermissions)].map((each) =>
      thing("topic permission", vhost, each, `${each.user} on ${each.exchange}`, each.user),
    ),
    ...plan.parameters.map((each) => thing("parameter", vhost, each, `${each.component}/${each.name}`, each.component)),
  ];
}

function ofBroker(plan: InstallationPlan): Thing[] {
  return [
    ...usersOf(plan).map((each) => thing("user", null, each, each.name)),
    ...plan.global.parameters.map((each) => thing("global parameter", null, each, each.name)),
  ];
}

/** A broker states everything, a topology what it has words for: what the new side leaves open stays as it is. */
function stated(kind: Kind, before: PlannedByKind[Kind], after: PlannedByKind[Kind]): PlannedByKind[Kind] {
  if (kind !== "vhost" && kind !== "user") return before;
  const wanted = after as unknown as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.entries(before).filter(([field]) => wanted[field] !== undefined)) as unknown as PlannedByKind[Kind];
}

function changed(old: Thing, now: Thing, { exported, moved }: ObjectOptions): ObjectChange[] {
  const before = exported === "old" ? stated(now.kind, old.value, now.value) : old.value;
  const differences = effectOf(now.kind, before, now.value);
  const effect = worst(differences);
  if (!effect) return [];
  const why = effect === "in place" ? moved?.(now.kind, now.vhost, before, now.value) : undefined;
  return [
    {
      ...{ kind: now.kind, vhost: now.vhost, name: now.name, path: now.origin },
      consequence: why === undefined ? effect : "replace",
      differences: why === undefined ? differences : differences.map((each) => ({ ...each, effect: "replace", why })),
      ...typeOf(old),
    },
  ];
}

const typeOf = ({ kind, value }: Thing): { readonly type?: string } =>
  kind === "queue" ? { type: (value as PlannedByKind["queue"]).type } : {};

const change = (of: Thing, consequence: Consequence): ObjectChange => ({
  ...{ kind: of.kind, vhost: of.vhost, name: of.name, consequence, path: of.origin, differences: [] },
  ...typeOf(of),
});

function compare(old: readonly Thing[], now: readonly Thing[], options: ObjectOptions, mayGo: (gone: Thing) => boolean): ObjectChange[] {
  const [before, after] = [old, now].map((things) => new Map(things.map((each) => [each.id, each]))) as [
    Map<string, Thing>,
    Map<string, Thing>,
  ];
  // No broker holds a template: its instances declare it.
  const real = ({ kind }: Thing): boolean => kind !== "template";
  return [
    ...[...before.values()]
      .filter((each) => real(each) && !after.has(each.id) && mayGo(each))
      .map((each) => change(each, each.kind === "queue" ? "delete and lose messages" : "delete")),
    ...[...after.values()].flatMap((each) => {
      const earlier = before.get(each.id);
      return earlier ? changed(earlier, each, options) : real(each) ? [change(each, "create")] : [];
    }),
  ];
}

function wholeVhost(plan: Plan, all: InstallationPlan, consequence: Consequence): ObjectChange {
  const holds: Record<string, number> = {};
  for (const { kind } of inVhost(plan, all)) if (kind !== "template") holds[kind] = (holds[kind] ?? 0) + 1;
  return { ...change(thing("vhost", null, plan.vhost, plan.vhost.name), consequence), holds };
}

/** What a broker knows of users: an export of one vhost has none. */
const knowsUsers = (plan: InstallationPlan): boolean => usersOf(plan).length > 0;

const ACCESS: ReadonlySet<Kind> = new Set(["user", "permission", "topic permission"]);

/**
 * From `old` to `now`, object by object, the gravest first. `up` deletes only what its stack has made: an object that the old side has and the
 * stack did not make stays. The table behind it is `topology/changes.ts`, in which the RabbitMQ provider and Warren's own resources agree.
 */
export function objectChanges(old: Installation, now: Installation, options: ObjectOptions = {}): ObjectChange[] {
  const { environment, exported } = options;
  const [before, after] = [compileInstallation(old, environment), compileInstallation(now, environment)];
  const [had, has] = [before, after].map(({ vhosts }) => new Map(vhosts.map((plan) => [plan.vhost.name, plan]))) as [
    Map<string, Plan>,
    Map<string, Plan>,
  ];
  const known = (side: Exported, plan: InstallationPlan): boolean => (exported !== side && exported !== "both") || knowsUsers(plan);
  const users = known("old", before) && known("now", after);
  const changes = [
    ...[...had.values()]
      .filter(({ vhost }) => !has.has(vhost.name) && exported !== "old")
      .flatMap((plan) => [
        wholeVhost(plan, before, plan.queues.length > 0 ? "delete and lose messages" : "delete"),
        ...plan.queues.map((queue) => change(thing("queue", plan.vhost.name, queue, queue.name), "delete and lose messages")),
      ]),
    ...[...has.values()].flatMap((plan) => {
      const earlier = had.get(plan.vhost.name);
      if (!earlier) return [wholeVhost(plan, after, "create")];
      const instances = ({ kind, name }: Thing): boolean =>
        kind === "queue" && plan.templates.some(({ pattern }) => matches(pattern, name));
      const bound = ({ kind, value }: Thing): boolean => {
        if (kind !== "binding") return false;
        const { destination, destinationType } = value as PlannedByKind["binding"];
        return destinationType === "queue" && plan.templates.some(({ pattern }) => matches(pattern, destination));
      };
      const foreign = (each: Thing): boolean => exported === "old" && (instances(each) || bound(each) || isOthers(each, after));
      const [vhost, vhostNow] = [earlier, plan].map((one) => [thing("vhost", null, one.vhost, one.vhost.name)]) as [Thing[], Thing[]];
      return [
        ...compare(vhost, vhostNow, options, () => true),
        ...compare(inVhost(earlier, before), inVhost(plan, after), options, (each) => !foreign(each)),
      ];
    }),
    ...compare(ofBroker(before), ofBroker(after), options, () => exported !== "old"),
  ].filter(({ kind }) => users || !ACCESS.has(kind));
  return [...changes].sort((a, b) => CONSEQUENCES.indexOf(a.consequence) - CONSEQUENCES.indexOf(b.consequence));
}

/** Rights of users that the plan does not know. */
function isOthers({ kind, value }: Thing, plan: InstallationPlan): boolean {
  if (kind !== "permission" && kind !== "topic permission") return false;
  const { user } = value as PlannedByKind["permission"];
  return !usersOf(plan).some(({ name }) => name === user);
}

/** Whether messages may be lost by it. */
export const losesMessages = ({ consequence }: Pick<ObjectChange, "consequence">): boolean => consequence.endsWith("lose messages");
