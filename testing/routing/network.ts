/** Random topologies for the comparison of the routing model with a broker, with messages for each. */
import fc from "fast-check";
import type {
  Binding,
  DeadLetterTo,
  Exchange,
  ExchangeType,
  HeaderValue,
  Keys,
  OperatorPolicy,
  Policy,
  Queue,
} from "../../topology/model.js";
import type { Network, Sent, Then } from "../../topology/routing-regressions.js";

export interface Scene {
  readonly topology: Network;
  readonly messages: readonly Sent[];
}

const EXCHANGES = ["e0", "e1", "e2", "e3"] as const;
const QUEUES = ["q0", "q1", "q2", "q3"] as const;

const key = fc.oneof(
  { weight: 3, arbitrary: fc.array(fc.constantFrom("a", "a", "b", "", "*"), { maxLength: 3 }).map((words) => words.join(".")) },
  { weight: 1, arbitrary: fc.constantFrom(...QUEUES) },
);
const pattern = fc
  .array(fc.constantFrom("a", "b", "", "*", "#", "#"), { maxLength: 3 })
  .filter((words) => words.filter((word) => word === "#").length <= 2)
  .map((words) => words.join("."));
const value = fc.constantFrom<unknown>(1, 2, "1", "", true, false, 0.5, null, ["x"], ["x", 1], { x: "1", y: true }, { y: true, x: "1" });
/** Headers that the broker itself writes into dead letters are among those that a binding asks for. */
const asked = fc.oneof(
  { weight: 4, arbitrary: fc.dictionary(fc.constantFrom("h", "k", "x-h"), value, { maxKeys: 2, noNullPrototype: true }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Record<string, unknown>>(
      { "x-last-death-reason": "expired" },
      { "x-last-death-reason": "rejected" },
      { "x-first-death-queue": "q0" },
      { "x-first-death-exchange": "" },
      { CC: null },
      { CC: ["a"] },
      { BCC: null },
      { "x-death": null },
      { "x-delivery-count": null },
    ),
  },
);
const match = fc.constantFrom(undefined, "all", "any", "all-with-x", "any-with-x");

interface Bound {
  readonly source: (typeof EXCHANGES)[number];
  readonly pattern: string;
  readonly headers: Record<string, unknown>;
  readonly match: Binding["match"];
  readonly weight: string;
}
const bound: fc.Arbitrary<Bound> = fc.record({
  source: fc.constantFrom(...EXCHANGES),
  pattern,
  headers: asked,
  match,
  weight: fc.constantFrom("1", "3"),
});

/** Weight decides here: most ways are to be followed to their end, few are a hash's choice. */
const type = fc.constantFrom<ExchangeType>(
  ...(["direct", "fanout", "fanout", "topic", "topic", "topic", "headers", "headers", "headers", "x-consistent-hash"] as const),
);

function keysOf({ pattern, headers, match, weight }: Bound, of: ExchangeType): Binding {
  if (of === "x-consistent-hash") return { key: weight };
  // The others ignore headers, but two bindings that differ in them alone are two.
  return { key: pattern, headers: headers as Record<string, HeaderValue>, ...(match === undefined ? {} : { match }) };
}

function from(bindings: readonly Bound[], types: readonly ExchangeType[]): Record<string, Keys> {
  const sources: Record<string, Binding[]> = {};
  for (const entry of bindings) (sources[entry.source] ??= []).push(keysOf(entry, types[EXCHANGES.indexOf(entry.source)] ?? "fanout"));
  return sources;
}

const settings = fc.constantFrom("policy" as const, "arguments" as const);
/** There in so many of ten cases. */
const sometimes = <T>(arbitrary: fc.Arbitrary<T>, ofTen: number): fc.Arbitrary<T | undefined> =>
  fc.oneof({ withCrossShrink: true }, { weight: 10 - ofTen, arbitrary: fc.constant(undefined) }, { weight: ofTen, arbitrary });

const exchange = fc.record({
  type,
  internal: fc.boolean(),
  alternate: sometimes(fc.constantFrom(...EXCHANGES, ...EXCHANGES, "missing", ""), 4),
  settings,
  bindings: fc.array(bound, { maxLength: 2, size: "max" }),
});

const deadLetterTo: fc.Arbitrary<DeadLetterTo> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<DeadLetterTo>(...EXCHANGES) },
  { weight: 2, arbitrary: fc.record({ exchange: fc.constantFrom(...EXCHANGES, "missing"), routingKey: key }) },
  { weight: 2, arbitrary: fc.record({ queue: fc.constantFrom(...QUEUES, "missing") }) },
);

const queue = fc.record({
  type: fc.constantFrom("classic" as const, "quorum" as const),
  bindings: fc.array(bound, { minLength: 1, maxLength: 4, size: "max" }),
  messageTtl: sometimes(fc.constantFrom("2 ms" as const, "20 ms" as const, "0 ms" as const, "1 hour" as const), 4),
  deadLetterTo: sometimes(deadLetterTo, 8),
  maxLength: sometimes(fc.constantFrom(1, 3, 0), 4),
  overflow: fc.constantFrom(undefined, "drop-head", "reject-publish", "reject-publish-dlx"),
  deliveryLimit: fc.constantFrom(undefined, 0, 1, 1, 2, 2, -1),
  strategy: fc.constantFrom("at-most-once" as const, "at-least-once" as const),
  settings,
});

