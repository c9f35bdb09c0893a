/** Create, read, update and delete of an object on the broker, as Pulumi asks for them. */
import { isDeepStrictEqual } from "node:util";
import type { Management } from "../../broker/management.js";
import { WarrenError } from "../../topology/errors.js";
import { managementOf, type Connection } from "../connection.js";
import { differenceText, differences } from "./compare.js";
import type { OwnKind, Spec } from "./kind.js";
import { KINDS, type KindName } from "./kinds.js";
import type { Behaviour, Props } from "./behaviour.js";

const clients = new Map<string, Management>();
const current = new Map<string, Connection>();

const account = ({ endpoint }: Connection, username: string): string => JSON.stringify([endpoint, username]);

/**
 * Remembers for this run with which credentials a broker is reached now. The state of what leaves the program may still have older ones,
 * and its delete would be refused for ever. Only at the same address: elsewhere is another broker.
 */
export function renew(before: Connection | undefined, after: Connection | undefined): void {
  if (after === undefined) return;
  current.set(account(after, after.username), after);
  if (before === undefined || before.endpoint !== after.endpoint) return;
  const former = account(after, before.username);
  // Where somebody still goes by the old name, that stays.
  if (!current.has(former)) current.set(former, after);
}

/** What a state has, at the address where its broker is now, with the credentials of this run if it has any for it. */
export function atPresent(connection: Connection, endpoint = connection.endpoint): Connection {
  const moved = { ...connection, endpoint };
  return current.get(account(moved, moved.username)) ?? moved;
}

/** One client per broker and process, so that its connections are used again. */
export function client(connection: Connection): Management {
  const key = JSON.stringify(connection);
  const known = clients.get(key) ?? managementOf(connection);
  clients.set(key, known);
  return known;
}

/** What is known of a user's password: the hash that is on the broker, which after an adoption is not the generated one. */
const kept = (kind: OwnKind, spec: Spec): { passwordHash?: unknown } => (kind === KINDS.user ? { passwordHash: spec["passwordHash"] } : {});

/** A generated password is only for a user that is not there yet: one that is keeps its own. */
const adoptable = (kind: OwnKind, spec: Spec): ((field: string) => boolean) =>
  kind === KINDS.user && spec["generated"] === true ? (field) => field === "passwordHash" : () => false;

export function objectBehaviour(name: KindName): Behaviour {
  const kind: OwnKind = KINDS[name];
  return {
    fixed: kind.fixed,
    differences: (a, b) => differences(kind, a, b),

    async create({ spec, connection }) {
      const broker = client(connection);
      const live = await kind.read(broker, spec);
      const different = live ? differences(kind, live, spec) : [];
      const refused = kind.overwrites ? [] : different.filter((field) => !adoptable(kind, spec)(field));
      if (live && refused.length > 0) {
        throw new WarrenError(
          `The ${kind.label(spec)} is on the broker already, and is different: ${differenceText(kind, refused, live, spec)}.`,
          {
            remedy: "write here what the broker has, or remove it there if nothing needs it; then run again",
          },
        );
      }
      if (!live || (kind.overwrites && different.length > 0)) await kind.write(broker, spec, live);
      const fixed = kind.fixed.map((field) => spec[field]).filter((part) => typeof part === "string");
      return { id: [name, ...fixed].join(" "), outs: kept(kind, live && !kind.overwrites ? live : spec) };
    },

    async read({ spec, connection, passwordHash }) {
      const live = await kind.read(client(connection), spec);
      if (!live) return undefined;
      if (kind !== KINDS.user) return { spec: live };
      // The hash that an adopted user was found with is no drift.
      const unchanged = live["passwordHash"] === passwordHash;
      return { spec: unchanged ? { ...live, passwordHash: spec["passwordHash"] } : live, passwordHash: live["passwordHash"] };
    },

    async update(before, after) {
      // Another address or password of the broker changes nothing on it.
      if (isDeepStrictEqual(before.spec, after.spec)) return { passwordHash: before.passwordHash };
      const passwordKept = before.spec["passwordHash"] === after.spec["passwordHash"];
      const spec =
        kind === KINDS.user && passwordKept && before.passwordHash !== undefined
          ? { ...after.spec, passwordHash: before.passwordHash }
          : after.spec;
      await kind.write(client(after.connection), spec, before.spec);
      return kept(kind, spec);
    },

    async remove({ spec, connection }: Props) {
      await kind.remove(client(atPresent(connection)), spec);
    },
  };
}
