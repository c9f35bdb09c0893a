/** What every kind of own resource can do, in the words of this package; the handler translates Pulumi's. */
import type { Connection } from "../connection.js";
import type { Spec } from "./kind.js";

/** What the state keeps of a resource. */
export interface Props extends Outs {
  readonly kind: string;
  readonly spec: Spec;
  readonly connection: Connection;
}

/** What a resource knows besides what it was given. */
export interface Outs {
  readonly password?: unknown;
  readonly passwordHash?: unknown;
  /** Of the hash. @default SHA-256 */
  readonly hashingAlgorithm?: unknown;
}

export interface Behaviour {
  /** Fields of the spec that cannot change: another value is another object. */
  readonly fixed: readonly string[];
  /** Fields in which two specs differ. */
  readonly differences: (a: Spec, b: Spec) => readonly string[];
  readonly create: (props: Props) => Promise<{ readonly id: string; readonly outs: Outs }>;
  /** The spec as the broker has it; `undefined` if the object is gone. */
  readonly read: (props: Props) => Promise<({ readonly spec: Spec } & Outs) | undefined>;
  readonly update: (before: Props, after: Props) => Promise<Outs>;
  readonly remove: (props: Props) => Promise<void>;
}
