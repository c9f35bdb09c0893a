/** What Pulumi's dynamic provider process runs: its calls, translated for the kinds of own resources. */
import { equal } from "../../topology/equal.js";
import type { Behaviour, Outs, Props } from "./behaviour.js";
import { KINDS, type KindName } from "./kinds.js";
import { LOCAL, type LocalName } from "./local.js";
import { objectBehaviour, renew } from "./objects.js";

/** The part of Pulumi's `dynamic.ResourceProvider` that is used; inputs and outputs are plain data, secrets in clear. */
export interface Handler {
  diff(id: string, olds: Props, news: Props): Promise<{ changes: boolean; replaces?: string[]; deleteBeforeReplace?: boolean }>;
  create(inputs: Props): Promise<{ id: string; outs: Record<string, unknown> }>;
  read(id: string, props: Props): Promise<{ id: string; props: Record<string, unknown>; inputs?: Record<string, unknown> }>;
  update(id: string, olds: Props, news: Props): Promise<{ outs: Record<string, unknown> }>;
  delete(id: string, props: Props): Promise<void>;
}

const behaviours = new Map<string, Behaviour>();

function behaviour(kind: string): Behaviour {
  const known =
    behaviours.get(kind) ??
    (kind in LOCAL ? LOCAL[kind as LocalName] : undefined) ??
    (kind in KINDS ? objectBehaviour(kind as KindName) : undefined);
  if (!known) throw new Error(`This version of Warren knows no resources of kind "${kind}"; a newer one made it: upgrade the package.`);
  behaviours.set(kind, known);
  return known;
}

/** The process prints an error's stack beside its message; nobody is helped by that. */
function plain(error: unknown): Error {
  const told = new Error(error instanceof Error ? error.message : String(error));
  told.stack = "";
  return told;
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw plain(error);
  }
}

const withOuts = (props: Props, outs: Outs): Record<string, unknown> => {
  const { kind, spec, connection } = props;
  // The engine's structs know nothing undefined.
  return Object.fromEntries(Object.entries({ kind, spec, connection, ...outs }).filter(([, value]) => value !== undefined));
};

export function handler(): Handler {
  return {
    diff: (_id, olds, news) =>
      told(() => {
        renew(olds.connection, news.connection);
        // An object that was the official provider's until now has none of this: its old resource has to go first.
        if (olds.kind !== news.kind || typeof olds.spec !== "object") {
          return Promise.resolve({ changes: true, replaces: ["spec"], deleteBeforeReplace: true });
        }
        const { fixed, differences } = behaviour(news.kind);
        const changed = differences(olds.spec, news.spec);
        const replaces = changed.some((field) => fixed.includes(field)) ? { replaces: ["spec"], deleteBeforeReplace: true } : {};
        return Promise.resolve({ changes: changed.length > 0 || !equal(olds.connection, news.connection), ...replaces });
      }),
    create: (inputs) =>
      told(async () => {
        const { id, outs } = await behaviour(inputs.kind).create(inputs);
        return { id, outs: withOuts(inputs, outs) };
      }),
    read: (id, props) =>
      told(async () => {
        const live = await behaviour(props.kind).read(props);
        if (!live) return { id: "", props: {} };
        const { spec, ...outs } = live;
        const found = { ...props, spec };
        return { id, props: withOuts(found, outs), inputs: withOuts(found, {}) };
      }),
    update: (_id, olds, news) => told(async () => ({ outs: withOuts(news, await behaviour(news.kind).update(olds, news)) })),
    delete: (_id, props) => told(() => behaviour(props.kind).remove(props)),
  };
}
