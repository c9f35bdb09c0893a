/** The plan: what a broker has to hold for one topology, as flat lists of plain data. No provider, no secret values. */
import type { ExchangeType, OperatorPolicy, Permissions, PolicyApplyTo, Secret, TopicPermission, UserLimits, Vhost } from "../model.js";
import type { QueueType, Version } from "../settings.js";

/** Where in the topology an object comes from, as findings print it: `queues["events.neo4j"].retry[0]`. */
export type Origin = string;

/** Arguments as the broker takes them: numbers are numbers. */
export type Arguments = { readonly [name: string]: unknown };

export interface PlannedVhost extends Omit<Vhost, "name"> {
  readonly name: string;
  readonly origin: Origin;
}

export interface PlannedExchange {
  readonly name: string;
  readonly type: ExchangeType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: Arguments;
  readonly origin: Origin;
}

/** What a planned queue is there for. */
export type QueueRole =
  | { readonly kind: "queue" }
  | { readonly kind: "rung"; readonly of: string; readonly rung: number }
  | { readonly kind: "partition"; readonly of: string; readonly order: number };

export interface PlannedQueue {
  readonly name: string;
  readonly type: QueueType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  /** `x-queue-type` included, always. */
  readonly arguments: Arguments;
  readonly role: QueueRole;
  readonly origin: Origin;
}

/** A queue that instances declare; the plan holds what has to be there for them, and what they declare. */
export interface PlannedTemplate {
  readonly template: string;
  /** With placeholders. */
  readonly name: string;
  /** Names that instances may have, anchored. */
  readonly pattern: string;
  readonly type: QueueType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Arguments;
  /** Keys with placeholders. */
  readonly bindings: readonly Omit<PlannedBinding, "destination" | "destinationType">[];
  readonly origin: Origin;
}

export interface PlannedBinding {
  readonly source: string;
  readonly destination: string;
  readonly destinationType: "queue" | "exchange";
  readonly routingKey: string;
  readonly arguments: Arguments;
  readonly origin: Origin;
}

export interface PlannedPolicy {
  readonly name: string;
  readonly pattern: string;
  readonly applyTo: PolicyApplyTo;
  readonly priority: number;
  readonly definition: Arguments;
  /** The object it was generated for; none if it is written by hand. */
  readonly generatedFor?: string;
  readonly origin: Origin;
}

export interface PlannedOperatorPolicy extends Omit<PlannedPolicy, "applyTo" | "generatedFor"> {
  readonly applyTo: NonNullable<OperatorPolicy["applyTo"]>;
}

export interface PlannedUser {
  readonly name: string;
  readonly tags: readonly string[];
  readonly limits?: UserLimits;
  readonly password?: Secret;
  readonly passwordHash?: string;
  /** The service it is for; none for other users. */
  readonly service?: string;
  readonly origin: Origin;
}

export interface PlannedPermission extends Permissions {
  readonly user: string;
  readonly origin: Origin;
}

export interface PlannedTopicPermission extends TopicPermission {
  readonly user: string;
  readonly exchange: string;
  readonly origin: Origin;
}

/** A runtime parameter of the vhost; shovels and federation upstreams are such. `Secret`s stand unresolved in its value. */
export interface PlannedParameter {
  readonly component: string;
  readonly name: string;
  readonly value: unknown;
  readonly origin: Origin;
}

/** All objects of one vhost, in the order of the topology. */
export interface Plan {
  readonly topology: string;
  readonly brokerVersion: Version;
  readonly vhost: PlannedVhost;
  readonly exchanges: readonly PlannedExchange[];
  readonly queues: readonly PlannedQueue[];
  readonly templates: readonly PlannedTemplate[];
  readonly bindings: readonly PlannedBinding[];
  readonly policies: readonly PlannedPolicy[];
  readonly operatorPolicies: readonly PlannedOperatorPolicy[];
  readonly users: readonly PlannedUser[];
  readonly permissions: readonly PlannedPermission[];
  readonly topicPermissions: readonly PlannedTopicPermission[];
  readonly parameters: readonly PlannedParameter[];
}

/** What belongs to no vhost. */
export interface GlobalPlan {
  readonly users: readonly PlannedUser[];
  readonly permissions: readonly (PlannedPermission & { readonly vhost: string })[];
  readonly topicPermissions: readonly (PlannedTopicPermission & { readonly vhost: string })[];
  readonly parameters: readonly { readonly name: string; readonly value: unknown; readonly origin: Origin }[];
}

/** Everything for one broker. */
export interface InstallationPlan {
  readonly vhosts: readonly Plan[];
  readonly global: GlobalPlan;
}
