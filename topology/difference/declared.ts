/** Messages, services, users and links that are new, gone, or otherwise. */
import { hasSecret } from "../compile/definitions.js";
import type { InstallationPlan, PlannedUser } from "../compile/plan.js";
import { usersOf } from "../compile/users.js";
import { equal } from "../equal.js";
import type { Message } from "../model.js";
import { target } from "../permissions.js";
import type { Change, ChangeKind, Severity } from "./change.js";
import type { Exported } from "./exported.js";
import type { Side } from "./side.js";
import { exchangeTitle } from "../names.js";
import { list, quoted } from "./words-of-changes.js";

/** Of two lists by name: what is only here, only there, and in both. */
function sorted<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): { gone: [string, T][]; added: [string, T][]; both: [string, T, T][] } {
  return {
    gone: [...before].filter(([name]) => !after.has(name)),
    added: [...after].filter(([name]) => !before.has(name)),
    both: [...before].flatMap(([name, old]): [string, T, T][] => {
      const now = after.get(name);
      return now === undefined ? [] : [[name, old, now]];
    }),
  };
}

const byName = <T>(entries: { readonly [name: string]: T } | undefined): ReadonlyMap<string, T> => new Map(Object.entries(entries ?? {}));

/** What of a declaration counts for messages. */
function properties(side: Side, message: Message): Readonly<Record<string, unknown>> {
  const { priority = null, expiration = null, persistent = true, headers = {}, reply } = message;
  return { ...target(side.topology, message), headers, priority, expiration, persistent, reply: reply !== undefined };
}

function messages(old: Side, now: Side): Change[] {
  const { gone, added, both } = sorted(byName(old.topology.messages), byName(now.topology.messages));
  const { vhost } = now;
  const where = (side: Side, one: Message): string => {
    const { exchange, key } = target(side.topology, one);
    return `${exchangeTitle(exchange)}${key === "" ? "" : ` with key ${quoted(key)}`}`;
  };
  return [
    ...gone.map(([message, one]): Change => ({
      kind: "message-removed",
      severity: "notice",
      vhost,
      message,
      before: properties(old, one),
      after: null,
      text: `message ${message} is declared no longer (to ${where(old, one)})`,
    })),
    ...added.map(([message, one]): Change => ({
      kind: "message-added",
      severity: "notice",
      vhost,
      message,
      before: null,
      after: properties(now, one),
      text: `message ${message} is new (to ${where(now, one)})`,
    })),
    ...both.flatMap(([message, one, other]): Change[] => {
      const [before, after] = [properties(old, one), properties(now, other)];
      if (equal(before, after)) return [];
      const fields = Object.keys(after).filter((field) => !equal(before[field], after[field]));
      const moved = fields.includes("exchange") || fields.includes("key");
      const text = moved
        ? `message ${message} is published to ${where(now, other)} instead of ${where(old, one)}`
        : `message ${message} has other ${list(fields)}: ${fields.map((field) => `${JSON.stringify(after[field])} instead of ${JSON.stringify(before[field])}`).join(", ")}`;
      return [{ kind: "message-changed", severity: "breaking", vhost, message, before, after, text }];
    }),
  ];
}

function services(old: Side, now: Side): Change[] {
  const { gone, added } = sorted(byName(old.topology.services), byName(now.topology.services));
  const of = (side: Side, service: string): string => side.plan.users.find((one) => one.service === service)?.name ?? service;
  const { vhost } = now;
  return [
    ...gone.map(([name]): Change => ({
      kind: "service-removed",
      severity: "breaking",
      vhost,
      user: of(old, name),
      before: name,
      after: null,
      text: `service ${name} is gone, and its user ${of(old, name)}`,
    })),
    ...added.map(([name]): Change => ({
      kind: "service-added",
      severity: "notice",
      vhost,
      user: of(now, name),
      before: null,
      after: name,
      text: `service ${name} is new, with user ${of(now, name)}`,
    })),
  ];
}

const isLink = new Map([
  ["shovel", "shovel"],
  ["federation-upstream", "federation upstream"],
  ["federation-upstream-set", "federation upstream set"],
]);

/** Values may hold secrets, and are not shown; of a broker they cannot be asked for, or only the stack's configuration holds them. */
function links(old: Side, now: Side, exported?: Exported): Change[] {
  const isSame = (before: unknown, after: unknown): boolean =>
    equal(before, after) || (exported !== undefined && (hasSecret(before) || hasSecret(after)));
  const of = ({ plan }: Side): Map<string, { title: string; value: unknown }> =>
    new Map(
      plan.parameters.map(({ component, name, value }) => [
        `${component} ${name}`,
        { title: `${isLink.get(component) ?? `parameter of ${component},`} ${name}`, value },
      ]),
    );
  const { gone, added, both } = sorted(of(old), of(now));
  const change = (kind: ChangeKind, severity: Severity, title: string, said: string): Change => ({
    kind,
    severity,
    vhost: now.vhost,
    before: kind === "link-added" ? null : title,
    after: kind === "link-removed" ? null : title,
    text: `${title} ${said}`,
  });
  return [
    ...gone.map(([, { title }]) => change("link-removed", "breaking", title, "is gone")),
    ...added.map(([, { title }]) => change("link-added", "notice", title, "is new")),
    ...both.flatMap(([, before, after]) =>
      isSame(before.value, after.value) ? [] : [change("link-changed", "breaking", after.title, "is set otherwise")],
    ),
  ];
}

/** What topologies declare besides exchanges and queues. */
export const declaredChanges = (old: Side, now: Side, exported?: Exported): Change[] =>
  exported ? links(old, now, exported) : [...messages(old, now), ...services(old, now), ...links(old, now)];

/** Users that are no services, wherever they are declared. */
export function userChanges(old: InstallationPlan, now: InstallationPlan, exported?: Exported): Change[] {
  const users = (plan: InstallationPlan): Map<string, PlannedUser> => new Map(usersOf(plan).map((user) => [user.name, user]));
  const [before, after] = [users(old), users(now)];
  const { gone, added, both } = sorted(before, after);
  const plain = ([, { service }]: [string, PlannedUser]): boolean => service === undefined;
  const tags = ({ tags: given }: PlannedUser): string[] => [...given].sort();
  return [
    ...(exported === "old" ? [] : gone.filter(plain)).map(([user]): Change => ({
      kind: "user-removed",
      severity: "breaking",
      vhost: null,
      user,
      before: user,
      after: null,
      text: `user ${user} is gone`,
    })),
    ...(exported === "now" ? [] : added.filter(plain)).map(([user]): Change => ({
      kind: "user-added",
      severity: "notice",
      vhost: null,
      user,
      before: null,
      after: user,
      text: `user ${user} is new`,
    })),
    ...both.flatMap(([user, one, other]): Change[] => {
      const [had, has] = [tags(one), tags(other)];
      if (equal(had, has)) return [];
      const text = `user ${user} has the tags ${list(has) || "(none)"} instead of ${list(had) || "(none)"}`;
      return [
        {
          kind: "user-tags",
          severity: had.some((tag) => !has.includes(tag)) ? "breaking" : "notice",
          vhost: null,
          user,
          before: had,
          after: has,
          text,
        },
      ];
    }),
  ];
}
