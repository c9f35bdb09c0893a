/** Shovels and federation of a plan as links between its objects and other brokers. Never with a credential. */
import { winner } from "../policies.js";
import type { Plan } from "./plan.js";

export interface LinkEnd {
  readonly kind: "queue" | "exchange" | "external";
  readonly name: string;
}

export interface Link {
  readonly kind: "shovel" | "federation";
  readonly from: LinkEnd;
  readonly to: LinkEnd;
  readonly key?: string;
}

type Fields = { readonly [field: string]: unknown };

const fields = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});

/** Where a URI leads, without user and password. A URI that is a secret is named by the secret; several are alternatives for the first. */
function place(uri: unknown): string {
  const first: unknown = Array.isArray(uri) ? uri[0] : uri;
  if (typeof first !== "string") {
    const { secret } = fields(first);
    return typeof secret === "string" ? `broker of secret ${secret}` : "another broker";
  }
  return first.replace(/^([a-z0-9+.-]+:\/\/)[^/]*@/i, "$1").replace(/\?.*$/s, "");
}

/** `amqp:///vhost` is a vhost of this broker. */
function isOwnVhost(uri: unknown, vhost: string): boolean {
  const first: unknown = Array.isArray(uri) ? uri[0] : uri;
  return first === undefined || first === `amqp:///${encodeURIComponent(vhost)}`;
}

function shovelEnd(value: Fields, side: "src" | "dest", vhost: string): LinkEnd {
  const { [`${side}-uri`]: uri, [`${side}-queue`]: queue, [`${side}-exchange`]: exchange, [`${side}-address`]: address } = value;
  const name = [queue, exchange, address].find((candidate) => typeof candidate === "string");
  if (isOwnVhost(uri, vhost) && typeof name === "string") return { kind: typeof queue === "string" ? "queue" : "exchange", name };
  return { kind: "external", name: [place(uri), ...(typeof name === "string" ? [name] : [])].join(" ") };
}

function shovels(plan: Plan): Link[] {
  return plan.parameters.flatMap(({ component, value: given }) => {
    if (component !== "shovel") return [];
    const value = fields(given);
    const key = value["dest-exchange-key"] ?? value["src-exchange-key"];
    const [from, to] = [shovelEnd(value, "src", plan.vhost.name), shovelEnd(value, "dest", plan.vhost.name)];
    return [{ kind: "shovel" as const, from, to, ...(typeof key === "string" ? { key } : {}) }];
  });
}

/** Upstreams that a policy names: one, all of them, or those of a set. */
function upstreams(plan: Plan, definition: Fields): string[] {
  const { "federation-upstream": one, "federation-upstream-set": set } = definition;
  if (typeof one === "string") return [one];
  if (set === "all") return plan.parameters.filter(({ component }) => component === "federation-upstream").map(({ name }) => name);
  const members = plan.parameters.find(({ component, name }) => component === "federation-upstream-set" && name === set)?.value;
  return (Array.isArray(members) ? members : []).flatMap((member) => {
    const { upstream } = fields(member);
    return typeof upstream === "string" ? [upstream] : [];
  });
}

function federation(plan: Plan): Link[] {
  const objects = [
    ...plan.exchanges.map(({ name }) => ({ kind: "exchange" as const, name })),
    ...plan.queues.map(({ name, type }) => ({ kind: "queue" as const, name, type })),
  ];
  return objects.flatMap((object) =>
    upstreams(plan, winner(plan.policies, object)?.definition ?? {}).map((name) => {
      const upstream = plan.parameters.find((parameter) => parameter.component === "federation-upstream" && parameter.name === name);
      const at = upstream ? place(fields(upstream.value)["uri"]) : name;
      return { kind: "federation" as const, from: { kind: "external" as const, name: at }, to: { kind: object.kind, name: object.name } };
    }),
  );
}

export function links(plan: Plan): Link[] {
  return [...shovels(plan), ...federation(plan)];
}