function queueOf(
  { bindings, strategy, deliveryLimit, overflow, deadLetterTo: to, ...given }: Generated,
  types: readonly ExchangeType[],
): Queue {
  const quorum = given.type === "quorum";
  const mode = quorum && overflow === "reject-publish-dlx" ? undefined : overflow;
  const atLeastOnce = quorum && mode === "reject-publish" && to !== undefined && strategy === "at-least-once";
  const target = typeof to === "string" ? { exchange: to } : to;
  const fields = {
    ...given,
    deadLetterTo: target && (atLeastOnce ? { ...target, strategy } : target),
    overflow: mode,
    deliveryLimit: quorum ? deliveryLimit : undefined,
  };
  const there = Object.fromEntries(Object.entries(fields).filter(([, entry]) => entry !== undefined));
  return { ...there, from: from(bindings, types) } as unknown as Queue;
}
type Generated = typeof queue extends fc.Arbitrary<infer Value> ? Value : never;

const definition = fc
  .record(
    {
      "message-ttl": fc.constantFrom(2, 3_600_000),
      "max-length": fc.constantFrom(1, 2),
      overflow: fc.constantFrom("drop-head", "reject-publish"),
      "dead-letter-exchange": fc.constantFrom("", ...EXCHANGES),
      "delivery-limit": fc.constantFrom(1, 3),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  .filter((keys) => Object.keys(keys).length > 0);
const targets = fc.subarray([...QUEUES], { minLength: 1 }).map((names) => `^(${names.join("|")})$`);
/** One below those that are generated, one above: which of two equals holds is not defined. */
const policy = (priority: number): fc.Arbitrary<Policy> =>
  fc.record({
    pattern: targets,
    applyTo: fc.constantFrom("queues" as const, "queues" as const, "classic_queues" as const, "quorum_queues" as const),
    priority: fc.constant(priority),
    definition,
  });
const operatorPolicy: fc.Arbitrary<OperatorPolicy> = fc.record({
  pattern: targets,
  priority: fc.constant(1),
  definition: fc
    .record(
      { "message-ttl": fc.constant(2), "max-length": fc.constantFrom(1, 2), "delivery-limit": fc.constant(1) },
      { requiredKeys: [], noNullPrototype: true },
    )
    .filter((keys) => Object.keys(keys).length > 0),
});

const message: fc.Arbitrary<Sent> = fc
  .record({
    exchange: fc.constantFrom("e0", ...EXCHANGES, ""),
    key,
    queue: fc.constantFrom(...QUEUES),
    headers: fc.dictionary(fc.constantFrom("h", "k", "x-h"), value, { maxKeys: 3, noNullPrototype: true }),
    cc: sometimes(fc.array(key, { minLength: 1, maxLength: 2 }), 3),
    bcc: sometimes(fc.array(key, { minLength: 1, maxLength: 2 }), 3),
    expiration: sometimes(fc.constantFrom(1, 10, 3_600_000), 3),
    then: fc.constantFrom<Then>("lies", "lies", "rejected", "rejected", "returns", "returns", "fails", "fails", "overflows", "overflows"),
  })
  .map(({ queue, cc, bcc, expiration, ...sent }) => ({
    ...sent,
    // At the default exchange other keys lead nowhere.
    key: sent.exchange === "" ? queue : sent.key,
    ...(cc ? { cc } : {}),
    ...(bcc ? { bcc } : {}),
    ...(expiration === undefined ? {} : { expiration }),
  }));

/** Four exchanges and four queues with everything that decides over a message's way, and messages that are published one after the other. */
export const scene: fc.Arbitrary<Scene> = fc
  .record({
    exchanges: fc.tuple(exchange, exchange, exchange, exchange),
    queues: fc.tuple(queue, queue, queue, queue),
    low: sometimes(policy(0), 4),
    high: sometimes(policy(50), 2),
    operator: sometimes(operatorPolicy, 2),
    messages: fc.array(message, { minLength: 6, maxLength: 10, size: "max" }),
  })
  .map(({ exchanges, queues, low, high, operator, messages }) => {
    const types = exchanges.map((entry) => entry.type);
    const policies = { ...(low ? { low } : {}), ...(high ? { high } : {}) };
    return {
      topology: {
        exchanges: Object.fromEntries(
          exchanges.map(({ type: kind, internal, alternate, settings: mode, bindings }, index): [string, Exchange] => [
            EXCHANGES[index] ?? "",
            {
              type: kind,
              from: from(bindings, types),
              // One exchange is open to clients in any case.
              ...(internal && index > 0 ? { internal } : {}),
              ...(alternate === undefined ? {} : { alternateExchange: alternate, settings: alternate === "" ? "arguments" : mode }),
            },
          ]),
        ),
        queues: Object.fromEntries(queues.map((entry, index) => [QUEUES[index] ?? "", queueOf(entry, types)])),
        ...(Object.keys(policies).length > 0 ? { policies } : {}),
        ...(operator ? { operatorPolicies: { operator } } : {}),
      },
      // To an internal exchange a client publishes nothing.
      messages: messages.map((sent) => ({
        ...sent,
        exchange: exchanges[EXCHANGES.indexOf(sent.exchange as "e0")]?.internal ? "e0" : sent.exchange,
      })),
    };
  });
