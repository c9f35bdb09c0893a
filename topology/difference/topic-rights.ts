/** The keys that a user may publish or bind with at topic exchanges, compared by the keys that occur on either side. */
import { fill, placeholders } from "../names.js";
import { exactNames, permits } from "../regex.js";
import type { Change, Unknown } from "./change.js";
import { fault } from "./rights.js";
import type { Side } from "./side.js";
import { list, quoted } from "./words-of-changes.js";

type Access = "write" | "read";

/** Without a topic permission every key is allowed (source: access control documentation). */
const ANY = ".*";

function expression(side: Side, user: string, exchange: string, access: Access): string {
  return side.topicPermissions.find((one) => one.user === user && one.exchange === exchange)?.[access] ?? ANY;
}

const filled = (key: string): string => fill(key, Object.fromEntries(placeholders(key).map((name) => [name, "example"])));

/** Keys of declared messages or of bindings, and those that an expression names. */
function keys(exchange: string, access: Access, sides: readonly Side[], expressions: readonly string[]): string[] {
  const declared = sides.flatMap((side) => side.declared.filter((message) => message.exchange === exchange).map(({ key }) => filled(key)));
  const bound = sides.flatMap(({ plan }) =>
    [...plan.bindings, ...plan.templates.flatMap(({ bindings }) => bindings)]
      .filter(({ source }) => source === exchange)
      .map(({ routingKey }) => filled(routingKey)),
  );
  const named = expressions.flatMap((one) => exactNames(one) ?? []);
  return [...new Set([...(access === "write" ? declared : bound), ...named])];
}

/** A topic permission counts where the right to the exchange is there. */
const may = (side: Side, user: string, exchange: string, access: Access): boolean =>
  permits(side.permissions.get(user)?.[access] ?? "", exchange);

const covers = (pattern: string, key: string): boolean => pattern === ANY || permits(pattern, key);

export function topicChanges(user: string, title: string, old: Side, now: Side): { changes: Change[]; unknown: Unknown[] } {
  const found = { changes: [] as Change[], unknown: [] as Unknown[] };
  const exchanges = new Set(
    [old, now].flatMap((side) => side.topicPermissions.filter((one) => one.user === user).map((one) => one.exchange)),
  );
  for (const exchange of exchanges) {
    for (const access of ["write", "read"] as const) {
      const [before, after] = [expression(old, user, exchange, access), expression(now, user, exchange, access)];
      // Where the exchange itself is gained or lost, that is told.
      if (before === after || ![old, now].every((side) => may(side, user, exchange, access))) continue;
      const at = { vhost: now.vhost, exchange, user };
      const reason = fault(before) ?? fault(after);
      if (reason !== undefined) {
        found.unknown.push({ ...at, reason, text: `with which keys ${title} can use ${exchange} is not compared: ${reason}` });
        continue;
      }
      const known = keys(exchange, access, [old, now], [before, after]);
      const lost = known.filter((key) => covers(before, key) && !covers(after, key));
      const gained = known.filter((key) => !covers(before, key) && covers(after, key));
      const use = access === "write" ? `publish to ${exchange}` : `bind to ${exchange}`;
      const one = (objects: readonly string[], gains: boolean): void => {
        const [key] = objects;
        if (key === undefined) return;
        found.changes.push({
          kind: gains ? "right-gained" : "right-lost",
          severity: gains ? "notice" : "breaking",
          ...at,
          example: { key },
          before: { right: access, keys: before },
          after: { right: access, keys: after },
          text: `${title} can ${gains ? "now" : "no longer"} ${use} with ${list(objects.map(quoted))}`,
        });
      };
      one(lost, false);
      one(gained, true);
      if (lost.length + gained.length > 0) continue;
      found.changes.push({
        kind: "right-changed",
        severity: "notice",
        ...at,
        before: { right: access, keys: before },
        after: { right: access, keys: after },
        text: `${title} can ${use} with keys that ${quoted(after)} matches instead of ${quoted(before)}, which is the same for every key here`,
      });
    }
  }
  return found;
}
