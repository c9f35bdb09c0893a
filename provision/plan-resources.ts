/** From a plan to the list of resources: which kind each object becomes, under which name, and on what it waits. Pure. */
import type {
  InstallationPlan,
  Plan,
  PlannedBinding,
  PlannedExchange,
  PlannedOperatorPolicy,
  PlannedParameter,
  PlannedPermission,
  PlannedPolicy,
  PlannedQueue,
  PlannedTopicPermission,
  PlannedUser,
  PlannedVhost,
} from "../topology/compile/plan.js";
import { equal } from "../topology/equal.js";
import { WarrenError } from "../topology/errors.js";
import { brokerRegex } from "../topology/regex.js";
import { bindingName, globalName, objectName } from "./identity.js";
import { ownBinding, ownExchange, ownNamed, ownPermission, ownPolicy, type OwnReason } from "./official.js";

/** One object of the plan as a resource. */
export interface PlannedResource<T> {
  /** The resource's logical name. */
  readonly name: string;
  readonly object: T;
  /** Why the official provider is not used for it; none if it is. */
  readonly own?: OwnReason;
  /** Names of policies that have to be there first, because they hold for this object from its first moment. */
  readonly after?: readonly string[];
}

/** All topic permissions of one user in one vhost: the official provider has them as one resource. */
export interface UserTopicPermissions {
  readonly user: string;
  readonly permissions: readonly Omit<PlannedTopicPermission, "user" | "origin">[];
}

export interface VhostResources {
  readonly vhost: PlannedResource<PlannedVhost>;
  readonly settingsName: string;
  readonly limitsName: string;
  readonly policies: readonly PlannedResource<PlannedPolicy>[];
  readonly operatorPolicies: readonly PlannedResource<PlannedOperatorPolicy>[];
  readonly exchanges: readonly PlannedResource<PlannedExchange>[];
  readonly queues: readonly PlannedResource<PlannedQueue>[];
  readonly bindings: readonly PlannedResource<PlannedBinding>[];
  readonly permissions: readonly PlannedResource<PlannedPermission>[];
  readonly topicPermissions: readonly PlannedResource<UserTopicPermissions>[];
  readonly parameters: readonly PlannedResource<PlannedParameter>[];
}

export interface UserResource extends PlannedResource<PlannedUser> {
  /** Of the resource that keeps its generated password. */
  readonly passwordName: string;
  readonly limitsName: string;
}

export interface InstallationResources {
  readonly vhosts: readonly VhostResources[];
  readonly users: readonly UserResource[];
  readonly globalParameters: readonly PlannedResource<InstallationPlan["global"]["parameters"][number]>[];
}

function planned<T>(name: string, object: T, own?: OwnReason, after: readonly string[] = []): PlannedResource<T> {
  return { name, object, ...(own === undefined ? {} : { own }), ...(after.length === 0 ? {} : { after }) };
}

/** Finds the policies whose pattern meets a name. Those generated for one object are looked up, so that many objects stay cheap. */
class PolicyFinder {
  private readonly generated = new Map<string, string[]>();
  private readonly written: { readonly name: string; readonly meets: (name: string) => boolean }[] = [];

  constructor(plan: Plan) {
    for (const policy of plan.policies) {
      if (policy.generatedFor === undefined) this.add(objectName(plan.vhost.name, "policy", policy.name), policy.pattern);
      else
        this.generated.set(policy.generatedFor, [
          ...(this.generated.get(policy.generatedFor) ?? []),
          objectName(plan.vhost.name, "policy", policy.name),
        ]);
    }
    for (const policy of plan.operatorPolicies) this.add(objectName(plan.vhost.name, "operator-policy", policy.name), policy.pattern);
  }

  private add(name: string, pattern: string): void {
    const compiled = brokerRegex(pattern);
    // What cannot be evaluated here may meet anything: better to wait in vain than to come too early.
    this.written.push({ name, meets: (other) => !("regex" in compiled) || compiled.regex.test(other) });
  }

  /** `entry` is what the topology calls it, where its policy is generated for several objects at once. */
  of(name: string, entry = name): string[] {
    return [...(this.generated.get(entry) ?? []), ...this.written.filter(({ meets }) => meets(name)).map((policy) => policy.name)];
  }
}

