/** How a live broker differs from a plan: what is missing, what is otherwise, what is there besides. Pure. */
import type { InstallationPlan, Plan, PlannedOperatorPolicy, PlannedPolicy } from "../topology/compile/plan.js";
import { equal } from "../topology/equal.js";
import { secondUser } from "../topology/names.js";
import { alternateExchange, effectiveSettings, sourceText, winner, type PolicyObject, type SourcedValue } from "../topology/policies.js";
import { path } from "../topology/path.js";
import { matches } from "../topology/regex.js";
import { namesSecret } from "../topology/secret-names.js";
import { withoutCredentials } from "./faults.js";
import { bindingId, itemId, liveItems, plannedItems, type Item, type ItemKind } from "./items.js";
import type { LiveInstallation, LiveVhost } from "./live.js";

/** One object. */
export interface DriftEntry {
  readonly kind: ItemKind;
  /** `null` for what belongs to no vhost: vhosts themselves, users, global parameters. */
  readonly vhost: string | null;
  readonly name: string;
  /** Where it stands in the topology; for what is extra, where it would stand. */
  readonly path: string;
}

/** One field of one object. Secrets and hashes are never shown, only that they differ. */
export interface Mismatch extends DriftEntry {
  /** `priority`, `arguments["x-max-length"]`; `effective["max-length"]` is what arguments and policies come to. */
  readonly field: string;
  /** `null`: it should not be set. */
  readonly expected: unknown;
  /** `null`: it is not set. */
  readonly actual: unknown;
  /** Whose value holds, where a policy that is not in the plan decides: `policy "NAME"`. */
  readonly winner?: string;
}

export interface Drift {
  readonly version: 1;
  readonly missing: readonly DriftEntry[];
  readonly mismatched: readonly Mismatch[];
  readonly extra: readonly DriftEntry[];
}

export interface DriftOptions {
  /** Values of secrets by name; parameters are compared with them. @default what holds a secret counts as equal */
  readonly secrets?: Readonly<Record<string, string>>;
  /**
   * The plan claims the whole broker: other vhosts (except `/`), users and global parameters are extra too. The user that reads never is.
   * @default false
   */
  readonly whole?: boolean;
}

export const isDrifted = ({ missing, mismatched, extra }: Drift): boolean => missing.length + mismatched.length + extra.length > 0;

/**
 * Compares a plan with what `readLive` read of its vhosts. No drift is: what the broker adds by itself, queues of instances (names that a
 * template covers) with their bindings, limits and descriptions that the plan does not state, an administrator's full permissions (the
 * broker gives them to whoever makes a vhost), the rights of a service on its second user, users and vhosts of others. In a vhost that is missing,
 * nothing else is listed.
 */
export function drift(plan: InstallationPlan, live: LiveInstallation, options: DriftOptions = {}): Drift {
  const planned = plannedItems(plan);
  const found = new Map(liveItems(live).map((item) => [item.id, item]));
  const expected = new Set(planned.map((item) => item.id));
  const liveVhosts = new Set(live.vhosts.map(({ vhost }) => vhost.name));

  const missing = planned.filter((item) => !found.has(item.id) && (item.vhost === undefined || liveVhosts.has(item.vhost)));
  const mismatched = planned.flatMap((item) => {
    const actual = found.get(item.id);
    return actual ? mismatches(item, actual, options.secrets) : [];
  });
  const ours = ownership(plan, live, options.whole ?? false);
  const seconds = secondRights(plan);
  const extra = [...found.values()].filter((item) => {
    const second = seconds.get(item.id);
    return !expected.has(item.id) && ours(item) && !(second && mismatches(second, item).length === 0);
  });
  return {
    version: 1,
    missing: missing.map(entry),
    mismatched: [...mismatched, ...plan.vhosts.flatMap((vhost) => takenOver(vhost, live))],
    extra: extra.map(entry),
  };
}

const entry = ({ kind, vhost, name, path: where }: Item): DriftEntry => ({ kind, vhost: vhost ?? null, name, path: where });

