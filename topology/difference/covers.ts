/** Whether a change accounts for what becomes otherwise of one message. */
import { retryExchange, retryQueue } from "../names.js";
import type { Route } from "../routing.js";
import { equal } from "../equal.js";
import { fits } from "../routing/overlap.js";
import type { Change, Reached } from "./change.js";
import { routeDifference } from "./routes.js";
import { reachedBy } from "./side.js";

/** A message, and where a client's publishing it leads on either side. */
export interface Published {
  readonly exchange: string;
  readonly key: string;
  readonly before: Route;
  readonly after: Route;
}

/** A queue that comes or goes is reached or not through the default exchange; a ladder that changes has other rungs. */
function coversDefault({ kind, queue = "", before, after }: Change, key: string): boolean {
  if (kind === "queue-renamed") return [before, after].some((name) => fits(String(name))(key));
  if (kind === "queue-added" || kind === "queue-removed") return fits(queue)(key) || isRung(queue, key);
  return kind === "retry" && isRung(queue, key);
}

const isRung = (queue: string, name: string): boolean => name.startsWith(retryQueue(queue, 1).slice(0, -1));

/** Whether `change` says what is otherwise for this message. Meant for the vhost that both routes are of. */
export function covers(change: Change, { exchange, key, before, after }: Published): boolean {
  if (before.refused !== after.refused) {
    const whole =
      ["exchange-removed", "exchange-added", "exchange-internal", "exchange-public"].includes(change.kind) && change.exchange === exchange;
    return whole || isLadder(change, exchange);
  }
  const found = routeDifference(reachedBy(before), reachedBy(after));
  if (!found) return false;
  if (exchange === "") return coversDefault(change, key);
  if (change.kind === "route" && change.exchange === exchange) {
    return equal(found, routeDifference(change.before as Reached, change.after as Reached));
  }
  return isLadder(change, exchange);
}

const isLadder = ({ kind, queue }: Change, exchange: string): boolean =>
  queue !== undefined && ["retry", "queue-added", "queue-removed"].includes(kind) && retryExchange(queue) === exchange;
