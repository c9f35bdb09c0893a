/** What is in the broker, as custom resources of the messaging topology operator, and what of it these cannot say. Pure. */
import { findingsText } from "../topology/check/findings-text.js";
import { isSayable, uriSecretOf, type UriSecret } from "../topology/compile/custom-resource-links.js";
import { customResources } from "../topology/compile/custom-resources.js";
import type { InstallationPlan, Plan, PlannedParameter } from "../topology/compile/plan.js";
import { usersOf } from "../topology/compile/users.js";
import { WarrenError } from "../topology/errors.js";
import type { UserLimits, Vhost } from "../topology/model.js";
import type { KubernetesObject } from "./objects.js";
import type { ProdSettings } from "./settings.js";

/** A Secret of a user's credentials, beside the operator's objects. Keys: SECRET_KEYS. */
export interface LoginNeed {
  readonly name: string;
  readonly namespace: string;
  readonly user: string;
}

/** A Secret with the URIs of a shovel or a federation upstream; the values are the topology's, with its references to secrets. */
export interface UriNeed extends UriSecret {
  readonly namespace: string;
  readonly origin: string;
}

/** What no custom resource says (of links: says whole), and goes over the management API here too: nothing of it is written over by the operator. */
export interface Beside {
  readonly vhostLimits: readonly { readonly vhost: string; readonly limits: NonNullable<Vhost["limits"]> }[];
  readonly userLimits: readonly { readonly user: string; readonly limits: UserLimits }[];
  readonly parameters: readonly (PlannedParameter & { readonly vhost: string })[];
  readonly globalParameters: InstallationPlan["global"]["parameters"];
}

export interface TopologyPart {
  /** What others refer to first. */
  readonly objects: readonly KubernetesObject[];
  readonly logins: readonly LoginNeed[];
  readonly uris: readonly UriNeed[];
  readonly beside: Beside;
}

const hasLimits = (limits: object | undefined): boolean => Object.keys(limits ?? {}).length > 0;

const withoutLimits = <T extends { readonly limits?: unknown }>({ limits: _limits, ...rest }: T): Omit<T, "limits"> => rest;

/** Each user once: those that several topologies name are the same one. */
const loginsOf = (plan: InstallationPlan): Plan["users"] => [
  ...new Map(
    usersOf(plan)
      .reverse()
      .map((user) => [user.name, user]),
  ).values(),
];

function besideOf(plan: InstallationPlan): Beside {
  return {
    vhostLimits: plan.vhosts.flatMap(({ vhost: { name, limits } }) => (limits && hasLimits(limits) ? [{ vhost: name, limits }] : [])),
    userLimits: loginsOf(plan).flatMap(({ name, limits }) => (limits && hasLimits(limits) ? [{ user: name, limits }] : [])),
    parameters: plan.vhosts.flatMap(({ vhost, parameters }) =>
      parameters.filter((each) => !isSayable(each)).map((each) => ({ ...each, vhost: vhost.name })),
    ),
    globalParameters: plan.global.parameters,
  };
}

/** The plan without what goes beside. */
function forOperator({ vhosts, global }: InstallationPlan): InstallationPlan {
  return {
    vhosts: vhosts.map((each) => ({
      ...each,
      vhost: withoutLimits(each.vhost),
      users: each.users.map(withoutLimits),
      parameters: each.parameters.filter(isSayable),
    })),
    global: { ...global, users: global.users.map(withoutLimits), parameters: [] },
  };
}

/**
 * Every object of the plan is in one of the parts. Throws one WarrenError (exit code 2) that names what neither the operator can say nor would be safe
 * beside it: whatever the operator declares, it declares again as it sees it.
 */
export function topologyObjects(plan: InstallationPlan, { cluster, namespaces }: ProdSettings): TopologyPart {
  const namespace = namespaces.broker;
  const { objects, secrets, findings } = customResources(forOperator(plan), { cluster: { name: cluster.name }, namespace });
  if (findings.length > 0)
    throw new WarrenError(
      `The messaging topology operator cannot provision this as it is meant; nothing was changed.\n\n${findingsText(findings)}`,
      {
        remedy: "pulumi config set --path 'warren:kubernetes.provision' management; or take what is named out of the topology",
        exitCode: 2,
      },
    );
  const users = new Map(loginsOf(plan).map(({ name }) => [`User ${name}`, name]));
  return {
    objects,
    logins: secrets.flatMap(({ name, of }) => {
      const user = users.get(of);
      return user === undefined ? [] : [{ name, namespace, user }];
    }),
    uris: plan.vhosts.flatMap(({ vhost, parameters }) =>
      parameters.filter(isSayable).map((each) => ({ ...uriSecretOf(each, vhost.name), namespace, origin: each.origin })),
    ),
    beside: besideOf(plan),
  };
}