/** The fields in which a planned object and the live one with the same id differ. */
export function mismatches(planned: Item, actual: Item, secrets?: DriftOptions["secrets"]): Mismatch[] {
  const fields = new Set([...planned.fields.keys(), ...(planned.open ? [] : actual.fields.keys())]);
  return [...fields].flatMap((field) => {
    const [want, is] = [planned.fields.get(field), actual.fields.get(field)];
    if (holds(want, is, secrets)) return [];
    // What has one value is called by its own name.
    const key = field === "value" ? planned.name : field;
    // Two values that differ in what must not be shown alone are shown as that.
    const [expected, shown] = [printable(want, key, want), printable(is, key, want)];
    const hidden = field === "passwordHash" || equal(expected, shown);
    return [
      { ...entry(planned), field, ...(hidden ? { expected: "(hidden)", actual: "(another value, hidden)" } : { expected, actual: shown }) },
    ];
  });
}

const isSecret = (value: unknown): value is { readonly secret: string } =>
  typeof value === "object" &&
  value !== null &&
  Object.keys(value).length === 1 &&
  typeof (value as { secret?: unknown }).secret === "string";

/** Whether the broker has what the plan says; a secret without a known value stands for any. */
function holds(planned: unknown, actual: unknown, secrets: DriftOptions["secrets"]): boolean {
  if (isSecret(planned)) {
    const value = secrets?.[planned.secret];
    return actual !== undefined && (value === undefined || value === actual);
  }
  if (Array.isArray(planned)) {
    return Array.isArray(actual) && planned.length === actual.length && planned.every((each, at) => holds(each, actual[at], secrets));
  }
  if (typeof planned === "object" && planned !== null && typeof actual === "object" && actual !== null && !Array.isArray(actual)) {
    const keys = new Set([...Object.keys(planned), ...Object.keys(actual)]);
    return [...keys].every((key) => holds((planned as Record<string, unknown>)[key], (actual as Record<string, unknown>)[key], secrets));
  }
  return equal(planned, actual);
}

/**
 * A value without what must not be read: credentials in URIs; a text whose key says that it is secret; a secret by its name alone, and of a
 * live value what is one in `planned`. JSON has no `undefined`.
 */
function printable(value: unknown, key: string, planned?: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === "string" && saysSecret(key)) return "(hidden)";
  if (isSecret(planned)) {
    // On the broker the same object would hold the secret itself.
    if (value === planned) return `(secret ${planned.secret})`;
    // Of a URI the rest may be read.
    return typeof value === "string" && value.includes("://") ? withoutCredentials(value) : "(hidden)";
  }
  if (typeof value === "string") return withoutCredentials(value);
  const inside = (step: string | number): unknown =>
    typeof planned === "object" ? (planned as Record<string, unknown> | null)?.[step] : undefined;
  if (Array.isArray(value)) return value.map((each, at) => printable(each, key, inside(at)));
  if (typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, printable(inner, name, inside(name))]));
  return value;
}

