/** `topology({...})` and `installation({...})`: the identity at run time, the checking of every name at compile time. */
import type * as model from "./model.js";

/** Refuses keys that `Shape` does not have, which a type parameter alone would let pass. */
type Exactly<Given, Shape> = { readonly [K in keyof Given]: { readonly [P in Exclude<keyof Given[K], keyof Shape>]: never } };

type Plain = Omit<
  model.Topology,
  "exchanges" | "queues" | "templates" | "messages" | "services" | "environments" | "policies" | "operatorPolicies" | "users"
>;

/** A topology that knows its own names, messages and services: what the worker's types are derived from. */
export type TypedTopology<
  X extends string,
  Q extends string,
  T extends string,
  M extends { readonly [name: string]: model.Message },
  S extends { readonly [name: string]: model.Service },
> = Omit<model.Topology, "exchanges" | "queues" | "templates" | "messages" | "services"> & {
  readonly exchanges: { readonly [K in X]: model.Exchange };
  readonly queues: { readonly [K in Q]: model.Queue };
  readonly templates: { readonly [K in T]: model.QueueTemplate };
  readonly messages: M;
  readonly services: S;
};

/**
 * Defines the messaging of one vhost. A name that is not declared, an argument of another queue type, a duration without a unit
 * are compile errors where they stand; what types cannot see is found by `check`, before anything is provisioned.
 *
 * @example
 * export const orders = topology({
 *   name: "orders",
 *   exchanges: { orders: { type: "topic" }, "orders.dlx": { type: "fanout" } },
 *   queues: {
 *     billing: { type: "quorum", from: { orders: "order.*.created" }, deadLetterTo: "orders.dlx", retry: ["5 seconds", "1 minute"] },
 *     "orders.dlq": { type: "quorum", from: { "orders.dlx": "" }, messageTtl: "7 days" },
 *   },
 *   messages: { created: { to: "orders", key: "order.{region}.created", schema: z.object({ id: z.string() }) } },
 *   services: { shop: { publishes: ["created"] }, billing: { consumes: ["billing"] } },
 * });
 */
export function topology<
  const X extends string = never,
  const Q extends string = never,
  const T extends string = never,
  const M extends { readonly [name: string]: model.Message<X, Q> } = {},
  const S extends { readonly [name: string]: model.Service<X, Q, keyof M & string, T> } = {},
>(
  definition: Plain & {
    /** Exchanges by name. */
    readonly exchanges?: { readonly [K in X]: model.Exchange<NoInfer<X>> };
    /** Queues by name. */
    readonly queues?: { readonly [K in Q]: model.Queue<NoInfer<X>, NoInfer<Q>> };
    /** Queues of which every instance of a service has its own, by a name for the template. */
    readonly templates?: { readonly [K in T]: model.QueueTemplate<NoInfer<X>, NoInfer<Q>> };
    /** Kinds of messages by name. */
    readonly messages?: M & Exactly<M, model.Message>;
    /** Services by name. */
    readonly services?: S & Exactly<S, model.Service>;
    readonly users?: { readonly [name: string]: model.User };
    readonly policies?: { readonly [name: string]: model.Policy };
    readonly operatorPolicies?: { readonly [name: string]: model.OperatorPolicy };
    readonly environments?: { readonly [environment: string]: model.Sizes<NoInfer<Q>, NoInfer<keyof S & string>> };
  },
): TypedTopology<X, Q, T, M, S> {
  return definition as never;
}

/** Defines what stands on one broker: several topologies, each in its vhost, and the users and global parameters that they share. */
export function installation<const I extends model.Installation>(definition: I): I {
  return definition;
}
