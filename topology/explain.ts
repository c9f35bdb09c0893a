/** `explain`: which queues get a message, by which bindings, and what becomes of it there. */
import type { Plan } from "./compile/plan.js";
import { Follower, type Lying } from "./explain/dead-letters.js";
import type { DeliveryLimit, Departure, Explanation, Fate, Overflow, Retries } from "./explain/fate.js";
import { numeric, text, type Holder } from "./explain/holder.js";
import { overflowOf } from "./explain/overflow.js";
import { retryExchange } from "./names.js";
import { sourceText } from "./policies.js";
import { withCc, type MessageHeaders, type Path } from "./routing.js";
import { VERSIONS } from "./settings.js";

export type { DeliveryLimit, Departure, Explanation, Fate, Loss, Overflow, Reason, Retries, Stop } from "./explain/fate.js";
export { explainText } from "./explain/text.js";
export type { Death } from "./explain/x-death.js";

export interface ExplainOptions {
  /** Further routing keys, as the headers `CC` and `BCC` have them. */
  readonly cc?: readonly string[];
  readonly bcc?: readonly string[];
  /** The message's own expiration in milliseconds; the queue's counts if it is shorter. It holds for the first queue only. */
  readonly expiration?: number;
}

/** What a quorum queue has without a setting, or with one that is no integer (source: `rabbit_quorum_queue:get_delivery_limit`). */
const DEFAULT_DELIVERY_LIMIT = 20;

function overflow(follower: Follower, queue: Holder, message: Lying): Overflow | undefined {
  const limits = overflowOf(queue);
  if (!limits || limits.mode === "reject-publish") return limits;
  return { ...limits, departure: follower.depart(queue, message, "maxlen") };
}

function deliveryLimit(follower: Follower, plan: Plan, queue: Holder, message: Lying): DeliveryLimit {
  const set = numeric(queue.settings, "delivery-limit");
  const limit = set !== undefined && Number.isInteger(set) ? set : DEFAULT_DELIVERY_LIMIT;
  const counts = VERSIONS.indexOf(plan.brokerVersion) >= VERSIONS.indexOf("4.3") ? (["reject"] as const) : (["reject", "nack"] as const);
  if (limit < 0) return { limit: -1, counts };
  return { limit, deliveries: limit + 1, counts, departure: follower.depart(queue, message, "delivery_limit") };
}

/** Failure n goes to key n of the ladder's exchange; then to the dead-letter exchange, by the worker's hand. */
function retries(follower: Follower, plan: Plan, queue: Holder, message: Lying): Retries | undefined {
  const rungs = plan.queues
    .flatMap(({ role }) => (role.kind === "rung" && role.of === queue.name ? [role.rung] : []))
    .sort((a, b) => a - b);
  if (rungs.length === 0) return undefined;
  const exchange = retryExchange(queue.name);
  const dead = text(queue.settings, "dead-letter-exchange");
  const key = text(queue.settings, "dead-letter-routing-key");
  return {
    exchange,
    rungs: rungs.map((rung) => follower.publish(exchange, { ...message, keys: [String(rung)] })),
    exhausted:
      dead === undefined
        ? { effect: "dropped", because: "no-dead-letter-exchange" }
        : follower.publish(dead, { ...message, keys: key === undefined ? message.keys.slice(0, 1) : [key] }),
  };
}

