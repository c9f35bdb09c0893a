/** Runtime parameters of RabbitMQ's definitions in the words of a topology: where the words say exactly the same, else as they are. */
import { localUri, parameters } from "./compile/parameters.js";
import type { ParameterDefinition } from "./definitions-format.js";
import { duration } from "./durations.js";
import { equal } from "./equal.js";
import type { FederationUpstream, OperatorPolicy, Parameter, Shovel, Topology, Vhost } from "./model.js";
import { federationUpstream as federationUpstreamSchema, shovel as shovelSchema } from "./schema.js";
import { isObject } from "./plain.js";

type Raw = { readonly [key: string]: unknown };
type Parameters = Pick<Topology, "federationUpstreams" | "shovels" | "operatorPolicies" | "parameters"> & {
  readonly limits?: Vhost["limits"];
};

const given = (fields: Raw): Raw => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
const time = (value: unknown): unknown => (typeof value === "number" ? duration(value) : value);

function upstream(value: Raw): FederationUpstream {
  return given({
    uri: value["uri"],
    exchange: value["exchange"],
    queue: value["queue"],
    ackMode: value["ack-mode"],
    prefetchCount: value["prefetch-count"],
    reconnectDelay: value["reconnect-delay"],
    maxHops: value["max-hops"],
    expires: time(value["expires"]),
    messageTtl: time(value["message-ttl"]),
    trustUserId: value["trust-user-id"],
    consumerTag: value["consumer-tag"],
    queueType: value["queue-type"],
    resourceCleanupMode: value["resource-cleanup-mode"],
    bindNowait: value["bind-nowait"],
    channelUseMode: value["channel-use-mode"],
  }) as unknown as FederationUpstream;
}

function shovel(value: Raw, vhost: string): Shovel {
  const end = (side: "src" | "dest"): Raw =>
    given({
      uri: equal(value[`${side}-uri`], localUri(vhost)) ? undefined : value[`${side}-uri`],
      queue: value[`${side}-queue`],
      exchange: value[`${side}-exchange`],
      key: value[`${side}-exchange-key`],
    });
  return given({
    from: { ...end("src"), ...given({ deleteAfter: value["src-delete-after"], prefetchCount: value["src-prefetch-count"] }) },
    to: end("dest"),
    ackMode: value["ack-mode"],
    reconnectDelay: value["reconnect-delay"],
  }) as unknown as Shovel;
}

const OPERATOR_TARGETS: readonly unknown[] = ["all", "queues", "classic_queues", "quorum_queues", "streams"];

function operatorPolicy(value: Raw): OperatorPolicy | undefined {
  const { pattern, definition, priority = 0, "apply-to": applyTo, ...rest } = value;
  const fits = typeof pattern === "string" && isObject(definition) && typeof priority === "number" && OPERATOR_TARGETS.includes(applyTo);
  if (!fits || Object.keys(rest).length > 0) return undefined;
  return {
    pattern,
    definition,
    ...(applyTo === "queues" ? {} : { applyTo: applyTo as NonNullable<OperatorPolicy["applyTo"]> }),
    ...(priority === 0 ? {} : { priority }),
  };
}

function limits(value: unknown): Vhost["limits"] | undefined {
  if (!isObject(value)) return undefined;
  const { "max-connections": maxConnections, "max-queues": maxQueues, ...rest } = value;
  if (Object.keys(rest).length > 0) return undefined;
  const fields = given({ maxConnections, maxQueues });
  return Object.values(fields).every((each) => typeof each === "number") ? fields : undefined;
}

/** Whether the words turn back into exactly this value. */
function says(words: Pick<Topology, "federationUpstreams" | "shovels">, value: unknown, vhost: string): boolean {
  return equal(parameters({ name: vhost, ...words }, vhost)[0]?.value, value);
}

function upstreamFrom(value: Raw): FederationUpstream | undefined {
  const words = upstream(value);
  return federationUpstreamSchema.safeParse(words).success && says({ federationUpstreams: { words } }, value, "") ? words : undefined;
}

function shovelFrom(value: Raw, vhost: string): Shovel | undefined {
  const words = shovel(value, vhost);
  return shovelSchema.safeParse(words).success && says({ shovels: { words } }, value, vhost) ? words : undefined;
}

/** All parameters of a vhost. */
export function parametersFrom(definitions: readonly ParameterDefinition[], vhost: string): Parameters {
  const federationUpstreams: [string, FederationUpstream][] = [];
  const shovels: [string, Shovel][] = [];
  const operatorPolicies: [string, OperatorPolicy][] = [];
  const rest: Parameter[] = [];
  let vhostLimits: Vhost["limits"] | undefined;
  for (const { component, name, value } of definitions) {
    const fields = isObject(value) ? value : {};
    const asUpstream = component === "federation-upstream" ? upstreamFrom(fields) : undefined;
    const asShovel = component === "shovel" ? shovelFrom(fields, vhost) : undefined;
    const asPolicy = component === "operator_policy" ? operatorPolicy(fields) : undefined;
    const asLimits = component === "vhost-limits" && name === "limits" ? limits(value) : undefined;
    if (asUpstream) federationUpstreams.push([name, asUpstream]);
    else if (asShovel) shovels.push([name, asShovel]);
    else if (asPolicy) operatorPolicies.push([name, asPolicy]);
    else if (asLimits) vhostLimits = asLimits;
    else rest.push({ component, name, value });
  }
  return {
    ...(federationUpstreams.length > 0 ? { federationUpstreams: Object.fromEntries(federationUpstreams) } : {}),
    ...(shovels.length > 0 ? { shovels: Object.fromEntries(shovels) } : {}),
    ...(operatorPolicies.length > 0 ? { operatorPolicies: Object.fromEntries(operatorPolicies) } : {}),
    ...(rest.length > 0 ? { parameters: rest } : {}),
    ...(vhostLimits && Object.keys(vhostLimits).length > 0 ? { limits: vhostLimits } : {}),
  };
}
