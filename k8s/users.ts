/** RabbitMQ users of an installation in Kubernetes beside its services' own: the autoscaler, the exporter, and second generations. Pure. */
import { compileInstallation } from "../topology/compile/compile.js";
import { deadLetterQueues } from "../topology/compile/dead-letter-queues.js";
import type { InstallationPlan, Plan } from "../topology/compile/plan.js";
import { forEnvironment } from "../topology/environments.js";
import type { Installation, Topology, User } from "../topology/model.js";
import { anyOf, escapeRegex } from "../topology/names.js";
import { AUTOSCALER_USER, EXPORTER_USER, userOf } from "./names.js";
import { serviceSettings, type ProdSettings } from "./settings.js";

type Rights = Pick<User, "permissions" | "topicPermissions">;
type Users = NonNullable<Installation["users"]>;

const NOTHING = { configure: "", write: "", read: "" } as const;

/**
 * A service has one user, or two that take turns: odd generations are the first, even ones the second, which has the same rights. What is raised
 * from 1 to 2 gives pods another user, and those that still run go on with theirs; from 2 to 3 the first comes back, with another password.
 */
export const generationUser = (user: string, generation: number): string => (generation % 2 === 1 ? user : `${user}.2`);

/** A service's user in a generation, and the one before it, which is there until the next. */
export interface Generation {
  readonly topology: string;
  readonly service: string;
  readonly user: string;
  readonly generation: number;
}

/** The one before may have pods that still run. */
const twoOf = (generation: number): number[] => [generation - 1, generation].filter((each) => each > 0);

/** Of the installation's own users: the autoscaler's and the exporter's, as far as there are any. */
export const ownGenerations = ({ autoscaling, monitoring }: ProdSettings): Omit<Generation, "topology" | "service">[] =>
  [
    ...(autoscaling.kind === "keda" ? [[AUTOSCALER_USER, autoscaling.generation] as const] : []),
    ...(monitoring.enabled && monitoring.exporter ? [[EXPORTER_USER, monitoring.exporterGeneration] as const] : []),
  ].flatMap(([base, now]) => twoOf(now).map((generation) => ({ user: generationUser(base, generation), generation })));

/** Of every service, in the order of the topologies. */
export const generations = ({ topologies }: Installation, settings: ProdSettings): Generation[] =>
  topologies.flatMap((topology) =>
    Object.keys(topology.services ?? {}).flatMap((service) => {
      const { generation } = serviceSettings(settings, topology.name, service);
      const base = userOf(topology, service);
      return twoOf(generation).map((each) => ({ topology: topology.name, service, user: generationUser(base, each), generation: each }));
    }),
  );

/** What its copies and looks need: see docs/exporter.md. */
function exporterRights(topology: Topology, plan: Plan): Rights {
  const dead = new Set<string>(deadLetterQueues(topology, plan));
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

/** The installation with them. `environment` is whose sizes hold. */
export function withUsers(installation: Installation, settings: ProdSettings, environment?: string): Installation {
  const topologies = installation.topologies.map((topology) => forEnvironment(topology, environment));
  const plan: InstallationPlan = compileInstallation({ ...installation, topologies });
  const each = (rights: (topology: Topology, plan: Plan) => Rights): { readonly [vhost: string]: Rights } =>
    Object.fromEntries(
      plan.vhosts.flatMap((vhost, index) => (topologies[index] ? [[vhost.vhost.name, rights(topologies[index], vhost)]] : [])),
    );
  const own: Users = Object.fromEntries(
    ownGenerations(settings).map(({ user }) => [
      user,
      user.startsWith(AUTOSCALER_USER)
        ? { tags: ["monitoring"], vhosts: each(() => ({ permissions: NOTHING })) }
        : { tags: ["administrator"], vhosts: each(exporterRights) },
    ]),
  );
  const seconds: Users = Object.fromEntries(
    generations(installation, settings)
      .filter(({ generation }) => generation % 2 === 0)
      .map(({ topology, service, user }): [string, Users[string]] => {
        const at = topologies.findIndex(({ name }) => name === topology);
        const [source, vhost] = [topologies[at], plan.vhosts[at]];
        return [user, source && vhost ? { vhosts: { [vhost.vhost.name]: rightsOf(vhost, userOf(source, service)) } } : {}];
      }),
  );
  return { ...installation, users: { ...installation.users, ...own, ...seconds } };
}
