/** RabbitMQ's definitions as a typed topology that reads as if a person had written it, and comes to exactly the same objects. */
import { check } from "../check/check.js";
import type { Finding } from "../check/finding.js";
import { several } from "../check/rule.js";
import { rules } from "../check/rules.js";
import { compile } from "../compile/compile.js";
import { duration } from "../durations.js";
import { equal } from "../equal.js";
import type { Installation, Topology, User } from "../model.js";
import { vhostName } from "../names.js";
import { path } from "../path.js";
import { effectiveSettings } from "../policies.js";
import { read } from "../read.js";
import { VERSIONS } from "../settings.js";
import { expressible, type LeftOut } from "./inexpressible.js";
import { sayLadders, waitsOf } from "./ladders.js";
import { objectsOf } from "./objects.js";
import { identified, printed } from "./print.js";
import { withoutSecrets, type FoundSecret } from "./secrets.js";
import { proposeServices, type Consumer, type ProposedService } from "./services.js";
import { sayModes, saySettings } from "./settings.js";

export interface ImportOptions {
  /** What the definitions are called: a broker's address without credentials, a file's name. */
  readonly label: string;
  /** Vhosts that are meant. @default all */
  readonly vhosts?: readonly string[];
  /** Users that are none of the topology's business: the one that provisions, those that serve others too. */
  readonly withoutUsers?: readonly string[];
  /** Who consumes what, on a live broker. */
  readonly consumers?: readonly Consumer[];
}

/** Something to know about an object of the file. */
export interface Note {
  /** None where it is about the whole. */
  readonly topology?: string;
  readonly path?: string;
  readonly text: string;
}

export interface ImportedTopology {
  readonly name: string;
  readonly vhost: string;
  /** Of its constant in the file. */
  readonly identifier: string;
  readonly services: readonly ProposedService[];
}

export interface Imported {
  /** None if the definitions cannot be read; `findings` says why. */
  readonly installation?: Installation;
  /** The file. */
  readonly text: string;
  readonly topologies: readonly ImportedTopology[];
  /** What the stack's configuration has to hold. */
  readonly secrets: readonly FoundSecret[];
  /** By name; not for any eye. */
  readonly secretValues: Readonly<Record<string, string>>;
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly Note[];
  /** Errors that an update refuses, which no silence helps against. */
  readonly findings: readonly Finding[];
}

const SILENCED = "so on the broker when it was imported";

/** Names for what was not: the vhost `/` is no name for a topology. */
function named(topology: Topology, taken: ReadonlySet<string>): Topology {
  const { name, vhost, brokerVersion, ...rest } = topology;
  const { defaultQueueType, ...settings } = vhost ?? {};
  const own = {
    ...settings,
    ...(defaultQueueType === undefined || defaultQueueType === "classic" ? {} : { defaultQueueType }),
  };
  let called = name === "/" ? "default" : name;
  while (called !== name && taken.has(called)) called += "-vhost";
  const inside = called === name ? own : { name, ...own };
  return {
    name: called,
    ...(Object.keys(inside).length > 0 ? { vhost: inside } : {}),
    ...(brokerVersion === undefined || brokerVersion === "4.3" ? {} : { brokerVersion }),
    ...rest,
  };
}

type SharedUsers = NonNullable<Installation["users"]>;

/** Users without their hashes: a live one keeps its own. Who has rights in one vhost alone belongs to that topology. */
function settle(installation: Installation): Installation {
  const { users = {}, topologies, ...rest } = installation;
  const known = new Set(topologies.map(vhostName));
  const own = new Map<string, [string, User][]>();
  const shared: [string, SharedUsers[string]][] = [];
  for (const [name, { passwordHash: _, vhosts = {}, ...user }] of Object.entries(users)) {
    const rights = Object.entries(vhosts).filter(([vhost]) => known.has(vhost));
    const [only] = rights;
    const home =
      only && rights.length === 1
        ? only[0]
        : rights.length === 0 && topologies.length === 1
          ? vhostName(topologies[0] as Topology)
          : undefined;
    if (home === undefined) shared.push([name, { ...user, ...(rights.length > 0 ? { vhosts: Object.fromEntries(rights) } : {}) }]);
    else own.set(home, [...(own.get(home) ?? []), [name, { ...user, ...only?.[1] }]]);
  }
  return {
    ...rest,
    topologies: topologies.map((topology) => {
      const here = own.get(vhostName(topology));
      return here ? { ...topology, users: Object.fromEntries(here) } : topology;
    }),
    ...(shared.length > 0 ? { users: Object.fromEntries(shared) } : {}),
  };
}

interface Written {
  readonly installation: Installation;
  readonly services: ReadonlyMap<string, readonly ProposedService[]>;
}

const isEmpty = (section: unknown): boolean => typeof section === "object" && section !== null && Object.keys(section).length === 0;

