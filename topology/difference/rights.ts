/** Rights gained and lost, user by user: exact for every exchange and queue that occurs on either side. */
import { entry } from "../entry.js";
import type { Permissions } from "../model.js";
import { DEFAULT_EXCHANGE_PERMISSION, fill, placeholders } from "../names.js";
import { brokerRegex, permits } from "../regex.js";
import type { Change, Unknown } from "./change.js";
import type { Exported } from "./exported.js";
import type { Side } from "./side.js";
import { topicChanges } from "./topic-rights.js";
import { list, quoted } from "./words-of-changes.js";

type Right = keyof Permissions;
const RIGHTS: readonly Right[] = ["configure", "write", "read"];

interface Thing {
  readonly kind: "exchange" | "queue";
  /** As permissions know it. */
  readonly name: string;
  readonly title: string;
}

/** What a right on a thing is good for. */
const USES: Readonly<Record<Right, Readonly<Record<Thing["kind"], string>>>> = {
  configure: { exchange: "declare and delete", queue: "declare and delete" },
  write: { exchange: "publish to", queue: "bind" },
  read: { exchange: "bind to", queue: "consume from" },
};

/** A name that an instance of a template could have; of services that fill in placeholders themselves, with theirs. */
function instanceNames({ plan, topology }: Side): Thing[] {
  return plan.templates.flatMap(({ template, name }) => {
    const any = Object.fromEntries(placeholders(name).map((placeholder) => [placeholder, "example"]));
    const given = Object.values(topology.services ?? {}).flatMap((service) => {
      const instances = service.instances as { readonly [template: string]: Readonly<Record<string, string>> } | undefined;
      const values = entry(instances, template);
      return values === undefined ? [] : [values];
    });
    return [any, ...given.map((values) => ({ ...any, ...values }))].map((values) => {
      const example = fill(name, values);
      return { kind: "queue" as const, name: example, title: `${example} (of template ${template})` };
    });
  });
}

/** Objects of one side that a right can be used on. */
function things(side: Side): Thing[] {
  return [
    { kind: "exchange", name: DEFAULT_EXCHANGE_PERMISSION, title: "the default exchange" },
    ...side.exchanges.names.map((name) => ({ kind: "exchange" as const, name, title: name })),
    ...side.plan.queues.map(({ name }) => ({ kind: "queue" as const, name, title: name })),
    ...instanceNames(side),
  ];
}

/** How a user is called: a service by its name. */
export function userTitle(user: string, ...sides: readonly Side[]): string {
  const service = sides.flatMap(({ plan }) => plan.users.find(({ name }) => name === user)?.service ?? [])[0];
  return service === undefined ? `user ${user}` : `service ${service} (user ${user})`;
}

/** Why an expression cannot be evaluated. One that the broker refuses too covers nothing. */
export const fault = (pattern: string): string | undefined => {
  const compiled = brokerRegex(pattern);
  return pattern !== "" && "fault" in compiled && !compiled.invalid ? compiled.fault : undefined;
};

/** Everything that exists: whoever has this has it on what is new, too, and that is no news. */
const ALL = ".*";

interface Asked {
  readonly vhost: string;
  readonly user: string;
  readonly title: string;
  readonly right: Right;
  readonly before: string;
  readonly after: string;
}

/** An object that is new to the side may be gained by an expression that has not changed; what is gone is not lost as a right. */
function compared({ vhost, user, title, right, before, after }: Asked, there: readonly Thing[], here: readonly Thing[]): Change[] {
  const had = new Set(there.map((thing) => `${thing.kind} ${thing.name}`));
  return (["exchange", "queue"] as const).flatMap((kind) => {
    // Nothing can be bound to the default exchange, and nobody declares it.
    const ofKind = here.filter((thing) => thing.kind === kind && (right === "write" || thing.name !== DEFAULT_EXCHANGE_PERMISSION));
    const could = ({ name }: Thing): boolean => had.has(`${kind} ${name}`) && permits(before, name);
    const objects = (keep: (thing: Thing) => boolean): string[] => [...new Set(ofKind.filter(keep).map((thing) => thing.title))];
    const lost = objects((thing) => could(thing) && !permits(after, thing.name));
    const gained = objects((thing) => !could(thing) && permits(after, thing.name));
    const at = { vhost, user } as const;
    const text = (names: readonly string[], gains: boolean): string =>
      `${title} can ${gains ? "now" : "no longer"} ${USES[right][kind]} ${list(names)}`;
    return [
      ...(lost.length === 0
        ? []
        : [
            {
              kind: "right-lost",
              severity: "breaking",
              ...at,
              before: { right, objects: lost },
              after: null,
              text: text(lost, false),
            } as const,
          ]),
      ...(gained.length === 0
        ? []
        : [
            {
              kind: "right-gained",
              severity: "notice",
              ...at,
              before: null,
              after: { right, objects: gained },
              text: text(gained, true),
            } as const,
          ]),
    ];
  });
}

function ofRight(asked: Asked, there: readonly Thing[], here: readonly Thing[]): { changes: Change[]; unknown: Unknown[] } {
  const { vhost, user, title, right, before, after } = asked;
  const reason = fault(before) ?? fault(after);
  if (reason !== undefined) {
    const text = `what ${title} can ${right} is not compared: ${reason}`;
    return { changes: [], unknown: before === after ? [] : [{ vhost, user, reason, text }] };
  }
  if (before === after && before === ALL) return { changes: [], unknown: [] };
  const changes = compared(asked, there, here);
  // What it covered, and covers no longer, may all be gone.
  const needless = there.some(({ name }) => permits(before, name) && !permits(after, name));
  if (before === after || changes.length > 0 || needless) return { changes, unknown: [] };
  const text = `${title} has the ${right} permission ${quoted(after)} instead of ${quoted(before)}, which is the same for every exchange and queue here`;
  const sides = { before: { right, expression: before }, after: { right, expression: after } };
  return { changes: [{ kind: "right-changed", severity: "notice", vhost, user, ...sides, text }], unknown: [] };
}

/** Of users that both sides know; those that are new or gone are told as such, with all their rights. */
export function rightChanges(old: Side, now: Side, exported?: Exported): { changes: Change[]; unknown: Unknown[] } {
  const found = { changes: [] as Change[], unknown: [] as Unknown[] };
  const known = [things(old), things(now)] as const;
  // Users of a broker that the code does not know are those of others.
  const sides = [...(exported === "old" ? [] : [old]), ...(exported === "now" ? [] : [now])];
  const users = new Set(sides.flatMap(({ permissions }) => [...permissions.keys()]));
  for (const user of users) {
    const title = userTitle(user, now, old);
    for (const right of RIGHTS) {
      const [before = "", after = ""] = [old, now].map(({ permissions }) => permissions.get(user)?.[right]);
      const asked = { vhost: now.vhost, user, title, right, before, after };
      const { changes, unknown } = ofRight(asked, ...known);
      found.changes.push(...changes);
      found.unknown.push(...unknown);
    }
    const topics = topicChanges(user, title, old, now);
    found.changes.push(...topics.changes);
    found.unknown.push(...topics.unknown);
  }
  return found;
}
