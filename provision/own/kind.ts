/** What a kind of own resource has to be able to do with its object on the broker. */
import type { Management } from "../../broker/management.js";

/** What an own resource holds on the broker, as plain data. */
export type Spec = Readonly<Record<string, unknown>>;

export interface OwnKind<S extends Spec = Spec> {
  /** In the type of its resources: `pulumi-nodejs:dynamic/warren:User`. */
  readonly type: string;
  /** The object, for messages. */
  readonly label: (spec: S) => string;
  /** Fields that name the object, or that the broker does not change while it stands. */
  readonly fixed: readonly (keyof S & string)[];
  /** Fields whose values are never shown. */
  readonly secret?: readonly (keyof S & string)[];
  /** Lists in which the order does not count. */
  readonly sets?: readonly (keyof S & string)[];
  /** Whether `create` may change what it finds: only where nobody else can have put it there on purpose. */
  readonly overwrites?: true;
  /** The live object in the words of the spec; `undefined` if there is none. */
  readonly read: (broker: Management, spec: S) => Promise<S | undefined>;
  readonly write: (broker: Management, spec: S, before: S | undefined) => Promise<void>;
  readonly remove: (broker: Management, spec: S) => Promise<unknown>;
}

/** Keeps the type of each spec inside its entry of a table. */
export const kind = <S extends Spec>(definition: OwnKind<S>): OwnKind => definition as unknown as OwnKind;

/** `queue "orders" in vhost "shop"` */
export const inVhost = (what: string) => (spec: { readonly vhost: string; readonly name: string }) =>
  `${what} "${spec.name}" in vhost "${spec.vhost}"`;
