/** What becomes of queues and templates, and of the messages in them. */
import { effectOf, worst } from "../changes.js";
import type { PlannedTemplate } from "../compile/plan.js";
import { equal } from "../equal.js";
import type { Change } from "./change.js";
import { arrivals, Held, type Arrival } from "./fate-of.js";
import { fateChanges } from "./fates.js";
import type { Side } from "./side.js";
import { list } from "./words-of-changes.js";

const names = (before: readonly string[], after: readonly string[]): string[] => [...new Set([...before, ...after])];

type Effects = ReturnType<typeof effectOf>;

const values = (effects: Effects, side: "before" | "after"): object =>
  Object.fromEntries(effects.map((each) => [each.field, each[side] ?? null]));

function replaced(vhost: string, queue: string, effects: Effects): Change[] {
  if (worst(effects) !== "replace and lose messages") return [];
  const text = `queue ${queue} is deleted and made again (${list(effects.map(({ field }) => field))}): the messages in it are lost`;
  return [
    { kind: "queue-replaced", severity: "loss", vhost, queue, before: values(effects, "before"), after: values(effects, "after"), text },
  ];
}

function queueObject(queue: string, old: Side, now: Side): Change[] {
  const [before, after] = [old.queues.get(queue), now.queues.get(queue)];
  const vhost = now.vhost;
  if (before && after) return replaced(vhost, queue, effectOf("queue", before, after));
  if (before) {
    const text = `queue ${queue} is gone, and the messages in it with it`;
    return [{ kind: "queue-removed", severity: "loss", vhost, queue, before: { type: before.type }, after: null, text }];
  }
  return [
    { kind: "queue-added", severity: "notice", vhost, queue, before: null, after: { type: after?.type }, text: `queue ${queue} is new` },
  ];
}

const bindingsOf = ({ bindings }: PlannedTemplate): object[] =>
  bindings
    .map(({ source, routingKey, arguments: args }) => ({ exchange: source, key: routingKey, arguments: args }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

function templateObject(template: string, old: Side, now: Side): Change[] {
  const [before, after] = [old.templates.get(template), now.templates.get(template)];
  const vhost = now.vhost;
  if (!before || !after) {
    const [{ name, type }] = [before ?? after] as [PlannedTemplate];
    const of = { name, type };
    return before
      ? [
          {
            kind: "queue-removed",
            severity: "breaking",
            vhost,
            queue: name,
            before: of,
            after: null,
            text: `template ${template} (queues ${name}) is gone`,
          },
        ]
      : [
          {
            kind: "queue-added",
            severity: "notice",
            vhost,
            queue: name,
            before: null,
            after: of,
            text: `template ${template} (queues ${name}) is new`,
          },
        ];
  }
  const at = { vhost, queue: after.name };
  const changes: Change[] = [];
  if (before.name !== after.name) {
    const text = `queues of template ${template} are called ${after.name} instead of ${before.name}`;
    changes.push({ kind: "queue-renamed", severity: "breaking", ...at, before: before.name, after: after.name, text });
  }
  const [from, to] = [bindingsOf(before), bindingsOf(after)];
  if (!equal(from, to)) {
    const text = `queues of template ${template} are bound otherwise when an instance starts`;
    changes.push({ kind: "queue-bindings", severity: "notice", ...at, before: from, after: to, text });
  }
  const fixed = effectOf("template", before, after).filter(({ field }) => !["name", "pattern", "bindings"].includes(field));
  if (fixed.length > 0) {
    const text = `queues of template ${template} are declared otherwise (${list(fixed.map(({ field }) => field))}), which is refused while those of running instances are there`;
    changes.push({
      kind: "queue-replaced",
      severity: "breaking",
      ...at,
      before: values(fixed, "before"),
      after: values(fixed, "after"),
      text,
    });
  }
  return changes;
}

/** Messages that come to a queue on either side, and one that is published straight to it. */
function arriving(held: readonly Held[], found: readonly ReadonlyMap<string, readonly Arrival[]>[]): Arrival[] {
  const all = [...held.flatMap(({ planned: { name } }, index) => found[index]?.get(name) ?? []), ...held.map(({ straight }) => straight)];
  return [...new Map(all.map((arrival) => [JSON.stringify(arrival), arrival])).values()];
}

export function queueChanges(old: Side, now: Side): Change[] {
  const found = [old, now].map(arrivals);
  const fates = <T extends Held["planned"]>(before: T | undefined, after: T | undefined): Change[] => {
    if (!before || !after) return [];
    const held = [new Held(old, before), new Held(now, after)] as const;
    return fateChanges(...held, arriving(held, found));
  };
  return [
    ...names([...old.queues.keys()], [...now.queues.keys()]).flatMap((queue) => [
      ...(old.queues.has(queue) && equal(old.queues.get(queue), now.queues.get(queue)) ? [] : queueObject(queue, old, now)),
      ...fates(old.queues.get(queue), now.queues.get(queue)),
    ]),
    ...names([...old.templates.keys()], [...now.templates.keys()]).flatMap((template) => [
      ...templateObject(template, old, now),
      ...fates(old.templates.get(template), now.templates.get(template)),
    ]),
  ];
}
