/** What the compiler says of a topology; checked by `tsc` alone, with TypeScript 6 and 7. */
import { z } from "zod";
import { topology } from "./define.js";
import type { Topology } from "./model.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(_: T): void => undefined;
const is = <T extends true>(): void => holds(true as T);

const shop = topology({
  name: "shop",
  exchanges: {
    orders: { type: "topic", from: { "amq.topic": "#" } },
    dead: { type: "fanout" },
    hash: { type: "x-consistent-hash", hashHeader: "id" },
  },
  queues: {
    billing: { type: "quorum", from: { orders: ["order.*", { key: "a" }] }, deadLetterTo: "dead", retry: ["5 seconds"] },
    mail: { type: "classic", from: { "amq.headers": { headers: { kind: "mail" }, match: "any" } }, maxPriority: 5 },
    log: { type: "stream", from: { orders: "#" }, maxAge: "7 days" },
    parts: { type: "super-stream", partitions: 3 },
  },
  templates: { inbox: { name: "{type}-{id}", type: "classic", expires: "1 hour" } },
  messages: {
    order: { to: "orders", key: "order.{region}", schema: z.object({ id: z.string() }) },
    direct: { to: { queue: "mail" }, schema: z.string() },
  },
  services: {
    web: { publishes: ["order"] },
    billing: { consumes: ["billing"], instances: { inbox: { type: "billing" } }, declares: ["billing", "orders"] },
    books: {
      consumes: ["mail", "log"],
      load: {
        rate: { mail: 5, log: 20 },
        peak: 60,
        handler: { mean: "200 ms", p95: "600 ms", concurrency: 4 },
        latency: { p95: "5 seconds" },
      },
    },
  },
  environments: { prod: { queues: { billing: { maxLength: 5 } }, services: { web: { replicas: { min: 1, max: 2 }, load: { rate: 3 } } } } },
});

// It is a topology like any other, and it still knows its names, its services' messages, and their bodies.
export const broad: Topology = shop;
is<Equal<(typeof shop.services)["web"]["publishes"][number], "order">>();
is<Equal<z.infer<(typeof shop.messages)["order"]["schema"]>, { id: string }>>();
is<Equal<keyof typeof shop.queues, "billing" | "mail" | "log" | "parts">>();

topology({
  name: "wrong names",
  exchanges: {
    orders: { type: "topic" },
    // @ts-expect-error an alternate exchange that is not declared
    alternate: { type: "topic", alternateExchange: "ordres" },
    // @ts-expect-error only x-consistent-hash hashes a header
    hashing: { type: "topic", hashHeader: "id" },
    // @ts-expect-error a type that RabbitMQ does not have
    odd: { type: "topics" },
  },
  queues: {
    // @ts-expect-error a source that is not declared
    a: { type: "quorum", from: { ordres: "#" } },
    // @ts-expect-error a dead-letter exchange that is not declared
    b: { type: "quorum", deadLetterTo: "ordres" },
    // @ts-expect-error a dead-letter queue that is not declared
    c: { type: "quorum", deadLetterTo: { queue: "z" } },
  },
});

topology({
  name: "wrong arguments",
  queues: {
    // @ts-expect-error classic only
    a: { type: "quorum", maxPriority: 3 },
    // @ts-expect-error quorum only
    b: { type: "classic", deliveryLimit: 3 },
    // @ts-expect-error not for streams
    c: { type: "stream", messageTtl: "1 hour" },
    // @ts-expect-error a stream has no ladder
    d: { type: "stream", retry: ["1 second"] },
    // @ts-expect-error no unit
    e: { type: "quorum", messageTtl: "5" },
    // @ts-expect-error no such unit
    f: { type: "quorum", retry: ["1 fortnight"] },
    // @ts-expect-error a number has no unit
    g: { type: "quorum", expires: 1000 },
    // @ts-expect-error a misspelt setting
    h: { type: "quorum", maxLenght: 3 },
    // @ts-expect-error quorum queues cannot
    i: { type: "quorum", overflow: "reject-publish-dlx" },
    // @ts-expect-error a super stream needs its partitions
    j: { type: "super-stream" },
  },
  // @ts-expect-error a template has no ladder
  templates: { inbox: { name: "{id}", type: "quorum", retry: ["1 second"] } },
});

topology({
  name: "wrong messages",
  exchanges: { orders: { type: "topic" } },
  messages: {
    // @ts-expect-error an exchange that is not declared
    a: { to: "ordres" },
    // @ts-expect-error a misspelt key
    b: { to: "orders", kye: "a" },
  },
});

topology({
  name: "wrong services",
  queues: { work: { type: "quorum" } },
  messages: { job: { to: { queue: "work" } } },
  services: {
    // @ts-expect-error a message that is not declared
    a: { publishes: ["jbo"] },
    // @ts-expect-error a queue that is not declared
    b: { consumes: ["wrok"] },
    // @ts-expect-error a misspelt field
    c: { consume: ["work"] },
    // @ts-expect-error a template that is not declared
    d: { instances: { inbox: {} } },
    // @ts-expect-error no unit
    e: { load: { handler: { mean: "200" } } },
    // @ts-expect-error a misspelt word
    f: { load: { raet: 5 } },
    // @ts-expect-error a misspelt word of the handler
    g: { load: { handler: { mean: "1 second", p59: "2 seconds" } } },
    // @ts-expect-error the rate of a queue that is not declared
    h: { consumes: ["work"], load: { rate: { wrok: 3 } } },
  },
  environments: {
    // @ts-expect-error an environment changes sizes, never shapes
    prod: { queues: { work: { type: "classic" } } },
    // @ts-expect-error a queue that is not declared
    dev: { queues: { wrok: { maxLength: 3 } } },
  },
});
