/** What changes for messages from one installation to another: exact, or said to be unknown. */
import { compileInstallation } from "../compile/compile.js";
import type { InstallationPlan, Plan } from "../compile/plan.js";
import { forEnvironment } from "../environments.js";
import type { Installation, Topology } from "../model.js";
import { plural } from "../plural.js";
import { KINDS, SEVERITIES, type Change, type ChangeKind, type Difference, type Severity, type Unknown } from "./change.js";
import { declaredChanges, userChanges } from "./declared.js";
import { exchangeChanges } from "./exchanges.js";
import { withTemplates, type Exported } from "./exported.js";
import { withoutRungs } from "./ladders.js";
import { queueChanges } from "./queues.js";
import { rightChanges } from "./rights.js";
import { Side } from "./side.js";

export interface DifferenceOptions {
  /** With the sizes of this environment, on both sides. */
  readonly environment?: string | undefined;
  /**
   * Which side is what a broker exported. Of it, vhosts and users that the other side does not have are those of others, and messages and
   * services, which no broker knows, are not compared; nor are rights where it has no users. @default neither
   */
  readonly exported?: Exported | undefined;
}

/** A topology as the environment has it. */
interface Part {
  readonly topology: Topology;
  readonly plan: Plan;
}

function parts(installation: Installation, plan: InstallationPlan, environment: string | undefined): Part[] {
  return installation.topologies.flatMap((topology, index) => {
    const own = plan.vhosts[index];
    return own ? [{ topology: forEnvironment(topology, environment), plan: own }] : [];
  });
}

interface Pairs {
  readonly both: readonly (readonly [Part, Part])[];
  readonly gone: readonly Part[];
  readonly added: readonly Part[];
}

const vhostOf = ({ plan }: Part): string => plan.vhost.name;

/** By vhost, by name of the topology, or because there is only one on either side. */
function pairs(old: readonly Part[], now: readonly Part[]): Pairs {
  const [before, after] = [new Set(old), new Set(now)];
  const both: [Part, Part][] = [];
  const pair = (same: (one: Part, other: Part) => boolean): void => {
    for (const one of before) {
      const other = [...after].find((candidate) => same(one, candidate));
      if (!other) continue;
      both.push([one, other]);
      before.delete(one);
      after.delete(other);
    }
  };
  pair((one, other) => vhostOf(one) === vhostOf(other));
  pair((one, other) => one.topology.name === other.topology.name);
  if (old.length === 1 && now.length === 1) pair(() => true);
  return { both, gone: [...before], added: [...after] };
}

const contents = ({ plan: { queues, templates } }: Part): string => plural(queues.length + templates.length, "queue");

function vhostChanges({ both, gone, added }: Pairs): Change[] {
  const change = (
    kind: ChangeKind,
    severity: Severity,
    vhost: string,
    before: string | null,
    after: string | null,
    text: string,
  ): Change => ({
    kind,
    severity,
    vhost,
    before,
    after,
    text: `vhost ${vhost} ${text}`,
  });
  return [
    ...gone.map((part) =>
      change("vhost-removed", "loss", vhostOf(part), vhostOf(part), null, `is gone with ${contents(part)} and all messages in them`),
    ),
    ...both.flatMap(([old, now]) => {
      const [before, after] = [vhostOf(old), vhostOf(now)];
      const text = `stands in place of ${before}, which is deleted with all messages in it`;
      return before === after ? [] : [change("vhost-renamed", "loss", after, before, after, text)];
    }),
    ...added.map((part) => change("vhost-added", "notice", vhostOf(part), null, vhostOf(part), `is new, with ${contents(part)}`)),
  ];
}

/** The export of one vhost has no users: of their rights nothing is known. */
function knowsUsers({ vhosts, global }: InstallationPlan): boolean {
  return global.users.length > 0 || vhosts.some(({ users }) => users.length > 0);
}

function compare(old: Side, now: Side, exported: Exported | undefined, users: boolean): { changes: Change[]; unknown: Unknown[] } {
  const exchanges = exchangeChanges(old, now);
  const rights = users ? rightChanges(old, now, exported) : { changes: [], unknown: [] };
  const changes = [...exchanges.changes, ...queueChanges(old, now), ...declaredChanges(old, now, exported), ...rights.changes];
  return { changes: withoutRungs(changes, old, now), unknown: [...exchanges.unknown, ...rights.unknown] };
}

/** Stable: what is alike stays in the order of the topology. */
function ordered(changes: readonly Change[]): Change[] {
  const rank = ({ severity, kind }: Change): number => SEVERITIES.indexOf(severity) * KINDS.length + KINDS.indexOf(kind);
  return [...changes].sort((a, b) => rank(a) - rank(b));
}

/**
 * From `old` to `now`. Topologies are matched by vhost, then by name; a single one on each side whatever they are called. No change at all
 * means: every message goes where it went and fares there as it did, and every user may do what it might. Messages with `CC` or `BCC`
 * go where those with each of their keys go, and are not looked at apart.
 */
export function difference(old: Installation, now: Installation, { environment, exported }: DifferenceOptions = {}): Difference {
  const [before, after] = [compileInstallation(old, environment), compileInstallation(now, environment)];
  const matched = pairs(parts(old, before, environment), parts(now, after, environment));
  const users = ![...(exported === "old" ? [before] : []), ...(exported === "now" ? [after] : [])].some((plan) => !knowsUsers(plan));
  const compared = matched.both.map(([one, other]) => {
    const from = exported === "old" ? withTemplates(one.plan, other.plan) : one.plan;
    const to = exported === "now" ? withTemplates(other.plan, one.plan) : other.plan;
    return compare(new Side(one.topology, from, before), new Side(other.topology, to, after), exported, users);
  });
  const told = { ...matched, ...(exported === "old" ? { gone: [] } : {}), ...(exported === "now" ? { added: [] } : {}) };
  const changes = [
    ...vhostChanges(told),
    ...compared.flatMap((one) => one.changes),
    ...(users ? userChanges(before, after, exported) : []),
  ];
  return { version: 1, changes: ordered(changes), unknown: compared.flatMap((one) => one.unknown) };
}
