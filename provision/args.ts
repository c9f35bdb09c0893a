/** What `new RabbitTopology(name, args)` takes. */
import type * as pulumi from "@pulumi/pulumi";
import type * as rabbitmq from "@pulumi/rabbitmq";
import type { Installation, Topology } from "../topology/model.js";
import type { Adoption } from "./adopt.js";
import type { SpecInput } from "./own/resource.js";

/** Where the broker is, and as whom to speak to it: an administrator. */
export interface BrokerArgs {
  /** Of the management API: `http://host:15672`, `https://host:15671`. */
  readonly endpoint: pulumi.Input<string>;
  readonly username: pulumi.Input<string>;
  /** Kept as a secret. */
  readonly password: pulumi.Input<string>;
  /** Path of the certificate authorities to trust, PEM. @default those of the system */
  readonly caFile?: pulumi.Input<string>;
  /** Path of the client certificate, PEM. */
  readonly certFile?: pulumi.Input<string>;
  /** Path of its key, PEM. */
  readonly keyFile?: pulumi.Input<string>;
}

/** Looks at, or changes in place, what one child is about to be registered with. `name` is its logical name. */
export type Transform<Args> = (args: Args, options: pulumi.CustomResourceOptions, name: string) => void;

/** A way out per kind of child, where nothing else serves. */
export interface Transforms {
  readonly vhost?: Transform<rabbitmq.VHostArgs>;
  readonly exchange?: Transform<rabbitmq.ExchangeArgs>;
  readonly queue?: Transform<rabbitmq.QueueArgs>;
  readonly binding?: Transform<rabbitmq.BindingArgs>;
  readonly policy?: Transform<rabbitmq.PolicyArgs>;
  readonly operatorPolicy?: Transform<rabbitmq.OperatorPolicyArgs>;
  readonly permissions?: Transform<rabbitmq.PermissionsArgs>;
  /** Users, topic permissions, limits, parameters, and whatever the official provider cannot have. */
  readonly own?: Transform<{ spec: SpecInput }>;
}

export interface RabbitTopologyArgs {
  /** A topology, an installation of several, or definitions as RabbitMQ exports them. */
  readonly topology: Topology | Installation | object;
  /** Which of its environments' sizes hold. @default the stack's name */
  readonly environment?: string;
  /** The broker; or give `provider`. */
  readonly broker?: BrokerArgs;
  /** The broker, as a provider that the program has anyway. */
  readonly provider?: rabbitmq.Provider;
  /**
   * Passwords by user, as secrets. Only their salted hashes reach a resource.
   * @default generated once for each user that has none in the topology, kept in the state as a secret, and in the output `passwords`
   */
  readonly passwords?: Readonly<Record<string, pulumi.Input<string>>>;
  /** What the topology names as `{ secret: "name" }`. */
  readonly secrets?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Where the salts of given passwords come from: the same text gives the same salts. @default project and stack */
  readonly salt?: pulumi.Input<string>;
  /** Whether queues that hold messages or have consumers may be deleted or replaced. @default false */
  readonly allowDataLoss?: boolean;
  /**
   * Whether the plan is laid beside the live broker before anything is registered, and what would delete or replace a queue that holds
   * messages or has consumers is refused. The hooks before each deletion, which count messages, stay in any case. @default true
   */
  readonly guard?: boolean;
  /**
   * What is on the broker already and is taken over without being written, from `adoption()`: official resources are imported, own ones find
   * theirs equal. @default none: equal objects are declared again
   */
  readonly adopt?: Adoption;
  /** Whether warnings of the check stop the program too. @default false */
  readonly strict?: boolean;
  /** Begins the logical names of all children: for several brokers in one stack. @default "" */
  readonly namePrefix?: string;
  /** Whether the broker is gone with all it held, so that a delete has nothing to lose. @default it is asked, and has to answer */
  readonly isGone?: () => Promise<boolean>;
  /** Changes what a child is registered with, by kind. */
  readonly transform?: Transforms;
}
