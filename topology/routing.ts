/** Where a message goes: an exact model of RabbitMQ's routing over a plan. */
import type { Plan, PlannedExchange } from "./compile/plan.js";
import { alternateExchange } from "./policies.js";
import { DefaultExchange, edge, exchangeIndex, Routed, type Edge } from "./routing/exchange-index.js";
import type { MessageHeaders } from "./routing/headers.js";
import type { Route } from "./routing/route.js";
import { walk, type Exchange } from "./routing/walk.js";

export { MAX_PATHS, type Choice, type Condition, type Path, type Route, type Step } from "./routing/route.js";
export type { MessageHeaders } from "./routing/headers.js";

export interface RouteOptions {
  readonly headers?: MessageHeaders;
  /** Further routing keys, as the headers `CC` and `BCC` have them. */
  readonly cc?: readonly string[];
  readonly bcc?: readonly string[];
  /** `broker` may publish to internal exchanges: dead letters do. @default "client" */
  readonly publisher?: "client" | "broker";
  /** Each `{placeholder}` of a key stands for any word or part of one. @default false: keys are taken as they are */
  readonly placeholders?: boolean;
}

/** A message has its CC among its headers, where a headers exchange sees it; BCC is taken out (source: `mc_amqpl:init`). */
export const withCc = (headers: MessageHeaders, cc: readonly string[]): MessageHeaders =>
  cc.length === 0 ? headers : { ...headers, CC: cc };

export interface Router {
  /** Where a message goes that is published to an exchange. */
  readonly route: (exchange: string, key: string, options?: RouteOptions) => Route;
  /**
   * The queues that it may reach if each `{placeholder}` of its key is filled in with a word or a part of one, and the names
   * (with their placeholders) of the templates whose instances' queues it may reach. From internal exchanges on, too.
   */
  readonly reach: (exchange: string, key: string, headers?: MessageHeaders) => string[];
}

/** Exchanges of every vhost; plugins make more, with names of the same kind. */
export const BUILTIN: readonly Pick<PlannedExchange, "name" | "type" | "internal" | "arguments">[] = (
  [
    ["amq.direct", "direct"],
    ["amq.fanout", "fanout"],
    ["amq.headers", "headers"],
    ["amq.match", "headers"],
    ["amq.topic", "topic"],
  ] as const
).map(([name, type]) => ({ name, type, internal: false, arguments: {} }));

const nowhere = (refused: NonNullable<Route["refused"]>): Route => ({
  queues: [],
  certain: [],
  instances: [],
  choices: [],
  unroutable: true,
  mayBeUnroutable: true,
  paths: [],
  refused,
});

/** Prepares a plan for many questions. Bindings between objects that the plan does not have are left out, as the broker would not have them. */
export function router(plan: Pick<Plan, "exchanges" | "queues" | "templates" | "bindings" | "policies">): Router {
  const exchanges = new Map<string, Exchange>();
  const declare = (exchange: Pick<PlannedExchange, "name" | "type" | "internal" | "arguments">): void => {
    let alternate: { readonly edge: Edge | undefined } | undefined;
    const find = (): Edge | undefined => {
      const to = alternateExchange(plan, exchange)?.value;
      // As an alternate the default exchange has no bindings (source: `rabbit_exchange:route1`), so it leads nowhere.
      if (typeof to !== "string" || to === "" || !exchanges.has(to)) return undefined;
      return edge({ exchange: exchange.name, via: "alternate", to, toType: "exchange" });
    };
    exchanges.set(exchange.name, {
      index: exchangeIndex(exchange),
      internal: exchange.internal,
      alternate: () => (alternate ??= { edge: find() }).edge,
    });
  };
  exchanges.set("", { index: new DefaultExchange(plan.queues, plan.templates), internal: false, alternate: () => undefined });
  for (const exchange of [...BUILTIN, ...plan.exchanges]) declare(exchange);

  const queues = new Set(plan.queues.map(({ name }) => name));
  for (const { source, destination, destinationType, routingKey, arguments: args, origin } of plan.bindings) {
    if (source === "" || destination === "" || !(destinationType === "queue" ? queues : exchanges).has(destination)) continue;
    const binding = { routingKey, arguments: args, origin };
    exchanges.get(source)?.index.add(routingKey, { exchange: source, via: "binding", binding, to: destination, toType: destinationType });
  }
  for (const { template, name, bindings } of plan.templates) {
    for (const { source, routingKey, arguments: args, origin } of bindings) {
      if (source === "") continue;
      const binding = { routingKey, arguments: args, origin };
      const to = { to: name, toType: "queue", instanceOf: template, condition: "instance" } as const;
      exchanges.get(source)?.index.add(routingKey, { exchange: source, via: "binding", binding, ...to });
    }
  }

  const route: Router["route"] = (exchange, key, { headers = {}, cc = [], bcc = [], publisher, placeholders = false } = {}) => {
    const start = exchanges.get(exchange);
    if (!start) return nowhere("unknown-exchange");
    if (start.internal && publisher !== "broker") return nowhere("internal-exchange");
    return walk(exchanges, start, new Routed([key, ...cc, ...bcc], withCc(headers, cc), placeholders));
  };
  const templateNames = new Map(plan.templates.map(({ template, name }) => [template, name]));
  return {
    route,
    reach: (exchange, key, headers = {}) => {
      const { queues: declared, instances } = route(exchange, key, { headers, publisher: "broker", placeholders: true });
      return [...new Set([...declared, ...instances.map(({ template, queue }) => templateNames.get(template) ?? queue)])];
    },
  };
}
