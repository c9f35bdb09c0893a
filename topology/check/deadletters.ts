/** Rules about dead letters: those that are lost, that go round, that pile up. */
import type { MessageHeaders } from "../routing.js";
import { entry } from "../entry.js";
import { path } from "../path.js";
import type { AnyQueue, Facts } from "./facts.js";
import { quote, several, type Fault, type Rule } from "./rule.js";
import { settingPath } from "./setting-paths.js";
import { suggest } from "./suggest.js";

/** Keys with which a queue's dead letters reach no queue. */
function lostKeys(facts: Facts, queue: AnyQueue, exchange: string, routingKey: string | undefined): (string | undefined)[] {
  const keys: readonly { key: string | undefined; headers?: MessageHeaders }[] =
    routingKey === undefined ? facts.keysIn(queue) : [{ key: routingKey }];
  // Without any known key, only an exchange that leads nowhere at all is at fault.
  const asked = keys.length === 0 && exchange !== "" ? [{ key: undefined, headers: {} }] : keys;
  return [
    ...new Set(
      asked
        .filter(({ key, headers }) =>
          key === undefined ? exchange !== "" && facts.behind(exchange).size === 0 : facts.reach(exchange, key, headers).length === 0,
        )
        .map(({ key }) => key),
    ),
  ];
}

function* nowhere(facts: Facts): Iterable<Fault> {
  for (const queue of facts.written()) {
    const dead = facts.deadLetters(queue);
    // An exchange that is not there is found as an undeclared name; those of plugins are not known.
    if (!dead || !facts.hasExchange(dead.exchange) || (dead.exchange !== "" && facts.exchangeType(dead.exchange) === undefined)) continue;
    const lost = lostKeys(facts, queue, dead.exchange, dead.routingKey);
    if (lost.length === 0) continue;
    const keys = lost.flatMap((key) => (key === undefined ? [] : [key]));
    const bound = dead.exchange === "" ? facts.queues.keys() : (facts.keysAt().get(dead.exchange) ?? []);
    const own =
      dead.routingKey === undefined && keys.includes(queue.name)
        ? " (that key is the queue's name: a message that comes back from a ladder has it)"
        : "";
    yield {
      path: settingPath(facts, queue, dead.routingKey === undefined ? "dead-letter-exchange" : "dead-letter-routing-key"),
      message: `${facts.title(queue)} sends dead letters to ${dead.exchange === "" ? "the default exchange" : `exchange ${quote(dead.exchange)}`}${keys.length > 0 ? ` with key ${several(keys)}` : ""}, where no queue gets them: they are lost${own}.`,
      value: keys[0] ?? dead.exchange,
      ...suggest(keys[0] ?? "", bound, "Bind a queue to that exchange with this key, or give deadLetterTo a routingKey that is bound."),
    };
  }
}

/** Groups of queues whose dead letters go round, by Tarjan's algorithm without recursion. */
function cycles(facts: Facts): string[][] {
  const targets = facts.deadLetterTargets();
  const state = new Map<string, { index: number; low: number; on: boolean }>();
  const stack: string[] = [];
  const found: string[][] = [];
  for (const start of targets.keys()) {
    if (state.has(start)) continue;
    const work: { name: string; next: Iterator<string> }[] = [];
    const open = (name: string): void => {
      state.set(name, { index: state.size, low: state.size, on: true });
      stack.push(name);
      work.push({ name, next: (targets.get(name) ?? new Set<string>()).values() });
    };
    open(start);
    for (let top = work.at(-1); top; top = work.at(-1)) {
      const own = state.get(top.name);
      const step = top.next.next();
      if (!own) break;
      if (!step.done) {
        const other = state.get(step.value);
        if (!other) open(step.value);
        else if (other.on) own.low = Math.min(own.low, other.index);
        continue;
      }
      work.pop();
      const above = state.get(work.at(-1)?.name ?? "");
      if (above) above.low = Math.min(above.low, own.low);
      if (own.low !== own.index) continue;
      const group = stack.splice(stack.lastIndexOf(top.name));
      for (const name of group) (state.get(name) ?? own).on = false;
      if (group.length > 1 || targets.get(top.name)?.has(top.name)) found.push(group);
    }
  }
  return found;
}

function member(facts: Facts, name: string): AnyQueue | undefined {
  return facts.queues.get(name) ?? facts.templates.get(name);
}

function isConsumed(facts: Facts, name: string): boolean {
  return !facts.knowsServices || facts.consumers().has(name) || facts.templates.has(name) || facts.foreign("read", name);
}

