/** What the compiler knows of a topology: which messages a service may publish, which reach a queue, and the shapes of their bodies. */
import type { z } from "zod";
import type { Message, Service, Topology } from "../topology/model.js";

/** Any topology that `topology()` gave. */
export type AnyTopology = Topology & {
  readonly messages: { readonly [name: string]: Message };
  readonly services: { readonly [name: string]: Service };
  readonly "~types"?: Shape;
};

interface Shape {
  readonly exchangeTypes: { readonly [exchange: string]: unknown };
  readonly exchangeSources: { readonly [exchange: string]: unknown };
  readonly queueSources: { readonly [queue: string]: unknown };
  readonly templateNames: { readonly [template: string]: unknown };
  readonly templateSources: { readonly [template: string]: unknown };
}

type ShapeOf<T extends AnyTopology> = NonNullable<T["~types"]>;

type At<Object, Name> = Name extends keyof Object ? Object[Name] : unknown;

/** Names of its services. */
export type ServiceName<T extends AnyTopology> = keyof T["services"] & string;

type Listed<Declared, Field extends string> = Declared extends { readonly [F in Field]: readonly (infer Name)[] } ? Name & string : never;

/** Messages that a service publishes. */
export type Published<T extends AnyTopology, S extends ServiceName<T>> = Listed<T["services"][S], "publishes">;

/** Of these, those that get a reply. */
export type Requested<T extends AnyTopology, S extends ServiceName<T>> = {
  [M in Published<T, S>]: T["messages"][M] extends { readonly reply: z.ZodType } ? M : never;
}[Published<T, S>];

/** Queues that a service consumes from, or manages. */
export type Consumed<T extends AnyTopology, S extends ServiceName<T>> =
  Listed<T["services"][S], "consumes"> | Listed<T["services"][S], "manages">;

/** Templates of which every instance of a service has its own queue. */
export type Instances<T extends AnyTopology, S extends ServiceName<T>> = T["services"][S] extends { readonly instances: infer I }
  ? keyof I & string
  : never;

/** A message's body as its publisher gives it. */
export type BodyIn<T extends AnyTopology, M> =
  At<T["messages"], M> extends { readonly schema: infer Z extends z.ZodType } ? z.input<Z> : unknown;

/** A message's body as its consumer gets it: after the schema. */
export type BodyOut<T extends AnyTopology, M> =
  At<T["messages"], M> extends { readonly schema: infer Z extends z.ZodType } ? z.output<Z> : unknown;

export type ReplyIn<T extends AnyTopology, M> =
  At<T["messages"], M> extends { readonly reply: infer Z extends z.ZodType } ? z.input<Z> : never;

export type ReplyOut<T extends AnyTopology, M> =
  At<T["messages"], M> extends { readonly reply: infer Z extends z.ZodType } ? z.output<Z> : never;

type KeyOfMessage<T extends AnyTopology, M> = At<T["messages"], M> extends { readonly key: infer K extends string } ? K : "";

/** The placeholders of a text: `"a.{b}.{c}"` has `b` and `c`. */
export type Placeholders<Text extends string> = Text extends `${string}{${infer Word}}${infer Rest}` ? Word | Placeholders<Rest> : never;

/** The words that a publisher has to give for a message's key. */
export type KeyWords<T extends AnyTopology, M> = Placeholders<KeyOfMessage<T, M>>;

/** The words that an instance has to give for its queue's name. */
export type InstanceWords<T extends AnyTopology, S extends ServiceName<T>, N extends string> = Exclude<
  At<ShapeOf<T>["templateNames"], N> extends infer Name extends string ? Placeholders<Name> : string,
  T["services"][S] extends { readonly instances: { readonly [P in N]: infer Given } } ? keyof Given : never
>;

// --- Routing, as far as types can see: what may reach a queue; never less than the broker's routing.

type Words<Text extends string> = Text extends `${infer First}.${infer Rest}` ? [First, ...Words<Rest>] : [Text];

type WordMatches<Pattern, Word> = Pattern extends "*"
  ? true
  : Pattern extends `${string}{${string}`
    ? true
    : Word extends `${string}{${string}`
      ? true
      : Word extends Pattern
        ? true
        : false;

type WordsMatch<Pattern, Key> = Pattern extends ["#", ...infer Rest]
  ? WordsMatch<Rest, Key> extends true
    ? true
    : Key extends [unknown, ...infer Others]
      ? WordsMatch<Pattern, Others>
      : false
  : Pattern extends [infer First, ...infer Rest]
    ? Key extends [infer Word, ...infer Others]
      ? WordMatches<First, Word> extends true
        ? WordsMatch<Rest, Others>
        : false
      : false
    : Key extends []
      ? true
      : false;

type KeyMatches<Type, Pattern extends string, Key extends string> = string extends Pattern
  ? true
  : string extends Key
    ? true
    : Type extends "topic"
      ? WordsMatch<Words<Pattern>, Words<Key>>
      : Type extends "direct"
        ? WordMatches<Pattern, Key>
        : true;

type PatternOf<Given> = Given extends string ? Given : Given extends { readonly key: infer Key extends string } ? Key : "";

type AnyMatches<Type, Keys, Key extends string> = Keys extends readonly (infer One)[] ? Each<Type, One, Key> : Each<Type, Keys, Key>;
/** `true` if one of a union matches. */
type Each<Type, One, Key extends string> = true extends (One extends unknown ? KeyMatches<Type, PatternOf<One>, Key> : never)
  ? true
  : false;

interface Builtin {
  readonly "amq.direct": "direct";
  readonly "amq.fanout": "fanout";
  readonly "amq.headers": "headers";
  readonly "amq.match": "headers";
  readonly "amq.topic": "topic";
}

type TypeOf<S extends Shape, E> = E extends keyof Builtin ? Builtin[E] : At<S["exchangeTypes"], E>;

/** Whether what is published to an exchange with a key may come where `From` says what feeds it; through at most four exchanges. */
type Comes<S extends Shape, E, Key extends string, From, Depth extends unknown[] = []> = true extends {
  [Source in keyof From]: AnyMatches<TypeOf<S, Source>, From[Source], Key> extends true
    ? Source extends E
      ? true
      : Depth["length"] extends 4
        ? true
        : unknown extends At<S["exchangeSources"], Source>
          ? false
          : Comes<S, E, Key, At<S["exchangeSources"], Source>, [...Depth, unknown]>
    : false;
}[keyof From]
  ? true
  : false;

type FedBy<T extends AnyTopology, From, Q> = {
  [M in keyof T["messages"] & string]: T["messages"][M] extends { readonly to: infer To }
    ? To extends { readonly queue: infer Target }
      ? Target extends Q
        ? M
        : never
      : unknown extends From
        ? never
        : Comes<ShapeOf<T>, To, KeyOfMessage<T, M>, From> extends true
          ? M
          : never
    : never;
}[keyof T["messages"] & string];

/** Messages that may reach a queue. */
export type MessagesOf<T extends AnyTopology, Q extends string> = FedBy<T, At<ShapeOf<T>["queueSources"], Q>, Q>;

/** Messages that may reach the queues of a template's instances. */
export type MessagesOfTemplate<T extends AnyTopology, N extends string> = FedBy<T, At<ShapeOf<T>["templateSources"], N>, never>;

/** One of these messages with its body. Of a queue that no message of the topology reaches (dead letters), the body is unknown. */
export type Received<T extends AnyTopology, M> = [M] extends [never]
  ? { readonly name: string | undefined; readonly body: unknown }
  : M extends string
    ? { readonly name: M; readonly body: BodyOut<T, M> }
    : never;
