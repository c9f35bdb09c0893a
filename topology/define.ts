/** `topology({...})` and `installation({...})`: the identity at run time, the checking of every name at compile time. */
import type * as model from "./model.js";

/** Refuses keys that `Shape` does not have, which a type parameter alone would let pass. */
type Exactly<Given, Shape> = { readonly [K in keyof Given]: { readonly [P in Exclude<keyof Given[K], keyof Shape>]: never } };

type OneKey<Given> = Given extends string
  ? unknown
  : Given extends object
    ? { readonly [P in Exclude<keyof Given, keyof model.Binding>]: never }
    : never;

type EachKey<Given> = { readonly [I in keyof Given]: OneKey<Given[I]> };

/** What a type parameter that is inferred from `from` alone would let pass: sources that are not declared, and misspelt bindings. */
type Feeding<Given, X> = {
  readonly [P in keyof Given]: P extends X | model.BuiltinExchange
    ? Given[P] extends readonly unknown[]
      ? EachKey<Given[P]>
      : OneKey<Given[P]>
    : never;
};

/** What inference would let pass in loads: misspelt words, and rates of queues that are not declared. */
type Loads<Given, Q> = {
  readonly [K in keyof Given]: Given[K] extends { readonly load: infer L }
    ? {
        readonly load: { readonly [P in Exclude<keyof L, keyof model.Load>]: never } & (L extends { readonly rate: infer R extends object }
          ? { readonly rate: { readonly [P in Exclude<keyof R, Q>]: never } }
          : unknown) &
          (L extends { readonly handler: infer H }
            ? { readonly handler: { readonly [P in Exclude<keyof H, keyof NonNullable<model.Load["handler"]>>]: never } }
            : unknown);
      }
    : unknown;
};

type Plain = Omit<
  model.Topology,
  "exchanges" | "queues" | "templates" | "messages" | "services" | "environments" | "policies" | "operatorPolicies" | "users"
>;

/** By name, what stands under one property; `unknown` where it is left out. */
type ByName = { readonly [name: string]: unknown };

/** A topology that knows its own names, bindings, messages and services: what the worker's types are derived from. */
export type TypedTopology<
  ExchangeTypes extends ByName,
  ExchangeSources extends ByName,
  QueueSources extends ByName,
  TemplateNames extends ByName,
  TemplateSources extends ByName,
  M extends { readonly [name: string]: model.Message },
  S extends { readonly [name: string]: model.Service },
> = Omit<model.Topology, "exchanges" | "queues" | "templates" | "messages" | "services"> & {
  readonly exchanges: { readonly [K in keyof ExchangeTypes]: model.Exchange };
  readonly queues: { readonly [K in keyof QueueSources]: model.Queue };
  readonly templates: { readonly [K in keyof TemplateNames]: model.QueueTemplate };
  readonly messages: M;
  readonly services: S;
  /** For the compiler alone; there is no such property. */
  readonly "~types"?: {
    readonly exchangeTypes: ExchangeTypes;
    readonly exchangeSources: ExchangeSources;
    readonly queueSources: QueueSources;
    readonly templateNames: TemplateNames;
    readonly templateSources: TemplateSources;
  };
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
  const ET extends ByName = {},
  const EF extends ByName = {},
  const Q extends string = never,
  const QF extends ByName = {},
  const TN extends ByName = {},
  const TF extends ByName = {},
  const M extends { readonly [name: string]: model.Message<keyof ET & string, Q> } = {},
  const S extends {
    readonly [name: string]: model.Service<keyof ET & string, Q, keyof M & string, keyof TN & string>;
  } = {},
>(
  definition: Plain & {
    /** Exchanges by name. */
    readonly exchanges?: {
      readonly [K in keyof ET]: model.Exchange<NoInfer<keyof ET & string>> & { readonly type: ET[K] };
    } & { readonly [K in keyof EF]: { readonly from?: EF[K] & Feeding<EF[K], NoInfer<keyof ET>> } };
    /** Queues by name. */
    readonly queues?: { readonly [K in Q]: model.Queue<NoInfer<keyof ET & string>, NoInfer<Q>> } & {
      readonly [K in keyof QF]: { readonly from?: QF[K] & Feeding<QF[K], NoInfer<keyof ET>> };
    };
    /** Queues of which every instance of a service has its own, by a name for the template. */
    readonly templates?: {
      readonly [K in keyof TN]: model.QueueTemplate<NoInfer<keyof ET & string>, NoInfer<Q>> & { readonly name: TN[K] };
    } & { readonly [K in keyof TF]: { readonly from?: TF[K] & Feeding<TF[K], NoInfer<keyof ET>> } };
    /** Kinds of messages by name. */
    readonly messages?: M & Exactly<M, model.Message>;
    /** Services by name. */
    readonly services?: S & Exactly<S, model.Service> & Loads<S, NoInfer<Q>>;
    readonly users?: { readonly [name: string]: model.User };
    readonly policies?: { readonly [name: string]: model.Policy };
    readonly operatorPolicies?: { readonly [name: string]: model.OperatorPolicy };
    readonly environments?: { readonly [environment: string]: model.Sizes<NoInfer<Q>, NoInfer<keyof S & string>> };
  },
): TypedTopology<ET, EF, QF, TN, TF, M, S> {
  return definition as never;
}

/** Defines what stands on one broker: several topologies, each in its vhost, and the users and global parameters that they share. */
export function installation<const I extends model.Installation>(definition: I): I {
  return definition;
}
