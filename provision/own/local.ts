/** Own resources without an object on the broker: a generated password, the guard of a topology, the wait for a broker, the nodes of its cluster. */
import { equal } from "../../topology/equal.js";
import { generatePassword } from "../../broker/password.js";
import { joined, left, waitForTurn } from "../../docker/membership.js";
import { managementAt } from "../../docker/preflight.js";
import { untilItAnswers, type Starting } from "../wait.js";
import type { Behaviour, Outs, Props } from "./behaviour.js";
import { atPresent, client } from "./objects.js";

const kept = ({ password, passwordHash }: Outs): Outs => ({ password, passwordHash });

/** Everything stays as it was made. */
const still: Omit<Behaviour, "create"> = {
  fixed: [],
  differences: (a, b) => [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((field) => !equal(a[field], b[field])),
  read: (props) => Promise.resolve({ spec: props.spec, ...kept(props) }),
  update: (before) => Promise.resolve(kept(before)),
  remove: () => Promise.resolve(),
};

/** Kept apart from its user: it is in the state before the user is on the broker, so that a run that is killed in between loses nothing. */
const password: Behaviour = {
  ...still,
  create: ({ spec }) => Promise.resolve({ id: `password ${String(spec["user"])}`, outs: generatePassword() }),
};

/** Depends on everything of a component, so that it is deleted first: its delete hook refuses before anything is gone. */
const guard: Behaviour = { ...still, create: ({ spec }) => Promise.resolve({ id: `guard ${String(spec["vhost"])}`, outs: {} }) };

/** On its first start the broker listens before it has imported its users. */
const STARTING: readonly Starting[] = ["unreachable", "not-rabbitmq", "failed", "credentials", "not-found"];

async function waitFor({ spec, connection }: Props): Promise<Outs> {
  await untilItAnswers(client(connection), { seconds: Number(spec["timeoutSeconds"]), passing: STARTING, remedy: String(spec["remedy"]) });
  return {};
}

/** Made when the management API answers; waits again when the broker behind it is another one. */
const ready: Behaviour = {
  ...still,
  create: async (props) => ({ id: `ready ${String(props.spec["broker"])}`, outs: await waitFor(props) }),
  update: (_before, after) => waitFor(after),
};

/** Before a node's container is replaced: waits until no queue depends on the node alone, and sends leaders and clients to the others. */
const turn: Behaviour = {
  ...still,
  create: ({ spec }) => Promise.resolve({ id: `turn ${String(spec["container"])}`, outs: {} }),
  update: async (before, after) => {
    await waitForTurn(before.spec, after.spec);
    return {};
  },
};

/** A node in its cluster. Made when it runs there and queues have their members; deleting it takes the node out, without loss. */
const member: Behaviour = {
  ...still,
  create: async ({ spec, connection }) => {
    await joined(client(connection), spec);
    return { id: `member ${String(spec["node"])}`, outs: {} };
  },
  update: async (_before, { spec, connection }) => {
    await joined(client(connection), spec);
    return {};
  },
  // The first node, which stays, may have other ports by now than when this one came.
  remove: async ({ spec, connection }) => left(client(atPresent(connection, await managementAt(String(spec["seat"])))), spec),
};

export const LOCAL = { password, guard, ready, turn, member } as const;
export type LocalName = keyof typeof LOCAL;