/** Of a key, and of a path by its last one: `value.token`, `value["client-secret"]`. */
const saysSecret = (key: string): boolean => namesSecret(key.replace(/"\]$/, ""));

/** Whether an object that the plan does not hold is one that it would have to hold. */
function ownership(plan: InstallationPlan, live: LiveInstallation, whole: boolean): (item: Item) => boolean {
  const vhosts = new Map(plan.vhosts.map((vhost) => [vhost.vhost.name, vhost]));
  const administrators = new Set(live.users.filter(({ tags }) => tags.includes("administrator")).map(({ name }) => name));
  const instances = new Map<string, Set<string>>();
  for (const { vhost, queues } of live.vhosts) {
    const planned = vhosts.get(vhost.name);
    if (!planned) continue;
    const own = new Set(planned.queues.map(({ name }) => name));
    const covered = queues.filter(({ name }) => !own.has(name) && planned.templates.some(({ pattern }) => matches(pattern, name)));
    instances.set(vhost.name, new Set(covered.map(({ name }) => itemId("queue", vhost.name, name))));
  }
  const instanceBindings = new Set(
    live.vhosts.flatMap(({ vhost, bindings }) =>
      bindings
        .filter(
          ({ destination, destinationType }) =>
            destinationType === "queue" && instances.get(vhost.name)?.has(itemId("queue", vhost.name, destination)),
        )
        .map((binding) => bindingId(vhost.name, binding)),
    ),
  );
  return (item) => {
    if (item.vhost === undefined) {
      if (!whole || (item.kind === "vhost" && item.name === "/")) return false;
      return !(item.kind === "user" && item.name === live.reader);
    }
    if (!vhosts.has(item.vhost)) return false;
    if (item.kind === "queue") return !instances.get(item.vhost)?.has(item.id);
    if (item.kind === "binding") return !instanceBindings.has(item.id);
    if (item.kind === "permission" && administrators.has(item.name)) {
      return !["configure", "write", "read"].every((right) => item.fields.get(right) === ".*");
    }
    return true;
  };
}

/** What a change of a password gives to the second user of each service, by id: the rights of the first. */
function secondRights(plan: InstallationPlan): ReadonlyMap<string, Item> {
  const vhosts = plan.vhosts.map((vhost) => {
    const services = new Set(vhost.users.flatMap(({ name, service }) => (service === undefined ? [] : [name])));
    const ofSeconds = <Right extends { readonly user: string }>(rights: readonly Right[]): Right[] =>
      rights.filter(({ user }) => services.has(user)).map((right) => ({ ...right, user: secondUser(right.user) }));
    return { ...vhost, permissions: ofSeconds(vhost.permissions), topicPermissions: ofSeconds(vhost.topicPermissions) };
  });
  return new Map(plannedItems({ ...plan, vhosts }).map((item) => [item.id, item]));
}

/** Settings of planned queues and exchanges that a policy decides which the plan does not hold. */
function takenOver(plan: Plan, installation: LiveInstallation): Mismatch[] {
  const live = installation.vhosts.find(({ vhost }) => vhost.name === plan.vhost.name);
  if (!live) return [];
  // A planned policy that drifted is reported as itself: here it holds as planned, so that only the foreign ones make a difference.
  const foreign = {
    policies: live.policies.filter(({ name }) => !plan.policies.some((policy) => policy.name === name)),
    operatorPolicies: live.operatorPolicies.filter(({ name }) => !plan.operatorPolicies.some((policy) => policy.name === name)),
  };
  if (foreign.policies.length + foreign.operatorPolicies.length === 0) return [];
  const mixed: Pick<Plan, "policies" | "operatorPolicies"> = {
    policies: [...plan.policies, ...foreign.policies.map((policy) => ({ ...policy, origin: "" }))],
    operatorPolicies: [...plan.operatorPolicies, ...foreign.operatorPolicies.map((policy) => ({ ...policy, origin: "" }))],
  };
  return [...queuesTakenOver(plan, mixed, live), ...exchangesTakenOver(plan, mixed, live)];
}

type Policies = Pick<Plan, "policies" | "operatorPolicies">;

function queuesTakenOver(plan: Plan, mixed: Policies, live: LiveVhost): Mismatch[] {
  const there = new Set(live.queues.map(({ name }) => name));
  return plan.queues
    .filter(({ name }) => there.has(name))
    .flatMap((queue) => {
      const [expected, actual] = [effectiveSettings(plan, queue), effectiveSettings(mixed, queue)];
      const at = { kind: "queue", vhost: plan.vhost.name, name: queue.name, path: queue.origin } as const;
      return [...new Set([...expected.keys(), ...actual.keys()])].flatMap((key) =>
        effective(at, key, expected.get(key), actual.get(key), mixed, { kind: "queue", name: queue.name, type: queue.type }),
      );
    });
}

function exchangesTakenOver(plan: Plan, mixed: Policies, live: LiveVhost): Mismatch[] {
  const there = new Set(live.exchanges.map(({ name }) => name));
  return plan.exchanges
    .filter(({ name }) => there.has(name))
    .flatMap((exchange) => {
      const at = { kind: "exchange", vhost: plan.vhost.name, name: exchange.name, path: exchange.origin } as const;
      const [expected, actual] = [alternateExchange(plan, exchange), alternateExchange(mixed, exchange)];
      return effective(at, "alternate-exchange", expected, actual, mixed, { kind: "exchange", name: exchange.name });
    });
}

function effective(
  at: DriftEntry,
  key: string,
  expected: SourcedValue | undefined,
  actual: SourcedValue | undefined,
  mixed: Policies,
  object: PolicyObject,
): Mismatch[] {
  if (equal(expected?.value, actual?.value)) return [];
  // A setting that is gone was taken away by the policy that now holds in place of the one that gave it.
  const kind = expected?.source.kind === "operator policy" ? "operator policy" : "policy";
  const holder = winner<PlannedPolicy | PlannedOperatorPolicy>(kind === "policy" ? mixed.policies : mixed.operatorPolicies, object);
  return [
    {
      ...at,
      field: path("effective", key),
      expected: printable(expected?.value, key),
      actual: printable(actual?.value, key),
      winner: sourceText(actual?.source ?? { kind, name: holder?.name ?? "" }),
    },
  ];
}
