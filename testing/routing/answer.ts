/** What the model says of a message, in the form in which a broker's doing is observed. */
import type { Plan } from "../../topology/compile/plan.js";
import { explain, explainRejections, type Departure, type Fate, type Stop } from "../../topology/explain.js";
import type { End, Sent, Then } from "../../topology/routing-regressions.js";

/** An end that depends on a choice is one that may be. */
export type ExpectedEnd = End & { readonly perhaps?: true };

export interface Answer {
  /** What is done; less than asked where the model does not know which queue gets the message. */
  readonly then: Then;
  /** In which queues, each with how often. */
  readonly acts: readonly { readonly queue: string; readonly times: number }[];
  /** One for each copy that is published. */
  readonly copies: readonly { readonly nacked: boolean; readonly ends: readonly ExpectedEnd[] }[];
  /** None if it depends on a choice. */
  readonly returned: boolean | undefined;
  /** Queues to which it or a dead letter of it comes. */
  readonly touches: readonly string[];
}

/** Times up to here are waited for; what lasts longer is for ever. Milliseconds. */
export const HORIZON_MS = 1000;
const REJECTIONS = 3;

/** Thrown for a message of which the model does not say where it ends: one that goes round for ever, or for which there may be no room. */
class Unsaid extends Error {}

const short = (after: number | undefined): boolean => after !== undefined && after <= HORIZON_MS;

/** Where the copies end that a departure leads to. `back` names the queue to which one may return, to be taken out again. */
function ends({ effect, stops = [], deaths = [] }: Departure, back: string | undefined, perhaps = false): ExpectedEnd[] {
  if (effect !== "dead-lettered") return [];
  return stops.flatMap((stop: Stop): ExpectedEnd[] => {
    const { queue, then, after, next } = stop;
    const unsure = perhaps || stop.uncertain === true;
    if (then === "cycle") return [];
    if (then === "returns" && (short(after) || unsure)) throw new Unsaid();
    if (then === "returns" && queue === back) return [];
    if (then === "overflows" || (then === "expires" && short(after))) {
      if (!next) throw new Unsaid();
      return ends(next, back, unsure);
    }
    return [{ queue, deaths, ...(unsure ? { perhaps: true as const } : {}) }];
  });
}

/** How many copies of one message come to a queue on this way, at most. One that is kept takes up room for ever. */
function visits(departure: Departure | undefined, from: string, into: Map<string, number>): void {
  if (departure?.effect === "kept") into.set(from, Infinity);
  if (departure?.effect !== "dead-lettered") return;
  for (const { queue, then, after, next } of departure.stops ?? []) {
    if (then === "cycle") continue;
    if (then !== "overflows") into.set(queue, (into.get(queue) ?? 0) + 1);
    if (then === "overflows" || short(after)) visits(next, queue, into);
  }
}

function returns(departure: Departure, queue: string): number {
  return (departure.stops ?? []).reduce(
    (sum, stop) =>
      sum +
      (stop.next && (stop.then === "overflows" || short(stop.after))
        ? returns(stop.next, queue)
        : stop.then === "returns" && stop.queue === queue
          ? 1
          : 0),
    0,
  );
}

/** What the model says; `undefined` if it says nothing exact of this message. */
export function answer(plan: Plan, sent: Sent, limitOf: (queue: string) => number | undefined): Answer | undefined {
  try {
    return exactly(plan, sent, limitOf);
  } catch (error) {
    if (error instanceof Unsaid) return undefined;
    throw error;
  }
}

