/** The schema and the types of model.ts say the same: a word in one and not in the other does not compile here. */
import type { z } from "zod";
import type * as model from "./model.js";
import type * as schema from "./schema.js";

/** Both without `readonly` (nor `undefined` in a dictionary) and with intersections written out, so that only what may be written is compared. */
type Plain<T> = T extends z.ZodType
  ? "schema"
  : T extends string | number | boolean | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? Plain<Item>[]
      : string extends keyof T
        ? { [name: string]: Plain<Exclude<T[keyof T], undefined>> }
        : T extends object
          ? { -readonly [K in keyof T]: Plain<T[K]> }
          : T;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { model: A; schema: B };
type Agrees<Model, Schema extends z.ZodType> = Same<Plain<Model>, Plain<z.output<Schema>>>;

/** Each is `true`, or the two types that differ. */
type Agreement = [
  Agrees<model.Exchange, typeof schema.exchange>,
  Agrees<model.Queue, typeof schema.queue>,
  Agrees<model.QueueTemplate, typeof schema.template>,
  Agrees<model.Message, typeof schema.message>,
  Agrees<model.Service, typeof schema.service>,
  Agrees<model.User, typeof schema.user>,
  Agrees<model.Policy, typeof schema.policy>,
  Agrees<model.OperatorPolicy, typeof schema.operatorPolicy>,
  Agrees<model.FederationUpstream, typeof schema.federationUpstream>,
  Agrees<model.Shovel, typeof schema.shovel>,
  Agrees<model.Vhost, typeof schema.vhost>,
  Agrees<model.Sizes, typeof schema.sizes>,
  Agrees<model.Topology, typeof schema.topologySchema>,
  Same<Plain<Omit<model.Installation, "topologies">>, Plain<Omit<z.output<typeof schema.sharedSchema>, "topologies">>>,
];

export const agreement: Agreement = [true, true, true, true, true, true, true, true, true, true, true, true, true, true];
