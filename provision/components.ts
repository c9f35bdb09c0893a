/** The components of the running program, each with its broker: they share one set of delete hooks, and leave one another's vhosts alone. */
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "./connection.js";
import { globalName } from "./identity.js";

export interface Component {
  readonly namePrefix: string;
  readonly vhosts: readonly string[];
  readonly connection: pulumi.Output<Connection>;
  readonly allowDataLoss: boolean;
  /** Whether the broker is gone already with all it held, so that there is nothing left to lose. @default it is not */
  readonly isGone?: (() => Promise<boolean>) | undefined;
}

/** One process may run several programs, each with a monitor of its own. */
const programs = new WeakMap<object, Component[]>();

/** Those that the program has made so far. */
export function components(): Component[] {
  const monitor = pulumi.runtime.getMonitor() as object;
  const known = programs.get(monitor) ?? [];
  programs.set(monitor, known);
  return known;
}

/** The logical name of the resource that stands for a vhost. */
export const vhostResourceName = ({ namePrefix }: Pick<Component, "namePrefix">, vhost: string): string =>
  namePrefix + globalName("vhost", vhost);

/**
 * Those on whose broker a resource may be: the one that has its vhost now and begins its name, or, of a vhost that no component has any
 * more, all.
 */
export function candidates(all: readonly Component[], resourceName: string, vhost: string): readonly Component[] {
  const having = all.filter(({ namePrefix, vhosts }) => resourceName.startsWith(namePrefix) && vhosts.includes(vhost));
  const longest = Math.max(0, ...having.map(({ namePrefix }) => namePrefix.length));
  const nearest = having.filter(({ namePrefix }) => namePrefix.length === longest);
  return nearest.length > 0 ? nearest : all;
}
