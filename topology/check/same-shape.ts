/** Whether two plans of one topology have the same shape: the same objects and routes, whatever their sizes. */
import type { Arguments, Plan } from "../compile/plan.js";
import { equal } from "../equal.js";
import { settingOfArgument, settingOfPolicyKey } from "../settings.js";
import { environmentRules } from "./environments.js";
import type { Finding } from "./finding.js";
import { quote } from "./rule.js";

/** Settings that an environment may change. */
const SIZES = new Set([
  "messageTtl",
  "expires",
  "maxLength",
  "maxLengthBytes",
  "maxAge",
  "quorumInitialGroupSize",
  "targetGroupSize",
  "initialClusterSize",
]);

const isSize = (key: string): boolean => SIZES.has((settingOfArgument(key) ?? settingOfPolicyKey(key))?.field ?? "");

const shape = (settings: Arguments): Arguments => Object.fromEntries(Object.entries(settings).filter(([key]) => !isSize(key)));

interface Shaped {
  readonly kind: string;
  readonly name: string;
  readonly origin: string;
  readonly shape: Readonly<Record<string, unknown>>;
}

function shapes(plan: Plan): Map<string, Shaped> {
  const all: Shaped[] = [
    ...plan.exchanges.map(({ name, origin, ...rest }) => ({ kind: "exchange", name, origin, shape: rest })),
    ...plan.queues.map(({ name, origin, arguments: args, ...rest }) => ({
      kind: "queue",
      name,
      origin,
      shape: { ...rest, arguments: shape(args) },
    })),
    ...plan.templates.map(({ template, origin, arguments: args, bindings, ...rest }) => ({
      kind: "template",
      name: template,
      origin,
      shape: {
        ...rest,
        arguments: shape(args),
        bindings: bindings.map(({ source, routingKey, arguments: given }) => ({ source, routingKey, arguments: given })),
      },
    })),
    ...plan.bindings.map(({ source, destination, destinationType, routingKey, arguments: args, origin }) => ({
      kind: "binding",
      name: JSON.stringify([source, destinationType, destination, routingKey, args]),
      origin,
      shape: {},
    })),
    ...plan.policies.map(({ name, origin, definition, ...rest }) => ({
      kind: "policy",
      name,
      origin,
      shape: { ...rest, definition: shape(definition) },
    })),
    ...plan.permissions.map(({ user, origin, ...rest }) => ({ kind: "permission of user", name: user, origin, shape: rest })),
    ...plan.topicPermissions.map(({ user, exchange, origin, ...rest }) => ({
      kind: "topic permission of user",
      name: JSON.stringify([user, exchange]),
      origin,
      shape: rest,
    })),
  ];
  return new Map(all.map((one) => [`${one.kind} ${one.name}`, one]));
}

/**
 * Where two plans (of `dev.json` and `prod.json`, say) differ in more than sizes: objects that one of them lacks, other types,
 * routes, policies or permissions. Findings have the paths and the name of the first, or of the second where only that one has it.
 */
export function sameShape(a: Plan, b: Plan): Finding[] {
  const [rule] = environmentRules;
  const [one, other] = [shapes(a), shapes(b)];
  const finding = (topology: string, path: string, message: string, value?: unknown): Finding => ({
    code: "environment-shape",
    severity: "error",
    topology,
    path,
    message,
    ...(value === undefined ? {} : { value }),
    remedy: rule?.remedy ?? "",
  });
  const differing = [...one].flatMap(([id, { kind, name, origin, shape: its }]): Finding[] => {
    const match = other.get(id);
    if (!match) return [finding(a.topology, origin, `Only the first has the ${kind} ${quote(name)}.`, name)];
    const fields = Object.keys({ ...its, ...match.shape }).filter((field) => !equal(its[field], match.shape[field]));
    return fields.map((field) =>
      finding(
        a.topology,
        origin,
        `The ${kind} ${quote(name)} has ${quote(its[field])} for ${field} in the first, and ${quote(match.shape[field])} in the second.`,
        its[field],
      ),
    );
  });
  const added = [...other].flatMap(([id, { kind, name, origin }]) =>
    one.has(id) ? [] : [finding(b.topology, origin, `Only the second has the ${kind} ${quote(name)}.`, name)],
  );
  return [...differing, ...added];
}