/** Whether messages leave a queue by themselves: they expire, or too many push the oldest out. */
function leavesByItself(facts: Facts, queue: AnyQueue): boolean {
  const settings = facts.settings(queue);
  return ["message-ttl", "max-length", "max-length-bytes"].some((key) => settings.has(key));
}

/**
 * Whether a message comes back, with the same key, to a queue of the group where it was before, so that it does so for ever:
 * that others get a copy on the way does not stop it.
 */
function circulates(facts: Facts, names: readonly string[], inside: ReadonlySet<string>): boolean {
  interface Place {
    readonly queue: AnyQueue;
    readonly key: string;
    readonly headers: MessageHeaders;
  }
  const id = ({ queue, key, headers }: Place): string => JSON.stringify([queue.name, key, headers]);
  const queues = (of: readonly string[]): AnyQueue[] => of.flatMap((name) => member(facts, name) ?? []);
  const next = ({ queue, key, headers }: Place): Place[] => {
    const dead = facts.deadLetters(queue);
    if (!dead) return [];
    const as = dead.routingKey ?? key;
    const reached = facts.reach(dead.exchange, as, headers).filter((name) => inside.has(name));
    return queues(reached).map((to) => ({ queue: to, key: as, headers }));
  };
  const work = queues(names).flatMap((queue) =>
    facts.keysIn(queue).flatMap(({ key, headers = {} }): Place[] => (key === undefined ? [] : [{ queue, key, headers }])),
  );
  const before = new Map<string, string[]>();
  const exits = new Map<string, number>();
  for (let place = work.pop(); place; place = work.pop()) {
    const own = id(place);
    if (exits.has(own)) continue;
    const after = next(place);
    exits.set(own, after.length);
    for (const one of after) before.set(id(one), [...(before.get(id(one)) ?? []), own]);
    work.push(...after);
  }
  // Takes away, again and again, the places that lead nowhere; what is left goes round.
  const ends = [...exits].flatMap(([own, count]) => (count === 0 ? [own] : []));
  let left = exits.size;
  for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
    left--;
    for (const one of before.get(end) ?? []) {
      const count = (exits.get(one) ?? 0) - 1;
      exits.set(one, count);
      if (count === 0) ends.push(one);
    }
  }
  return left > 0;
}

/** Whether all keys are known with which messages come into a group. */
function keysAreKnown(facts: Facts, names: readonly string[]): boolean {
  const keys = names.flatMap((name) => member(facts, name) ?? []).flatMap((queue) => facts.keysIn(queue));
  return keys.length > 0 && keys.every(({ key }) => key !== undefined);
}

/** Groups of queues that go round, in the order in which they are written; `others` get dead letters of the group too. */
function rounds(facts: Facts): { queues: AnyQueue[]; consumed: boolean; forEver: boolean; others: string[] }[] {
  const order = new Map([...facts.queues.keys(), ...facts.templates.keys()].map((name, index) => [name, index]));
  return cycles(facts).map((group) => {
    const inside = new Set(group);
    const names = group.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
    const targets = new Set(names.flatMap((name) => [...(facts.deadLetterTargets().get(name) ?? [])]));
    const others = [...targets].filter((target) => !inside.has(target));
    return {
      queues: names.flatMap((name) => member(facts, name) ?? []),
      consumed: names.some((name) => isConsumed(facts, name)),
      forEver: circulates(facts, names, inside) || (others.length === 0 && !keysAreKnown(facts, names)),
      others,
    };
  });
}

function* loops(facts: Facts): Iterable<Fault> {
  for (const { queues, consumed } of rounds(facts)) {
    const [first] = queues;
    if (consumed || !first || !queues.every((queue) => leavesByItself(facts, queue))) continue;
    yield {
      path: settingPath(facts, first, "dead-letter-exchange"),
      message: `Dead letters of ${several(queues.map(({ name }) => name))} go round, and nobody consumes there: the broker drops a message that comes to a queue a second time.`,
      value: queues.map(({ name }) => name),
    };
  }
}

function* endless(facts: Facts): Iterable<Fault> {
  for (const { queues, consumed, forEver, others } of rounds(facts)) {
    const first = queues.find(({ name }) => isConsumed(facts, name));
    if (!consumed || !forEver || !first) continue;
    yield {
      path: settingPath(facts, first, "dead-letter-exchange"),
      message: `What is rejected in ${quote(first.name)} comes back to it${queues.length > 1 ? ` by way of ${several(queues.filter((queue) => queue !== first).map(({ name }) => name))}` : ""}${others.length > 0 ? `, and each time a copy goes to ${several(others)} too` : ", with no way out"}: a message that always fails goes round for ever.`,
      value: queues.map(({ name }) => name),
    };
  }
}

