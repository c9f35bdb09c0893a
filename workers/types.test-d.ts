/** What the compiler says of a worker's topology; checked by `tsc` alone, with TypeScript 6 and 7. */
import { z } from "zod";
import { topology } from "../topology/define.js";
import { type cgcg } from "../topology/systems/cgcg.js";
import { type contextiq } from "../topology/systems/contextiq.js";
import { type debias } from "../topology/systems/debias.js";
import { type foAnalytics } from "../topology/systems/fo-analytics.js";
import { type stage7 } from "../topology/systems/stage7.js";
import type {
  BodyOut,
  Consumed,
  InstanceWords,
  KeyWords,
  MessagesOf,
  MessagesOfTemplate,
  Published,
  Received,
  Requested,
} from "./types.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(_: T): void => undefined;
const is = <T extends true>(): void => holds(true as T);

// Who publishes and consumes what.
is<Equal<Published<typeof contextiq, "extraction-worker">, "extraction.result" | "consolidation.request">>();
is<Equal<Published<typeof contextiq, "analytics">, never>>();
is<Equal<Requested<typeof contextiq, "sessions-api">, "extraction.request">>();
is<Equal<Consumed<typeof contextiq, "result-handler">, "extraction.results" | "consolidation.results">>();
is<Equal<Consumed<typeof contextiq, "dlq-handler">, "dead_letter">>();

// Which messages reach a queue: by key, by pattern, by several.
is<Equal<MessagesOf<typeof contextiq, "extraction.requests">, "extraction.request">>();
is<Equal<MessagesOf<typeof contextiq, "consolidation.results">, "consolidation.result">>();
is<Equal<MessagesOf<typeof contextiq, "session.events">, "session.event">>();
is<Equal<MessagesOf<typeof contextiq, "events.analytics">, "session.event" | "memory.event">>();
is<Equal<MessagesOf<typeof contextiq, "events.webhook">, "session.event">>();
is<Equal<MessagesOf<typeof contextiq, "dead_letter">, never>>();
is<Equal<MessagesOf<typeof debias, "events.neo4j">, "event">>();
is<Equal<MessagesOf<typeof foAnalytics, "document_processing">, "document">>();
is<Equal<MessagesOf<typeof cgcg, "tasks">, "task.submit">>();
is<Equal<MessagesOf<typeof cgcg, "tasks.status">, "task.status">>();
is<Equal<MessagesOfTemplate<typeof cgcg, "control">, "task.revoke">>();
is<Equal<MessagesOfTemplate<typeof cgcg, "direct">, "direct">>();
is<Equal<MessagesOfTemplate<typeof stage7, "inbox">, "message" | "broadcast" | "request">>();

// Bodies, keys, instances.
is<Equal<BodyOut<typeof debias, "event">["event_type"], "view" | "cart" | "purchase" | "remove_from_cart">>();
is<Equal<Received<typeof contextiq, MessagesOf<typeof contextiq, "dead_letter">>["body"], unknown>>();
is<Equal<KeyWords<typeof contextiq, "session.event">, "event">>();
is<Equal<KeyWords<typeof contextiq, "extraction.request">, never>>();
is<Equal<InstanceWords<typeof stage7, "brain", "inbox">, "serviceId">>();
is<Equal<InstanceWords<typeof cgcg, "worker", "control">, "workerId">>();

// Exchanges that feed exchanges, headers, the default exchange, patterns with #.
export const web = topology({
  name: "web",
  exchanges: {
    in: { type: "topic" },
    eu: { type: "topic", from: { in: "eu.#" } },
    audit: { type: "fanout", from: { eu: "#" } },
    kinds: { type: "headers" },
    loop: { type: "topic", from: { back: "#" } },
    back: { type: "topic", from: { loop: "#" } },
  },
  queues: {
    orders: { type: "quorum", from: { eu: "*.order.#" } },
    all: { type: "quorum", from: { audit: "" } },
    mails: { type: "quorum", from: { kinds: { headers: { kind: "mail" } } } },
    jobs: { type: "quorum" },
    us: { type: "quorum", from: { in: "us.#" } },
    round: { type: "quorum", from: { back: "#" } },
  },
  messages: {
    order: { to: "in", key: "eu.order.{id}", schema: z.object({ id: z.string() }) },
    visit: { to: "in", key: "eu.visit", schema: z.object({ page: z.string() }) },
    mail: { to: "kinds", headers: { kind: "mail" }, schema: z.string() },
    job: { to: { queue: "jobs" }, schema: z.number() },
  },
  services: { any: { consumes: ["all"] } },
});
is<Equal<MessagesOf<typeof web, "orders">, "order">>();
is<Equal<MessagesOf<typeof web, "all">, "order" | "visit">>();
is<Equal<MessagesOf<typeof web, "mails">, "mail">>();
is<Equal<MessagesOf<typeof web, "jobs">, "job">>();
is<Equal<MessagesOf<typeof web, "us">, never>>();
is<
  Equal<
    Received<typeof web, MessagesOf<typeof web, "all">>,
    { readonly name: "order"; readonly body: { id: string } } | { readonly name: "visit"; readonly body: { page: string } }
  >
>();