/** In the words of a person; users that are refused stay users. */
function inWords(plain: Installation, consumers: readonly Consumer[], refused: ReadonlySet<string>): Written {
  const services = new Map<string, readonly ProposedService[]>();
  const topologies = plain.topologies.map((topology) => {
    const proposal = proposeServices(sayModes(sayLadders(saySettings(topology))), consumers, refused);
    services.set(topology.name, proposal.services);
    return Object.fromEntries(Object.entries(proposal.topology).filter(([, section]) => !isEmpty(section))) as unknown as Topology;
  });
  return { installation: { ...plain, topologies }, services };
}

const isError = ({ severity, silenced }: Finding): boolean => severity === "error" && silenced === undefined;

/** Users whose service an error is about: it is better to propose nothing than what an update refuses. */
function blamed({ topology, path: at }: Finding, { services }: Written): string[] {
  return (services.get(topology) ?? []).flatMap(({ service, user, publishes }) => {
    const origins = [path("services", service), ...publishes.map((message) => path("messages", message))];
    return origins.some((origin) => at === origin || at.startsWith(`${origin}.`) || at.startsWith(`${origin}[`)) ? [user] : [];
  });
}

/** With silences for what is an error and stands on the broker all the same; and the errors that none helps against. */
function silenced(installation: Installation): { installation: Installation; notes: Note[]; findings: Finding[] } {
  const refused = new Set(rules.flatMap(({ code, refused: is }) => (is ? [code] : [])));
  const errors = check(installation).filter(isError);
  const silent = errors.filter(({ code, topology }) => !refused.has(code) && installation.topologies.some(({ name }) => name === topology));
  const topologies = installation.topologies.map((topology) => {
    const own = silent.filter(({ topology: of }) => of === topology.name);
    return own.length === 0 ? topology : { ...topology, silence: own.map(({ code, path: at }) => ({ code, path: at, reason: SILENCED })) };
  });
  return {
    installation: { ...installation, topologies },
    notes: silent.map(({ topology, path: at, message, code }) => ({
      topology,
      path: at,
      text: `${message} (${code}, silenced in the file)`,
    })),
    findings: errors.filter((one) => !silent.includes(one)),
  };
}

/** Rungs of ladders in names of somebody's own. */
function waits(installation: Installation): Note[] {
  return installation.topologies.flatMap((topology) =>
    waitsOf(topology).map(({ queue, milliseconds, to }) => ({
      topology: topology.name,
      path: path("queues", queue),
      text: `A message waits here for ${duration(milliseconds)}, then it goes to ${to}.`,
    })),
  );
}

/** Users who serve vhosts too that are not imported: the stack takes a user whole, and deletes it whole. */
function elsewhere({ users = {} }: Installation, { installation: { topologies }, services }: Written): Note[] {
  const known = new Set(topologies.map(vhostName));
  const places = new Map(
    topologies.flatMap(({ name, users: own = {} }) => [
      ...Object.keys(own).map((user) => [user, { topology: name, path: path("users", user) }] as const),
      ...(services.get(name) ?? []).map(({ service, user }) => [user, { topology: name, path: path("services", service) }] as const),
    ]),
  );
  return Object.entries(users).flatMap(([name, { vhosts = {} }]) => {
    const others = Object.keys(vhosts).filter((vhost) => !known.has(vhost));
    if (others.length === 0) return [];
    const text =
      `User ${JSON.stringify(name)} has rights in vhosts that are not imported (${several(others)}): ` +
      "this stack would own the user, and delete it; leave it out (--without-user), or import those vhosts too.";
    return [{ ...(places.get(name) ?? { path: path("users", name) }), text }];
  });
}

/** Queues that come and go with their clients: an update would make them again. */
function passing(installation: Installation): Note[] {
  return installation.topologies.flatMap((topology) => {
    const plan = compile(topology);
    return plan.queues.flatMap((queue) => {
      const expires = effectiveSettings(plan, queue).has("expires");
      if (!queue.autoDelete && !expires) return [];
      const why = queue.autoDelete ? "is deleted with its last consumer" : "is deleted when nobody uses it";
      const text = `Queue ${JSON.stringify(queue.name)} ${why}, and an update makes it again: if its clients declare it, take it out of the file.`;
      return [{ topology: topology.name, path: queue.origin, text }];
    });
  });
}

function ofVersion(definitions: unknown): Note[] {
  const { rabbitmq_version, rabbit_version } = definitions as { readonly rabbitmq_version?: unknown; readonly rabbit_version?: unknown };
  const version = rabbitmq_version ?? rabbit_version;
  if (typeof version !== "string" || VERSIONS.some((known) => version === known || version.startsWith(`${known}.`))) return [];
  return [{ text: `The broker has version ${version}, and Warren knows ${VERSIONS.join(", ")}: upgrade it before it is adopted.` }];
}

function commentsOf(notes: readonly Note[]): Map<string, Map<string, string[]>> {
  const comments = new Map<string, Map<string, string[]>>();
  for (const { topology = "", path: at = "", text } of notes) {
    const own = comments.get(topology) ?? new Map<string, string[]>();
    comments.set(topology, own.set(at, [...(own.get(at) ?? []), text]));
  }
  return comments;
}