function exactly(plan: Plan, sent: Sent, limitOf: (queue: string) => number | undefined): Answer | undefined {
  const { exchange, key, headers = {}, ...options } = sent;
  const { refused, fates, queues, certain, unroutable, mayBeUnroutable } = explain(plan, exchange, key, headers, options);
  if (refused) return undefined;
  const sure = queues.length === certain.length;
  const limited = fates.filter(({ queue }) => limitOf(queue) !== undefined);
  const wanted: Then = !sure ? "lies" : sent.then === "returns" && fates.length !== 1 ? "rejected" : sent.then;
  const then = wanted === "overflows" && limited.length === 0 ? "lies" : wanted;
  // What another queue refuses is known to the publisher before a quorum queue has told that it is full.
  const late = limited.some(({ type, overflow: full }) => type === "quorum" && full?.mode === "reject-publish");
  if (then === "overflows" && late && fates.length > 1) throw new Unsaid();
  const copies = then === "overflows" ? Math.max(...limited.map(({ queue }) => limitOf(queue) ?? 0)) + 1 : 1;
  const acts: { queue: string; times: number }[] = [];
  const arrivals = new Map<string, number>(then === "overflows" ? [] : queues.map((queue) => [queue, limitOf(queue) === 0 ? 0 : 1]));
  const found = Array.from({ length: copies }, () => ({ nacked: false, ends: [] as ExpectedEnd[] }));
  const leave = (copy: number, from: string, departure: Departure, back?: string): void => {
    visits(departure, from, arrivals);
    found[copy]?.ends.push(...ends(departure, back));
  };
  for (const fate of fates) {
    const { queue, expired } = fate;
    const perhaps = fate.certain ? {} : { perhaps: true as const };
    for (let copy = 0; copy < copies; copy++) {
      if (limitOf(queue) === 0) {
        if (!fate.certain) throw new Unsaid();
        overflow(fate, copy, copies, 0, found, leave);
      } else if (expired && short(expired.after)) {
        if (then === "overflows" && limitOf(queue) !== undefined) throw new Unsaid();
        visits(expired.departure, queue, arrivals);
        found[copy]?.ends.push(...ends(expired.departure, undefined, !fate.certain));
      } else if (then === "overflows") overflow(fate, copy, copies, limitOf(queue), found, leave);
      else if (then === "lies") found[copy]?.ends.push({ queue, deaths: [], ...perhaps });
      else act(plan, sent, fate, then, acts, (departure, back) => leave(copy, queue, departure, back), found[copy]?.ends ?? []);
    }
  }
  // Dead letters beside what lies in a queue that has a limit: how many there are at a time is not in the model.
  for (const [queue, count] of arrivals) if (count > (then === "overflows" ? 0 : 1) && limitOf(queue) !== undefined) throw new Unsaid();
  return {
    then,
    acts,
    copies: found,
    returned: unroutable ? true : mayBeUnroutable ? undefined : false,
    touches: [...queues, ...arrivals.keys()],
  };
}

function overflow(
  { queue, overflow: full }: Fate,
  copy: number,
  copies: number,
  limit: number | undefined,
  found: { nacked: boolean; ends: ExpectedEnd[] }[],
  leave: (copy: number, from: string, departure: Departure) => void,
): void {
  const own = found[copy];
  if (!own) return;
  const leaves = full && limit !== undefined && (full.message === "oldest" ? copy < copies - limit : copy >= limit);
  if (!leaves) own.ends.push({ queue, deaths: [] });
  else {
    if (full.message === "new") own.nacked = true;
    if (full.departure) leave(copy, queue, full.departure);
  }
}

function act(
  plan: Plan,
  sent: Sent,
  { queue, rejected, deliveryLimit }: Fate,
  then: Then,
  acts: { queue: string; times: number }[],
  leave: (departure: Departure, back?: string) => void,
  here: ExpectedEnd[],
): void {
  if (then === "fails") {
    // Without a limit it lies there still, however often it fails.
    acts.push({ queue, times: deliveryLimit?.deliveries ?? REJECTIONS });
    if (deliveryLimit?.departure) leave(deliveryLimit.departure);
    else here.push({ queue, deaths: [] });
  } else if (then === "returns") {
    const { exchange, key, headers = {}, ...options } = sent;
    const all = explainRejections(plan, exchange, key, headers, { ...options, queue, times: REJECTIONS });
    // What comes back after the horizon is not waited for.
    const last = all.findIndex((departure) => returns(departure, queue) === 0);
    const departures = last < 0 ? all : all.slice(0, last + 1);
    if (departures.some((departure) => returns(departure, queue) > 1)) throw new Unsaid();
    acts.push({ queue, times: departures.length });
    departures.forEach((departure, index) => leave(departure, index < departures.length - 1 ? queue : undefined));
  } else {
    acts.push({ queue, times: 1 });
    if (rejected) leave(rejected);
  }
}
