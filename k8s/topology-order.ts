/** In which order the operator's objects are made, which of them go when another is made anew, and what of them cannot be changed in place. Pure. */
import { USER } from "../topology/compile/custom-resources.js";
import { brokerRegex } from "../topology/regex.js";
import { keyOf, type KubernetesObject } from "./objects.js";

export interface Order {
  /** Keys of objects that have to be there before. */
  readonly after: readonly string[];
  /** Keys of those with which the broker takes this one away too. */
  readonly goesWith: readonly string[];
  /** Fields whose change is another object on the broker. */
  readonly fixed: readonly string[];
}

type Spec = Readonly<Record<string, unknown>>;

const CLUSTER = "spec.rabbitmqClusterReference";
const DECLARED = ["spec.type", "spec.durable", "spec.autoDelete", "spec.arguments"];

const specOf = (object: KubernetesObject): Spec => object["spec"] as Spec;
/** Kind, vhost and name on the broker; of users, who are in no vhost, the name. */
const placeOf = (kind: string, vhost: unknown, ...name: readonly unknown[]): string => JSON.stringify([kind, vhost, ...name]);

/** By key. What is not in a list of objects is not waited for: `amq.fanout` is there. */
export function orderOf(objects: readonly KubernetesObject[]): ReadonlyMap<string, Order> {
  const known = new Map<string, string[]>();
  const put = (place: string, key: string): void => void known.set(place, [...(known.get(place) ?? []), key]);
  const policies = new Map<unknown, { readonly key: string; readonly meets: (name: string) => boolean }[]>();
  for (const object of objects) {
    const { kind, metadata } = object;
    const { vhost, name, pattern } = specOf(object);
    const key = keyOf(object);
    const user = metadata.annotations?.[USER];
    put(placeOf(kind, kind === "Vhost" || kind === "User" ? "" : vhost, kind === "User" ? user : name), key);
    put(placeOf(kind, vhost), key);
    if (kind === "TopicPermission") put(placeOf(kind, vhost, user), key);
    if (kind !== "Policy" && kind !== "OperatorPolicy") continue;
    const compiled = brokerRegex(String(pattern));
    // What cannot be evaluated here may meet anything: better to wait in vain than to come too early.
    const meets = (other: string): boolean => !("regex" in compiled) || compiled.regex.test(other);
    policies.set(vhost, [...(policies.get(vhost) ?? []), { key, meets }]);
  }
  const found = (...place: Parameters<typeof placeOf>): readonly string[] => known.get(placeOf(...place)) ?? [];
  const within = (kinds: readonly string[], vhost: unknown): string[] => kinds.flatMap((kind) => found(kind, vhost));

  const needs = (object: KubernetesObject): { readonly after?: readonly string[]; readonly goesWith?: readonly string[] } => {
    const spec = specOf(object);
    const { vhost } = spec;
    const user = object.metadata.annotations?.[USER];
    switch (object.kind) {
      case "Policy":
      case "OperatorPolicy":
        return { after: within(["Federation"], vhost) };
      case "Exchange":
      case "Queue":
        // No message ever lies in one without its limits.
        return { after: (policies.get(vhost) ?? []).flatMap(({ key, meets }) => (meets(String(spec["name"])) ? [key] : [])) };
      case "Binding": {
        const to = spec["destinationType"] === "queue" ? "Queue" : "Exchange";
        return { goesWith: [...found("Exchange", vhost, spec["source"]), ...found(to, vhost, spec["destination"])] };
      }
      case "TopicPermission": {
        const { exchange } = spec["permissions"] as { readonly exchange: string };
        return { goesWith: [...found("User", "", user), ...found("Exchange", vhost, exchange)] };
      }
      case "Permission":
        // A user without topic permissions may use every key: they come before what they narrow, and go after it.
        return { after: found("TopicPermission", vhost, user), goesWith: found("User", "", user) };
      case "Shovel":
        // It declares by itself, and otherwise, what it does not find.
        return { after: within(["Exchange", "Queue", "Binding"], vhost) };
      default:
        return {};
    }
  };
  return new Map(
    objects.map((object) => {
      const { after = [], goesWith = [] } = needs(object);
      const { vhost } = specOf(object);
      const fixed = object.kind === "Queue" || object.kind === "Exchange" ? [CLUSTER, ...DECLARED] : [CLUSTER];
      return [keyOf(object), { after: [...found("Vhost", "", vhost), ...after, ...goesWith], goesWith, fixed }];
    }),
  );
}