/** What can become of a message in a queue. */
export function fate(
  follower: Follower,
  plan: Plan,
  queue: Holder,
  message: Lying,
  expiration: number | undefined,
): Omit<Fate, "queue" | "certain" | "paths" | "instanceOf"> {
  const { settings, type } = queue;
  const common = {
    type,
    settings: [...settings.values()].map(({ key, value, source }) => ({ key, value, source: sourceText(source) })),
  };
  if (type === "stream") {
    const [maxAge, maxLengthBytes] = [text(settings, "max-age"), numeric(settings, "max-length-bytes")];
    if (maxAge === undefined && maxLengthBytes === undefined) return common;
    return {
      ...common,
      retention: { ...(maxAge === undefined ? {} : { maxAge }), ...(maxLengthBytes === undefined ? {} : { maxLengthBytes }) },
    };
  }
  const lifetimes = [numeric(settings, "message-ttl"), expiration].filter((value) => value !== undefined);
  const full = overflow(follower, queue, message);
  const ladder = retries(follower, plan, queue, message);
  const delayed = type === "quorum" ? text(settings, "delayed-retry-type") : undefined;
  const [min, max] = [numeric(settings, "delayed-retry-min"), numeric(settings, "delayed-retry-max")];
  return {
    ...common,
    ...(lifetimes.length === 0
      ? {}
      : { expired: { after: Math.min(...lifetimes), departure: follower.depart(queue, message, "expired") } }),
    rejected: follower.depart(queue, message, "rejected"),
    ...(full ? { overflow: full } : {}),
    ...(type === "quorum" ? { deliveryLimit: deliveryLimit(follower, plan, queue, message) } : {}),
    ...(delayed !== undefined && delayed !== "disabled"
      ? { delayedRetry: { type: delayed, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) } }
      : {}),
    ...(ladder ? { retries: ladder } : {}),
  };
}

/** A published message as it lies in its first queue. */
function lying(exchange: string, key: string, headers: MessageHeaders, options: ExplainOptions, queue: string): Lying {
  const { cc = [], bcc = [], expiration } = options;
  return {
    exchange,
    keys: [key, ...cc, ...bcc],
    bcc,
    headers: withCc(headers, cc),
    ...(expiration === undefined ? {} : { expiration }),
    deaths: [],
    trail: [queue],
  };
}

/**
 * What becomes of a message that a consumer rejects without requeue each time that it lies in `queue`: a departure for each of the
 * rejections, at most `times`, fewer if it does not come back. None for a queue that does not get it.
 */
export function explainRejections(
  plan: Plan,
  exchange: string,
  key: string,
  headers: MessageHeaders,
  { queue, times, ...options }: ExplainOptions & { readonly queue: string; readonly times: number },
): Departure[] {
  const follower = new Follower(plan);
  const { cc = [], bcc = [] } = options;
  const holder = follower.router.route(exchange, key, { headers, cc, bcc }).queues.includes(queue) ? follower.holder(queue) : undefined;
  if (!holder || holder.type === "stream") return [];
  return follower.rejections(holder, lying(exchange, key, headers, options, queue), times);
}

/**
 * Which queues get a message published to an exchange, by which bindings, and what becomes of it in each: when it expires, is
 * rejected, is too many, is returned too often, or fails in a worker. Plain data, as `warren explain --json` prints it.
 */
export function explain(
  plan: Plan,
  exchange: string,
  key: string,
  headers: MessageHeaders = {},
  options: ExplainOptions = {},
): Explanation {
  const follower = new Follower(plan);
  const { cc = [], bcc = [] } = options;
  const route = follower.router.route(exchange, key, { headers, cc, bcc });
  const byQueue = new Map<string, Path[]>();
  for (const path of route.paths) {
    const last = path.at(-1);
    if (!last) continue;
    const id = JSON.stringify([last.to, last.instanceOf]);
    byQueue.set(id, [...(byQueue.get(id) ?? []), path]);
  }
  const certain = new Set(route.certain);
  const fates = [...route.queues.map((queue) => ({ queue, template: undefined })), ...route.instances].flatMap(
    ({ queue, template }): Fate[] => {
      const holder = follower.holder(queue, template);
      if (!holder) return [];
      const message = lying(exchange, key, headers, options, queue);
      return [
        {
          queue,
          ...(template === undefined ? {} : { instanceOf: template }),
          certain: template === undefined && certain.has(queue),
          paths: byQueue.get(JSON.stringify([queue, template])) ?? [],
          ...fate(follower, plan, holder, message, options.expiration),
        },
      ];
    },
  );
  return { version: 1, topology: plan.topology, exchange, key, headers, ...route, fates };
}
