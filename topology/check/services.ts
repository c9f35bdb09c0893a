/** Rules about services: who consumes what, and whether the numbers fit. */
import { duration, milliseconds } from "../durations.js";
import type { Replicas, Service } from "../model.js";
import { entry } from "../entry.js";
import { path } from "../path.js";
import type { Facts } from "./facts.js";
import { quote, several, type Fault, type Rule } from "./rule.js";

function* unpublished(facts: Facts): Iterable<Fault> {
  if (!facts.knowsServices) return;
  const published = new Set(Object.values(facts.topology.services ?? {}).flatMap(({ publishes }) => publishes ?? []));
  for (const { message, exchange } of facts.targets()) {
    if (published.has(message) || facts.foreign("write", exchange === "" ? "amq.default" : exchange)) continue;
    yield { path: path("messages", message), message: `No service publishes message ${quote(message)}.`, value: message };
  }
}

function* unconsumed(facts: Facts): Iterable<Fault> {
  if (!facts.knowsServices) return;
  const shovels = new Set(Object.values(facts.topology.shovels ?? {}).map(({ from }) => from.queue));
  for (const queue of facts.plan.queues) {
    if (queue.role.kind === "rung" || (queue.role.kind === "partition" && queue.role.order > 0)) continue;
    const name = queue.role.kind === "partition" ? queue.role.of : queue.name;
    if (facts.consumers().has(name) || facts.managers().has(name) || shovels.has(name) || facts.foreign("read", queue.name)) continue;
    // Dead letters wait for people. What expires into another queue is a delay.
    const onlyDead = facts.getsDeadLetters().has(queue.name) && !facts.messagesInto().has(queue.name);
    const delay = facts.settings(queue).has("message-ttl") && facts.deadLetters(queue) !== undefined;
    if (onlyDead || delay) continue;
    yield {
      path: facts.pathOf(queue),
      message: `No service consumes ${facts.title(queue).replace(/^./, (letter) => letter.toLowerCase())}.`,
      value: name,
    };
  }
}

function* competing(facts: Facts): Iterable<Fault> {
  for (const [name, services] of facts.consumers()) {
    const queue = entry(facts.topology.queues, name);
    const [first, ...others] = [...new Set(services)];
    if (!queue || queue.type === "stream" || queue.type === "super-stream") continue;
    for (const service of others) {
      const index = entry(facts.topology.services, service)?.consumes?.indexOf(name) ?? 0;
      yield {
        path: `${path("services", service)}.consumes[${index}]`,
        message: `Services ${several([first ?? "", ...others])} consume queue ${quote(name)}: each message goes to one of them only.`,
        value: name,
      };
    }
  }
}

function* idle(facts: Facts): Iterable<Fault> {
  for (const [service, { consumes = [], replicas }] of Object.entries(facts.topology.services ?? {})) {
    if (!replicas || replicas.max < 2 || consumes.length === 0) continue;
    const single = consumes.filter((name) => {
      const queue = facts.queues.get(name);
      return queue && facts.settings(queue).get("single-active-consumer")?.value === true;
    });
    if (single.length < consumes.length) continue;
    yield {
      path: `${path("services", service)}.replicas.max`,
      message: `Service ${quote(service)} has up to ${replicas.max} replicas, but ${several(single)} has a single active consumer: the others wait.`,
      value: replicas.max,
      allowed: ["1"],
    };
  }
}

const isWhole = (value: unknown, least: number): boolean => typeof value === "number" && Number.isSafeInteger(value) && value >= least;

function* replicaFaults(replicas: Replicas, origin: string, of: string): Iterable<Fault> {
  const { min, max, perReplica, cpu } = replicas;
  if (!isWhole(min, 0))
    yield { path: `${origin}.min`, message: `${of} has ${quote(min)} as least number of replicas.`, value: min, allowed: ["0 or more"] };
  if (!isWhole(max, 1))
    yield { path: `${origin}.max`, message: `${of} has ${quote(max)} as greatest number of replicas.`, value: max, allowed: ["1 or more"] };
  else if (min > max)
    yield {
      path: `${origin}.min`,
      message: `${of} has at least ${min} replicas, and at most ${max}.`,
      value: min,
      allowed: [`0 to ${max}`],
    };
  if (perReplica !== undefined && !(perReplica > 0 && Number.isFinite(perReplica)))
    yield {
      path: `${origin}.perReplica`,
      message: `${of} has ${quote(perReplica)} messages per replica.`,
      value: perReplica,
      allowed: ["more than 0"],
    };
  if (cpu !== undefined && !(cpu >= 1 && cpu <= 100))
    yield { path: `${origin}.cpu`, message: `${of} is meant to use ${quote(cpu)} percent of CPU.`, value: cpu, allowed: ["1 to 100"] };
}

