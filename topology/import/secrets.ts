/** Credentials of an imported installation: names in their place, and their values apart. */
import type { Installation, Topology } from "../model.js";
import { path } from "../path.js";
import { namesSecret, withoutSecretParameters } from "../secret-names.js";

/** A value that the file names, and does not hold. */
export interface FoundSecret {
  readonly name: string;
  /** Where it is needed: `federationUpstreams.eu.uri`. */
  readonly path: string;
  /** The topology; none where it belongs to all. */
  readonly topology?: string;
}

export interface WithSecrets {
  readonly installation: Installation;
  readonly secrets: readonly FoundSecret[];
  /** By name. */
  readonly values: Readonly<Record<string, string>>;
}

const USER = /^[a-z][a-z0-9+.-]*:\/\/[^/\s]*@/i;
const hasCredentials = (uri: string): boolean => USER.test(uri) || withoutSecretParameters(uri) !== uri;

class Keeper {
  readonly secrets: FoundSecret[] = [];
  readonly values: Record<string, string> = {};
  readonly #byValue = new Map<string, string>();

  /** A copy with references in the place of what nobody else may read. */
  take(value: unknown, called: string, at: string, topology: string | undefined, key = ""): unknown {
    if (typeof value === "string") {
      const isSecret = hasCredentials(value) || (namesSecret(key) && value !== "");
      return isSecret ? { secret: this.#keep(value, called, at, topology) } : value;
    }
    if (Array.isArray(value)) return value.map((item, index) => this.take(item, called, `${at}[${index}]`, topology, key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        name,
        this.take(inner, `${called} ${name}`, `${at}${path("x", name).slice(1)}`, topology, name),
      ]),
    );
  }

  #keep(value: string, called: string, at: string, topology: string | undefined): string {
    const known = this.#byValue.get(value);
    const base =
      called
        .toLowerCase()
        .replace(/[^\p{L}\p{N}]+/gu, "-")
        .replace(/^-+|-+$/g, "") || "secret";
    let name = known ?? base;
    for (let number = 2; known === undefined && Object.hasOwn(this.values, name); number += 1) name = `${base}-${number}`;
    this.values[name] = value;
    this.#byValue.set(value, name);
    this.secrets.push({ name, path: at, ...(topology === undefined ? {} : { topology }) });
    return name;
  }
}

const mapped = <Item>(items: { readonly [name: string]: Item }, change: (item: Item, name: string) => unknown): never =>
  Object.fromEntries(Object.entries(items).map(([name, item]) => [name, change(item, name)])) as never;

function ofTopology(topology: Topology, keeper: Keeper): Topology {
  const { federationUpstreams, shovels, parameters, name: of } = topology;
  return {
    ...topology,
    ...(federationUpstreams
      ? {
          federationUpstreams: mapped(federationUpstreams, (one, name) =>
            keeper.take(one, `upstream ${name}`, path("federationUpstreams", name), of),
          ),
        }
      : {}),
    ...(shovels ? { shovels: mapped(shovels, (one, name) => keeper.take(one, `shovel ${name}`, path("shovels", name), of)) } : {}),
    ...(parameters
      ? {
          parameters: parameters.map((one, index) => ({
            ...one,
            value: keeper.take(one.value, `${one.component} ${one.name}`, `${path("parameters", index)}.value`, of),
          })),
        }
      : {}),
  };
}

/** Takes credentials out of URIs, and values whose key says that they are secret. */
export function withoutSecrets(installation: Installation): WithSecrets {
  const keeper = new Keeper();
  const topologies = installation.topologies.map((topology) => ofTopology(topology, keeper));
  const { globalParameters } = installation;
  return {
    installation: {
      ...installation,
      topologies,
      ...(globalParameters
        ? {
            globalParameters: mapped(globalParameters, (value, name) =>
              keeper.take(value, `global ${name}`, path("globalParameters", name), undefined, name),
            ),
          }
        : {}),
    },
    secrets: keeper.secrets,
    values: keeper.values,
  };
}
