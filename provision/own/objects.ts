/** Create, read, update and delete of an object on the broker, as Pulumi asks for them. */
import { isDeepStrictEqual } from "node:util";
import type { Management } from "../../broker/management.js";
import { WarrenError } from "../../topology/errors.js";
import { managementOf, type Connection } from "../connection.js";
import { differenceText, differences } from "./compare.js";
import type { OwnKind, Spec } from "./kind.js";
import { KINDS, type KindName } from "./kinds.js";
import type { Behaviour, Outs, Props } from "./behaviour.js";

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
const passwordOf = ({ passwordHash, hashingAlgorithm }: Outs): Outs => ({ passwordHash, hashingAlgorithm });

const PASSWORD = ["passwordHash", "hashingAlgorithm"];

/** A generated password is only for a user that is not there yet: one that is keeps its own. */
const adoptable = (kind: OwnKind, spec: Spec): ((field: string) => boolean) =>
  kind === KINDS.user && spec["generated"] === true ? (field) => PASSWORD.includes(field) : () => false;

/** Whether a user was there before, and so never got the generated password: its own is its owner's, whoever changes it. */
const isAdopted = ({ spec, passwordHash }: Props): boolean => passwordHash !== undefined && passwordHash !== spec["passwordHash"];

export function objectBehaviour(name: KindName): Behaviour {
  const kind: OwnKind = KINDS[name];
  const outsOf = (known: Outs): Outs => (kind === KINDS.user ? passwordOf(known) : {});
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
      return { id: [name, ...fixed].join(" "), outs: outsOf(live && !kind.overwrites ? live : spec) };
    },

    async read(props) {
      const { spec } = props;
      const live = await kind.read(client(props.connection), spec);
      if (!live) return undefined;
      // The password of an adopted user is no drift, whoever has changed it since.
      return { spec: isAdopted(props) ? { ...spec, tags: live["tags"] } : live, ...outsOf(live) };
    },

    async update(before, after) {
      // Another address or password of the broker changes nothing on it.
      if (isDeepStrictEqual(before.spec, after.spec)) return outsOf(before);
      const broker = client(after.connection);
      // As it is now: it may have changed since the state was written. Of a user that is gone, as it was.
      const password =
        isAdopted(before) && after.spec["generated"] === true ? passwordOf((await kind.read(broker, after.spec)) ?? before) : {};
      const spec = { ...after.spec, ...password };
      await kind.write(broker, spec, before.spec);
      return outsOf(spec);
    },

    async remove({ spec, connection }: Props) {
      await kind.remove(client(atPresent(connection)), spec);
    },
  };
}