function* limitFaults(limits: object | undefined, origin: string, of: string): Iterable<Fault> {
  for (const [name, value] of Object.entries(limits ?? {}))
    if (value !== undefined && !isWhole(value, -1))
      yield {
        path: `${origin}.${name}`,
        message: `${of} has ${quote(value)} for ${name}.`,
        value: value as unknown,
        allowed: ["-1 for no limit, 0 or more"],
      };
}

/** AMQP's field is an octet. */
const HIGHEST_PRIORITY = 255;

function* badNumbers(facts: Facts): Iterable<Fault> {
  const { services, users, messages, queues, vhost } = facts.topology;
  for (const [name, { replicas, limits }] of Object.entries(services ?? {})) {
    const origin = path("services", name);
    if (replicas) yield* replicaFaults(replicas, `${origin}.replicas`, `Service ${quote(name)}`);
    yield* limitFaults(limits, `${origin}.limits`, `Service ${quote(name)}`);
  }
  for (const [name, { limits }] of Object.entries(users ?? {}))
    yield* limitFaults(limits, `${path("users", name)}.limits`, `User ${quote(name)}`);
  yield* limitFaults(vhost?.limits, "vhost.limits", "The vhost");
  for (const [name, { priority }] of Object.entries(messages ?? {}))
    if (priority !== undefined && !(isWhole(priority, 0) && priority <= HIGHEST_PRIORITY))
      yield {
        path: `${path("messages", name)}.priority`,
        message: `Message ${quote(name)} has priority ${quote(priority)}.`,
        value: priority,
        allowed: [`0 to ${HIGHEST_PRIORITY}`],
      };
  for (const [name, queue] of Object.entries(queues ?? {})) {
    if (queue.type !== "super-stream") continue;
    const { partitions } = queue;
    const fine =
      typeof partitions === "number" ? isWhole(partitions, 1) : partitions.length > 0 && new Set(partitions).size === partitions.length;
    if (!fine)
      yield {
        path: `${path("queues", name)}.partitions`,
        message: `Super stream ${quote(name)} has ${quote(partitions)} as partitions.`,
        value: partitions,
        allowed: ["1 or more", "a list of different keys"],
      };
  }
}

function* tooManyQueues({ plan }: Facts): Iterable<Fault> {
  const most = plan.vhost.limits?.maxQueues;
  if (most === undefined || most < 0 || plan.queues.length <= most) return;
  yield {
    path: "vhost.limits.maxQueues",
    message: `The vhost may have ${most} queues, and the topology has ${plan.queues.length}, ladders and partitions included.`,
    value: most,
    allowed: [`${plan.queues.length} or more`, "-1"],
  };
}

/** Five of a hundred that take longer than 20 times the mean would alone be more than the mean (Markov's inequality). */
const HIGHEST_P95 = 20;

