/** RabbitMQ users of an installation in Kubernetes beside its own: KEDA's, the exporter's, and second ones for rotations. Pure. */
import { deadLetterQueues } from "../topology/compile/dead-letter-queues.js";
import type { InstallationPlan, Plan } from "../topology/compile/plan.js";
import type { Installation, Topology, User } from "../topology/model.js";
import { anyOf, escapeRegex, secondUser } from "../topology/names.js";
import { AUTOSCALER_USER, EXPORTER_USER } from "./names.js";
import { asksForDepth, type ServicePart } from "./services.js";
import type { ProdSettings } from "./settings.js";

type Users = NonNullable<Installation["users"]>;
type Rights = Pick<User, "permissions" | "topicPermissions">;

const NOTHING = { configure: "", write: "", read: "" } as const;

/**
 * A user's credentials come in generations: odd ones are the first user's, even ones those of a second user with the same rights. Whoever raises a
 * generation from 1 to 2 gives new pods the other user, and pods that still run go on with theirs; from 2 to 3 the first comes back, with another
 * password.
 */
export const generationUser = (user: string, generation: number): string => (generation % 2 === 1 ? user : secondUser(user));

/** The one of new pods, after the one of pods that may still run. */
const liveGenerations = (generation: number): number[] => [generation - 1, generation].filter((each) => each > 0);

/** Of one user's credentials. */
export interface Generation {
  readonly user: string;
  readonly generation: number;
}

export const generationsOf = (user: string, generation: number): Generation[] =>
  liveGenerations(generation).map((each) => ({ user: generationUser(user, each), generation: each }));

/** What the exporter's copies and looks need (docs/exporter.md). */
function exporterRights(topology: Topology, plan: Plan): Rights {
  const dead = deadLetterQueues(topology, plan);
  const sources = plan.bindings.filter(({ destination, destinationType }) => destinationType === "queue" && dead.has(destination));
  const copies = "amq\\.gen-.*";
  const read = [...dead, ...sources.map(({ source }) => source)].map(escapeRegex);
  return { permissions: { configure: anyOf([copies]), write: anyOf([copies]), read: anyOf([copies, ...read]) } };
}

function rightsOf(plan: Plan, user: string): Rights {
  const held = plan.permissions.find((each) => each.user === user);
  const topics = plan.topicPermissions.filter((each) => each.user === user);
  return {
    permissions: held ? { configure: held.configure, write: held.write, read: held.read } : NOTHING,
    ...(topics.length > 0
      ? { topicPermissions: Object.fromEntries(topics.map(({ exchange, write, read }) => [exchange, { write, read }])) }
      : {}),
  };
}

export interface UsersArgs {
  readonly topologies: readonly Topology[];
  readonly plan: InstallationPlan;
  readonly services: readonly ServicePart[];
  readonly settings: ProdSettings;
}

export function ownUsers({ topologies, plan, services, settings }: UsersArgs): Users {
  const inEach = (rights: (topology: Topology, plan: Plan) => Rights): { readonly [vhost: string]: Rights } =>
    Object.fromEntries(
      topologies.flatMap((topology, at) => (plan.vhosts[at] ? [[plan.vhosts[at].vhost.name, rights(topology, plan.vhosts[at])]] : [])),
    );
  const inGenerations = (user: string, generation: number, what: Users[string]): Users =>
    Object.fromEntries(generationsOf(user, generation).map((each) => [each.user, what]));
  const { autoscaling, monitoring } = settings;
  return {
    // Sees queues, and touches nothing.
    ...(asksForDepth(services, settings)
      ? inGenerations(AUTOSCALER_USER, autoscaling.generation, { tags: ["management"], vhosts: inEach(() => ({ permissions: NOTHING })) })
      : {}),
    ...(monitoring.enabled && monitoring.exporter
      ? inGenerations(EXPORTER_USER, monitoring.exporterGeneration, { tags: ["administrator"], vhosts: inEach(exporterRights) })
      : {}),
    ...Object.fromEntries(services.flatMap((part) => secondOf(part, plan))),
  };
}

/** The first one is the topology's own. */
function secondOf(
  { topology, service, user, vhost, settings: { generation } }: ServicePart,
  plan: InstallationPlan,
): [string, Users[string]][] {
  const rights = plan.vhosts.find((each) => each.vhost.name === vhost);
  const { tags, limits } = { tags: topology.services?.[service]?.tags, limits: topology.services?.[service]?.limits };
  return generationsOf(user, generation)
    .filter((each) => each.user !== user)
    .map((each) => [
      each.user,
      {
        ...(tags === undefined ? {} : { tags }),
        ...(limits === undefined ? {} : { limits }),
        vhosts: rights ? { [vhost]: rightsOf(rights, user) } : {},
      },
    ]);
}
