/** Shovels, federation upstreams and other parameters of a vhost as custom resources; their URIs stay in Secrets. */
import type { Making } from "./custom-resources.js";
import type { Plan, PlannedParameter } from "./plan.js";
import { resourceName } from "./resource-names.js";

/** The operator's word for a parameter's key. */
const FEDERATION: Readonly<Record<string, string>> = {
  exchange: "exchange",
  queue: "queue",
  "ack-mode": "ackMode",
  "prefetch-count": "prefetch-count",
  "reconnect-delay": "reconnectDelay",
  "max-hops": "maxHops",
  expires: "expires",
  "message-ttl": "messageTTL",
  "trust-user-id": "trustUserId",
};
const SHOVEL: Readonly<Record<string, string>> = {
  "src-protocol": "srcProtocol",
  "src-queue": "srcQueue",
  "src-exchange": "srcExchange",
  "src-exchange-key": "srcExchangeKey",
  "src-delete-after": "srcDeleteAfter",
  "src-prefetch-count": "srcPrefetchCount",
  "dest-protocol": "destProtocol",
  "dest-queue": "destQueue",
  "dest-exchange": "destExchange",
  "dest-exchange-key": "destExchangeKey",
  "ack-mode": "ackMode",
  "reconnect-delay": "reconnectDelay",
};
/** What the Secret holds. */
const URIS: Readonly<Record<string, string>> = { uri: "uri", "src-uri": "srcUri", "dest-uri": "destUri" };

const KINDS = { "federation-upstream": { kind: "Federation", words: FEDERATION }, shovel: { kind: "Shovel", words: SHOVEL } } as const;

function link({ component, name, value, origin }: PlannedParameter, { topology, vhost }: Plan, making: Making): void {
  const { kind, words } = KINDS[component as keyof typeof KINDS];
  const object = resourceName(kind, vhost.name, name);
  const secret = `${object}-uri`;
  const spec: Record<string, unknown> = {};
  const keys: string[] = [];
  for (const [key, given] of Object.entries((value ?? {}) as Record<string, unknown>)) {
    const [uri, word] = [URIS[key], words[key]];
    // The operator's field is text, and a number in it reaches the broker as text, which it refuses.
    const textOnly = key === "src-delete-after" && typeof given === "number";
    if (uri !== undefined) keys.push(uri);
    else if (word !== undefined && !textOnly) spec[word] = given;
    else
      making.find({
        ...{ severity: "error", topology, path: origin, value: key },
        message: `A ${kind} resource cannot say ${key}${textOnly ? " as a number" : ""}: ${JSON.stringify(name)} is made without.`,
        remedy: "Set the parameter through the management API, or leave it out.",
      });
  }
  making.add(kind, [vhost.name, name], topology, origin, { name, vhost: vhost.name, ...spec, uriSecret: { name: secret } });
  making.need({ name: secret, ...(making.namespace === undefined ? {} : { namespace: making.namespace }), keys, of: `${kind} ${name}` });
}

export function operatorLinks(plan: Plan, making: Making): void {
  for (const parameter of plan.parameters) {
    const { component, name, origin } = parameter;
    if (Object.hasOwn(KINDS, component)) link(parameter, plan, making);
    else
      making.find({
        ...{ severity: "error", topology: plan.topology, path: origin, value: component },
        message: `The operator has no resource for the parameter ${JSON.stringify(name)} of ${JSON.stringify(component)}.`,
        remedy: "Set it through the management API.",
      });
  }
}