/** Users that the definitions have, and the file is not to have. */
function withoutUsers(installation: Installation, names: readonly string[]): { installation: Installation; leftOut: LeftOut[] } {
  const { users = {}, ...rest } = installation;
  const gone = Object.keys(users).filter((name) => names.includes(name));
  const kept = Object.entries(users).filter(([name]) => !gone.includes(name));
  return {
    installation: { ...rest, ...(kept.length > 0 ? { users: Object.fromEntries(kept) } : {}) },
    leftOut: gone.map((name) => ({
      path: path("users", name),
      what: `user ${JSON.stringify(name)}`,
      reason: "a stack that is taken down deletes its users, and is not to delete the one that provisions, nor one whom others need",
      kind: "meant" as const,
    })),
  };
}

/** The user's rights elsewhere are somebody else's. */
function onlyVhosts(installation: Installation, vhosts: readonly string[] | undefined): Installation {
  if (vhosts === undefined) return installation;
  const { globalParameters: _, users = {}, topologies, ...rest } = installation;
  const kept = Object.entries(users).filter(([, user]) => Object.keys(user.vhosts ?? {}).some((vhost) => vhosts.includes(vhost)));
  return {
    ...rest,
    topologies: topologies.filter((topology) => vhosts.includes(vhostName(topology))),
    ...(kept.length > 0 ? { users: Object.fromEntries(kept) } : {}),
  };
}

/** What reading says of a user's hash is of no account: it stays where it is. */
const ofHash = ({ path: at }: Finding): boolean => at.endsWith("hashing_algorithm");

function header(label: string, leftOut: readonly LeftOut[], secrets: readonly FoundSecret[], hasServices: boolean): string[] {
  const missing = leftOut.filter(({ kind }) => kind === "missing");
  const names = [...new Set(secrets.map(({ name }) => name))];
  return [
    `Imported from ${label} by \`warren import\`.`,
    ...(hasServices
      ? ["Messages and services are proposed from rights and consumers: rename them, and give each message its schema."]
      : []),
    ...(missing.length > 0 ? ["", "On the broker, and not here:", ...missing.map(line)] : []),
    ...(names.length > 0 ? ["", "Secrets that the configuration has to hold (warren:secrets):", ...names.map((name) => `- ${name}`)] : []),
  ];
}

const line = ({ what, vhost, reason, path: at }: LeftOut): string =>
  `- ${what}${vhost === undefined ? "" : ` in vhost ${JSON.stringify(vhost)}`} (${at}): ${reason}`;

/** Never throws: what cannot be read is in the findings. */
export function importDefinitions(definitions: unknown, options: ImportOptions): Imported {
  const { label, consumers = [] } = options;
  const { definitions: readable, leftOut: taken } = expressible(definitions);
  const { installation: whole, findings } = read(readable, label);
  if (!whole) {
    return { text: "", topologies: [], secrets: [], secretValues: {}, leftOut: taken, notes: [], findings };
  }
  const some = onlyVhosts(whole, options.vhosts);
  const { installation: raw, leftOut: reader } = withoutUsers(some, options.withoutUsers ?? []);
  const names = new Set(raw.topologies.map(({ name }) => name));
  const plain = settle({ ...raw, topologies: raw.topologies.map((topology) => named(topology, names)) });

  const { written, refused } = proposed(plain, consumers);
  const { installation: clean, secrets, values } = withoutSecrets(written.installation);
  const { installation, notes: silences, findings: errors } = silenced(clean);
  const commented = [...waits(installation), ...elsewhere(raw, written)];
  const leftOut = [
    ...taken.filter(({ vhost }) => vhost === undefined || options.vhosts === undefined || options.vhosts.includes(vhost)),
    ...findings
      .filter((finding) => !ofHash(finding))
      .map(({ path: at, message }) => ({
        path: at,
        what: message,
        reason: "see there",
        kind: "missing" as const,
      })),
    ...reader,
  ];
  const services = [...written.services.values()].flat();
  return {
    installation,
    text: printed(installation, { header: header(label, leftOut, secrets, services.length > 0), comments: commentsOf(commented) }),
    topologies: identified(installation.topologies).map(({ identifier, topology }) => ({
      name: topology.name,
      vhost: vhostName(topology),
      identifier,
      services: written.services.get(topology.name) ?? [],
    })),
    secrets,
    secretValues: values,
    leftOut,
    notes: [...ofVersion(definitions), ...commented, ...passing(installation), ...silences, ...refused],
    findings: errors,
  };
}

/** The words that come to the same objects, without services that an update would refuse. */
function proposed(plain: Installation, consumers: readonly Consumer[]): { written: Written; refused: Note[] } {
  const before = objectsOf(plain);
  const refused = new Set<string>();
  for (;;) {
    const written = inWords(plain, consumers, refused);
    const errors = check(written.installation).filter(isError);
    const more = new Set(errors.flatMap((error) => blamed(error, written)));
    if (more.size === 0) {
      if (equal(objectsOf(written.installation), before)) return { written, refused: [] };
      const note = { text: "everything is left in the broker's own words: other words would have come to other objects" };
      return { written: { installation: plain, services: new Map() }, refused: [note] };
    }
    more.forEach((user) => refused.add(user));
  }
}