const isBounded = (facts: Facts, queue: AnyQueue): boolean =>
  facts.settings(queue).has("max-length") || facts.settings(queue).has("max-length-bytes");

function* atLeastOnceUnbounded(facts: Facts): Iterable<Fault> {
  for (const queue of facts.written()) {
    if (!facts.deadLetters(queue)?.atLeastOnce || isBounded(facts, queue)) continue;
    yield {
      path: settingPath(facts, queue, "dead-letter-strategy"),
      message: `${facts.title(queue)} keeps dead letters until their target has them, and has no maximum length: while the target is away they pile up without limit.`,
      value: "at-least-once",
    };
  }
}

function* lostAtTarget(facts: Facts): Iterable<Fault> {
  for (const queue of facts.written()) {
    if (!facts.deadLetters(queue)?.atLeastOnce) continue;
    for (const name of facts.deadLetterTargets().get(queue.name) ?? []) {
      const target = member(facts, name);
      if (!target || !isBounded(facts, target) || facts.deadLetters(target)) continue;
      const overflow = facts.settings(target).get("overflow")?.value ?? "drop-head";
      if (overflow !== "drop-head") continue;
      yield {
        path: facts.pathOf(target),
        message: `${facts.title(target)} drops its oldest messages when it is full, although ${quote(queue.name)} asks that none of its dead letters be lost.`,
        value: overflow,
        allowed: ["reject-publish"],
      };
    }
  }
}

function* alternates(facts: Facts): Iterable<Fault> {
  for (const exchange of facts.plan.exchanges) {
    const seen = [exchange.name];
    let next = facts.alternate(exchange.name);
    for (; next !== undefined && !seen.includes(next); next = facts.alternate(next)) seen.push(next);
    const at = path("exchanges", exchange.name);
    const written = entry(facts.topology.exchanges, exchange.name)?.alternateExchange === undefined ? at : `${at}.alternateExchange`;
    if (next === exchange.name)
      yield {
        path: written,
        message: `The alternate exchanges of ${several(seen)} go round: what none of them can route is dropped.`,
        value: seen,
      };
    const first = facts.alternate(exchange.name);
    if (first !== undefined && next !== exchange.name && facts.hasExchange(first) && facts.behind(first).size === 0)
      yield {
        path: written,
        message: `Nothing is bound to ${quote(first)}, the alternate exchange of ${quote(exchange.name)}: what comes there is dropped.`,
        value: first,
      };
  }
}

export const deadLetterRules: readonly Rule[] = [
  {
    code: "dead-letters-nowhere",
    severity: "error",
    title: "Dead letters that no queue gets",
    why: "The broker drops them without a word, and with at-least-once they stay in their queue for ever.",
    remedy: "Bind a queue to the dead-letter exchange with that key.",
    find: nowhere,
  },
  {
    code: "dead-letter-loop",
    severity: "error",
    title: "Dead letters that go round without a consumer",
    why: "The broker drops a message that comes to a queue a second time without having been rejected in between.",
    remedy: "Let a service consume one of these queues, or send the dead letters elsewhere.",
    find: loops,
  },
  {
    code: "endless-retry",
    severity: "warning",
    title: "Rejected messages that come back for ever",
    why: "A message that always fails is tried without end and takes the place of those that could succeed.",
    remedy: "Use a ladder (retry) that ends in deadLetterTo, or silence this if the worker counts its attempts.",
    find: endless,
  },
  {
    code: "at-least-once-unbounded",
    severity: "warning",
    title: "At-least-once dead letters without a maximum length",
    why: "A target that is missing, full or unroutable keeps the messages in their source queue.",
    remedy: "Give the queue a maxLength.",
    find: atLeastOnceUnbounded,
  },
  {
    code: "dead-letters-dropped",
    severity: "warning",
    title: "Dead letters that their target may drop",
    why: "The source asks for at-least-once, but the target drops its oldest messages when it is full.",
    remedy: 'Set overflow: "reject-publish" at the target, or give it a dead-letter exchange.',
    find: lostAtTarget,
  },
  {
    code: "alternate-exchange-nowhere",
    severity: "warning",
    title: "An alternate exchange that saves nothing",
    why: "It is there to keep what nobody is bound for, and drops it all the same.",
    remedy: "Bind a queue to the alternate exchange.",
    find: alternates,
  },
];
