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

/** Whether the operator has a resource for it. */
const isLink = ({ component }: PlannedParameter): boolean => Object.hasOwn(KINDS, component);

/** The operator's field is text, and a number in it reaches the broker as text, which it refuses. */
const isTextOnly = (key: string, given: unknown): boolean => key === "src-delete-after" && typeof given === "number";

/** Whether the operator's resource says all of it. */
export const isSayable = (parameter: PlannedParameter): boolean => {
  if (!isLink(parameter)) return false;
  const { words } = KINDS[parameter.component as keyof typeof KINDS];
  const said = Object.entries((parameter.value ?? {}) as Record<string, unknown>);
  return said.every(([key, given]) => URIS[key] !== undefined || (words[key] !== undefined && !isTextOnly(key, given)));
};

/** The Secret of a link: its name, and by key what the topology says there. */
export interface UriSecret {
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export function uriSecretOf({ component, name, value }: PlannedParameter, vhost: string): UriSecret {
  const { kind } = KINDS[component as keyof typeof KINDS];
  const said = Object.entries((value ?? {}) as Record<string, unknown>);
  return {
    name: `${resourceName(kind, vhost, name)}-uri`,
    values: Object.fromEntries(said.flatMap(([key, given]) => (URIS[key] === undefined ? [] : [[URIS[key], given]]))),
  };
}

function link(parameter: PlannedParameter, { topology, vhost }: Plan, making: Making): void {
  const { component, name, value, origin } = parameter;
  const { kind, words } = KINDS[component as keyof typeof KINDS];
  const secret = uriSecretOf(parameter, vhost.name);
  const spec: Record<string, unknown> = {};
  for (const [key, given] of Object.entries((value ?? {}) as Record<string, unknown>)) {
    const word = words[key];
    const textOnly = isTextOnly(key, given);
    if (URIS[key] !== undefined) continue;
    if (word !== undefined && !textOnly) spec[word] = given;
    else
      making.find({
        ...{ severity: "error", topology, path: origin, value: key },
        message: `A ${kind} resource cannot say ${key}${textOnly ? " as a number" : ""}: ${JSON.stringify(name)} is made without.`,
        remedy: "Set the parameter through the management API, or leave it out.",
      });
  }
  making.add(kind, [vhost.name, name], topology, origin, { name, vhost: vhost.name, ...spec, uriSecret: { name: secret.name } });
  making.need({
    name: secret.name,
    ...(making.namespace === undefined ? {} : { namespace: making.namespace }),
    keys: Object.keys(secret.values),
    of: `${kind} ${name}`,
  });
}

export function operatorLinks(plan: Plan, making: Making): void {
  for (const parameter of plan.parameters) {
    const { component, name, origin } = parameter;
    if (isLink(parameter)) link(parameter, plan, making);
    else
      making.find({
        ...{ severity: "error", topology: plan.topology, path: origin, value: component },
        message: `The operator has no resource for the parameter ${JSON.stringify(name)} of ${JSON.stringify(component)}.`,
        remedy: "Set it through the management API.",
      });
  }
}
