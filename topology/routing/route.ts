/** The answer to "where does this message go": queues, and the steps that lead there. */
import type { Arguments } from "../compile/plan.js";

/**
 * On what it depends that a message takes a step:
 * `one-of`       a hash or chance chooses one of the exchange's destinations
 * `instance`     an instance with this queue has to be there
 * `placeholder`  a placeholder of the routing key has to be filled in accordingly
 * `unmatched`    an alternate exchange, used if none of the steps `instance` or `placeholder` is taken
 */
export type Condition = "one-of" | "instance" | "placeholder" | "unmatched";

/** From an exchange to a queue or another exchange. */
export interface Step {
  /** `""` is the default exchange. */
  readonly exchange: string;
  readonly via: "binding" | "alternate" | "default";
  readonly binding?: { readonly routingKey: string; readonly arguments: Arguments; readonly origin: string };
  readonly to: string;
  readonly toType: "queue" | "exchange";
  /** The template, if the queue is an instance's: its name has placeholders where the key does not tell. */
  readonly instanceOf?: string;
  /** @default the step is taken */
  readonly condition?: Condition;
}

/** The way of a message from the exchange where it is published to a queue. */
export type Path = readonly Step[];

export interface Choice {
  readonly exchange: string;
  readonly oneOf: readonly { readonly to: string; readonly toType: "queue" | "exchange" }[];
}

export interface Route {
  /** The declared queues that get the message, or may get it. */
  readonly queues: readonly string[];
  /** Those of them that get it whatever is chosen, filled in, or there. */
  readonly certain: readonly string[];
  /** Queues of instances that get it if they are there. */
  readonly instances: readonly { readonly template: string; readonly queue: string }[];
  /** Exchanges on the way that hand it to one of their destinations. */
  readonly choices: readonly Choice[];
  /** No queue can get it: one published with `mandatory` comes back, another is confirmed and gone. */
  readonly unroutable: boolean;
  /** It may be that no queue gets it. */
  readonly mayBeUnroutable: boolean;
  /** Every way to a queue, no exchange twice in one; at most `MAX_PATHS`, but every queue and its last binding is among them. */
  readonly paths: readonly Path[];
  /** Why the broker does not even take the message. */
  readonly refused?: "unknown-exchange" | "internal-exchange";
}

/** More ways than anybody reads; their number can grow exponentially with the exchanges. */
export const MAX_PATHS = 200;
