/** Rules about environments: they change sizes, never shapes. */
import { entry } from "../entry.js";
import { path } from "../path.js";
import type { Facts } from "./facts.js";
import { quote, type Fault, type Rule } from "./rule.js";
import { suggest } from "./suggest.js";

const QUEUE_SIZES = [
  "maxLength",
  "maxLengthBytes",
  "messageTtl",
  "expires",
  "maxAge",
  "quorumInitialGroupSize",
  "targetGroupSize",
  "initialClusterSize",
  "retry",
];
const SERVICE_SIZES = ["replicas", "load", "limits"];
const VHOST_SIZES = ["limits", "deletionProtection"];
const SECTIONS = ["queues", "services", "vhost"];

type Fields = { readonly [field: string]: unknown };

function* otherFields(fields: unknown, allowed: readonly string[], origin: string, of: string): Iterable<Fault> {
  for (const [field, value] of Object.entries((fields ?? {}) as Fields)) {
    if (allowed.includes(field)) continue;
    yield {
      path: `${origin}.${path(field)}`,
      message: `${of} changes ${quote(field)}, which is no size.`,
      value,
      ...suggest(field, allowed, "Write it at the object itself: then it is the same everywhere."),
    };
  }
}

function* shapes({ source: topology }: Facts): Iterable<Fault> {
  for (const [environment, sizes] of Object.entries(topology.environments ?? {})) {
    const origin = path("environments", environment);
    const of = `Environment ${quote(environment)}`;
    yield* otherFields(sizes, SECTIONS, origin, of);
    yield* otherFields(sizes.vhost, VHOST_SIZES, `${origin}.vhost`, of);
    for (const [name, fields] of Object.entries(sizes.queues ?? {})) {
      const at = `${origin}.${path("queues", name)}`;
      yield* otherFields(fields, QUEUE_SIZES, at, `${of} of queue ${quote(name)}`);
      const queue = entry(topology.queues, name);
      if (!queue || !Array.isArray(fields?.retry)) continue;
      const rungs = "retry" in queue ? (queue.retry?.length ?? 0) : 0;
      if (fields.retry.length !== rungs)
        yield {
          path: `${at}.retry`,
          message: `${of} gives queue ${quote(name)} ${fields.retry.length} rungs, where it has ${rungs}.`,
          value: fields.retry,
          allowed: [`${rungs} waiting times`],
        };
    }
    for (const [name, fields] of Object.entries(sizes.services ?? {}))
      yield* otherFields(fields, SERVICE_SIZES, `${origin}.${path("services", name)}`, `${of} of service ${quote(name)}`);
  }
}

export const environmentRules: readonly Rule[] = [
  {
    code: "environment-shape",
    severity: "error",
    refused: true,
    title: "An environment that changes more than sizes",
    why: "What was tested in one environment would not be what runs in another: other routes, other ladders, other types.",
    remedy: "Change sizes only: lengths, times, group sizes, replicas, loads, limits.",
    find: shapes,
  },
];