function* loadFaults(service: Service, origin: string, of: string): Iterable<Fault> {
  const { load = {}, consumes = [] } = service;
  const { rate, peak, day, handler, latency } = load;
  const at = `${origin}.load`;
  const positive = (value: number): boolean => value > 0 && Number.isFinite(value);
  const rates = typeof rate === "object" ? Object.entries(rate) : rate === undefined ? [] : [[undefined, rate] as const];
  for (const [queue, value] of rates) {
    const place = queue === undefined ? `${at}.rate` : `${at}.${path("rate", queue)}`;
    if (queue !== undefined && !consumes.includes(queue))
      yield {
        path: place,
        message: `${of} has a rate for ${quote(queue)}, which it does not consume.`,
        value: queue,
        allowed: consumes.map(quote),
      };
    else if (value !== undefined && !positive(value))
      yield { path: place, message: `${of} gets ${quote(value)} messages a second.`, value, allowed: ["more than 0"] };
  }
  const mean = rates.reduce((sum, [, value]) => sum + (value ?? 0), 0);
  if (peak !== undefined && !(positive(peak) && peak >= mean))
    yield {
      path: `${at}.peak`,
      message: `${of} gets ${quote(peak)} messages a second at the busiest time${rates.length > 0 ? `, and ${mean} on average` : ""}.`,
      value: peak,
      allowed: [rates.length > 0 ? `${mean} or more` : "more than 0"],
    };
  if (day && !(day.length >= 2 && day.every((value) => value >= 0 && Number.isFinite(value)) && day.some((value) => value > 0)))
    yield {
      path: `${at}.day`,
      message: `${of} has a day's curve of ${quote(day)}.`,
      value: day,
      allowed: ["2 or more numbers, 0 or more, not all 0"],
    };
  else if (day && rates.length > 0 && peak !== undefined)
    yield {
      path: `${at}.peak`,
      message: `${of} has a rate and a day's curve, from which the peak follows, and a peak beside them.`,
      value: peak,
      remedy: "Leave the peak out, or the rate.",
    };
  const [least, most] = [milliseconds(handler?.mean), milliseconds(handler?.p95)];
  if (least === 0)
    yield { path: `${at}.handler.mean`, message: `${of} handles a message in no time.`, value: handler?.mean, allowed: ["more than 0"] };
  else if (least !== undefined && most !== undefined && (most < least || most > least * HIGHEST_P95))
    yield {
      path: `${at}.handler.p95`,
      message: `${of} takes ${quote(handler?.mean)} for a message on average, and at most ${quote(handler?.p95)} for 95 of 100.`,
      value: handler?.p95,
      allowed: [`${duration(least)} to ${duration(Math.floor(least * HIGHEST_P95))}`],
    };
  if (handler?.concurrency !== undefined && !isWhole(handler.concurrency, 1))
    yield {
      path: `${at}.handler.concurrency`,
      message: `${of} handles ${quote(handler.concurrency)} messages at a time.`,
      value: handler.concurrency,
      allowed: ["1 or more"],
    };
  const target = milliseconds(latency?.p95);
  const slow = most ?? least;
  if (target !== undefined && (target === 0 || (slow !== undefined && target < slow)))
    yield {
      path: `${at}.latency.p95`,
      message: `${of} is meant to handle 95 of 100 messages within ${quote(latency?.p95)}${slow === undefined ? "" : `, where the handler alone takes ${duration(slow)}`}.`,
      value: latency?.p95,
      allowed: [slow === undefined ? "more than 0" : `${duration(slow)} or more`],
    };
}

function* badLoads({ topology }: Facts): Iterable<Fault> {
  for (const [name, service] of Object.entries(topology.services ?? {}))
    if (service.load) yield* loadFaults(service, path("services", name), `Service ${quote(name)}`);
}

export const serviceRules: readonly Rule[] = [
  {
    code: "message-unpublished",
    severity: "warning",
    title: "A message that no service publishes",
    why: "Nobody has the permission to publish it, and what waits for it waits for ever.",
    remedy: "Name it in the publishes of a service, or leave it out.",
    find: unpublished,
  },
  {
    code: "queue-unconsumed",
    severity: "warning",
    title: "A queue that nobody consumes",
    why: "Its messages stay until they expire or the queue is full. Queues for dead letters are left out here.",
    remedy: "Name it in the consumes or manages of a service, or leave it out.",
    find: unconsumed,
  },
  {
    code: "competing-services",
    severity: "warning",
    title: "Several services that consume one queue",
    why: "They take each other's messages away: events that each of them wants need one queue per subscriber.",
    remedy: "Give each service a queue of its own, bound with the same keys.",
    find: competing,
  },
  {
    code: "replicas-idle",
    severity: "warning",
    title: "Replicas that get nothing to do",
    why: "With a single active consumer all messages go to one replica, however many there are.",
    remedy: "Take one replica, or split the queue by a consistent hash exchange.",
    find: idle,
  },
  {
    code: "bad-number",
    severity: "error",
    refused: true,
    title: "A number of replicas, partitions, a limit or a priority that cannot be",
    why: "What is derived from it (deployments, autoscalers, limits, streams) is refused.",
    remedy: "Take one of the allowed values.",
    find: badNumbers,
  },
  {
    code: "bad-load",
    severity: "error",
    refused: true,
    title: "A service's load that cannot be",
    why: "Replicas, prefetch and thresholds are computed from it.",
    remedy: "Take one of the allowed values.",
    find: badLoads,
  },
  {
    code: "vhost-limit-too-low",
    severity: "error",
    refused: true,
    title: "A vhost that may have fewer queues than the topology",
    why: "The broker refuses the queues beyond the limit.",
    remedy: "Raise the limit.",
    find: tooManyQueues,
  },
];