function group(permissions: readonly PlannedTopicPermission[]): UserTopicPermissions[] {
  const byUser = new Map<string, Map<string, Omit<PlannedTopicPermission, "user" | "origin">>>();
  for (const { user, exchange, write, read } of permissions) {
    const known = byUser.get(user) ?? new Map<string, Omit<PlannedTopicPermission, "user" | "origin">>();
    byUser.set(user, known.set(exchange, { exchange, write, read }));
  }
  return [...byUser].map(([user, rights]) => ({ user, permissions: [...rights.values()] }));
}

function vhostResources(plan: Plan, global: InstallationPlan["global"]): VhostResources {
  const vhost = plan.vhost.name;
  const policies = new PolicyFinder(plan);
  const here = <T extends { readonly vhost: string }>(items: readonly T[]): T[] => items.filter((item) => item.vhost === vhost);
  const permissions = [...plan.permissions, ...here(global.permissions)];
  const topics = group([...plan.topicPermissions, ...here(global.topicPermissions)]);
  return {
    vhost: planned(globalName("vhost", vhost), plan.vhost),
    settingsName: objectName(vhost, "vhost-settings", "settings"),
    limitsName: objectName(vhost, "vhost-limits", "limits"),
    policies: plan.policies.map((policy) => planned(objectName(vhost, "policy", policy.name), policy, ownPolicy(vhost, policy))),
    operatorPolicies: plan.operatorPolicies.map((policy) =>
      planned(objectName(vhost, "operator-policy", policy.name), policy, ownPolicy(vhost, policy)),
    ),
    exchanges: plan.exchanges.map((exchange) =>
      planned(objectName(vhost, "exchange", exchange.name), exchange, ownExchange(vhost, exchange), policies.of(exchange.name)),
    ),
    queues: plan.queues.map((queue) =>
      planned(
        objectName(vhost, "queue", queue.name),
        queue,
        ownNamed(vhost, queue.name),
        policies.of(queue.name, queue.role.kind === "partition" ? queue.role.of : queue.name),
      ),
    ),
    bindings: plan.bindings.map((binding) => planned(bindingName(vhost, binding), binding, ownBinding(binding))),
    permissions: permissions.map((permission) =>
      planned(objectName(vhost, "permissions", permission.user), permission, ownPermission(vhost, permission)),
    ),
    topicPermissions: topics.map((rights) => planned(objectName(vhost, "topic-permissions", rights.user), rights, "topic-gap")),
    parameters: plan.parameters.map((parameter) => planned(objectName(vhost, "parameter", parameter.component, parameter.name), parameter)),
  };
}

/** What makes a user the same one, wherever it is declared. */
const ofUser = ({ tags, limits, password, passwordHash }: PlannedUser): object => ({
  tags: [...tags].sort(),
  limits: limits ?? {},
  password: password?.secret ?? null,
  passwordHash: passwordHash ?? null,
});

/** Users belong to the broker: the same one in several topologies is one resource. */
function users(plan: InstallationPlan): UserResource[] {
  const byName = new Map<string, { readonly user: PlannedUser; readonly where: string }>();
  const all = [
    ...plan.global.users.map((user) => ({ user, where: `the installation, ${user.origin}` })),
    ...plan.vhosts.flatMap(({ topology, users }) => users.map((user) => ({ user, where: `topology "${topology}", ${user.origin}` }))),
  ];
  for (const one of all) {
    const other = byName.get(one.user.name);
    if (!other) byName.set(one.user.name, one);
    else if (!equal(ofUser(one.user), ofUser(other.user))) {
      throw new WarrenError(`User "${one.user.name}" is declared twice, and differently: ${other.where}; ${one.where}.`, {
        remedy: "give both the same tags, limits and password, or different names",
      });
    }
  }
  return [...byName.values()].map(({ user }) => ({
    ...planned(globalName("user", user.name), user),
    passwordName: globalName("password", user.name),
    limitsName: globalName("user-limits", user.name),
  }));
}

/** Every resource that a plan asks for. Throws a WarrenError if two topologies want the same user differently. */
export function planResources(plan: InstallationPlan): InstallationResources {
  return {
    vhosts: plan.vhosts.map((vhost) => vhostResources(vhost, plan.global)),
    users: users(plan),
    globalParameters: plan.global.parameters.map((parameter) => planned(globalName("global-parameter", parameter.name), parameter)),
  };
}
