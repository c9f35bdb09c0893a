/** From a topology to its plan: everything derived is written out, nothing is decided later. */
import { forEnvironment } from "../environments.js";
import type { Exchange, Installation, SettingsMode, Topology, User } from "../model.js";
import { anyOf, escapeRegex, policyName, serviceUser, vhostName } from "../names.js";
import { path } from "../path.js";
import { servicePermissions } from "../permissions.js";
import { bindings } from "./bindings.js";
import { parameters } from "./parameters.js";
import type { GlobalPlan, InstallationPlan, Plan, PlannedUser } from "./plan.js";
import { GENERATED_PRIORITY, planQueue, planTemplate, type Planned } from "./queues.js";

function planExchange(name: string, definition: Exchange, mode: SettingsMode): Planned {
  const origin = path("exchanges", name);
  const alternate = definition.alternateExchange;
  const asArgument = (definition.settings ?? mode) === "arguments";
  return {
    queues: [],
    exchanges: [
      {
        name,
        type: definition.type,
        durable: definition.durable ?? true,
        autoDelete: definition.autoDelete ?? false,
        internal: definition.internal ?? false,
        arguments: {
          ...("hashHeader" in definition ? { "hash-header": definition.hashHeader } : {}),
          ...("hashProperty" in definition ? { "hash-property": definition.hashProperty } : {}),
          ...(alternate !== undefined && asArgument ? { "alternate-exchange": alternate } : {}),
          ...definition.arguments,
        },
        origin,
      },
    ],
    bindings: bindings(name, "exchange", definition.from, origin),
    policies:
      alternate !== undefined && !asArgument
        ? [
            {
              name: policyName("exchange", name),
              pattern: anyOf([escapeRegex(name)]),
              applyTo: "exchanges",
              priority: GENERATED_PRIORITY,
              definition: { "alternate-exchange": alternate },
              generatedFor: name,
              origin,
            },
          ]
        : [],
  };
}

function planUser(name: string, user: User, origin: string): PlannedUser {
  return {
    name,
    tags: user.tags ?? [],
    ...(user.limits ? { limits: user.limits } : {}),
    ...(user.password ? { password: user.password } : {}),
    ...(user.passwordHash === undefined ? {} : { passwordHash: user.passwordHash }),
    origin,
  };
}

/** The plan of one topology, as an environment has it. Deterministic; secrets stay references. */
export function compile(source: Topology, environment?: string): Plan {
  const topology = forEnvironment(source, environment);
  const mode = topology.settings ?? "policy";
  const vhost = { ...topology.vhost, name: vhostName(topology), origin: "vhost" };
  const parts: Planned[] = [
    ...Object.entries(topology.exchanges ?? {}).map(([name, definition]) => planExchange(name, definition, mode)),
    ...Object.entries(topology.queues ?? {}).map(([name, definition]) => planQueue(name, definition, mode)),
  ];
  const templates = Object.entries(topology.templates ?? {}).map(([name, definition]) => planTemplate(name, definition, mode));
  const users = Object.entries(topology.users ?? {});
  const services = Object.entries(topology.services ?? {});
  const objects: Plan = {
    topology: topology.name,
    brokerVersion: topology.brokerVersion ?? "4.3",
    vhost,
    exchanges: parts.flatMap((part) => part.exchanges),
    queues: parts.flatMap((part) => part.queues),
    templates: templates.map(({ template }) => template),
    bindings: parts.flatMap((part) => part.bindings),
    policies: [
      ...parts.flatMap((part) => part.policies),
      ...templates.flatMap((template) => template.policies),
      ...Object.entries(topology.policies ?? {}).map(([name, policy]) => ({
        name,
        pattern: policy.pattern,
        applyTo: policy.applyTo ?? "all",
        priority: policy.priority ?? 0,
        definition: policy.definition,
        origin: path("policies", name),
      })),
    ],
    operatorPolicies: Object.entries(topology.operatorPolicies ?? {}).map(([name, policy]) => ({
      name,
      pattern: policy.pattern,
      applyTo: policy.applyTo ?? "queues",
      priority: policy.priority ?? 0,
      definition: policy.definition,
      origin: path("operatorPolicies", name),
    })),
    users: [
      ...services.map(([name, service]) => ({
        name: service.user ?? serviceUser(topology.name, name),
        tags: service.tags ?? [],
        ...(service.limits ? { limits: service.limits } : {}),
        ...(service.password ? { password: service.password } : {}),
        service: name,
        origin: path("services", name),
      })),
      ...users.map(([name, user]) => planUser(name, user, path("users", name))),
    ],
    permissions: users.flatMap(([name, user]) =>
      user.permissions ? [{ user: name, ...user.permissions, origin: `${path("users", name)}.permissions` }] : [],
    ),
    topicPermissions: users.flatMap(([name, user]) =>
      Object.entries(user.topicPermissions ?? {}).map(([exchange, permission]) => ({
        user: name,
        exchange,
        ...permission,
        origin: `${path("users", name)}.${path("topicPermissions", exchange)}`,
      })),
    ),
    parameters: parameters(topology, vhost.name),
  };
  const derived = servicePermissions(topology, objects);
  return {
    ...objects,
    permissions: [...derived.permissions, ...objects.permissions],
    topicPermissions: [...derived.topicPermissions, ...objects.topicPermissions],
  };
}

function planGlobal(installation: Installation): GlobalPlan {
  const users = Object.entries(installation.users ?? {});
  const byVhost = users.flatMap(([user, { vhosts }]) =>
    Object.entries(vhosts ?? {}).map(([vhost, rights]) => ({ user, vhost, rights, origin: path("users", user, "vhosts", vhost) })),
  );
  return {
    users: users.map(([name, user]) => planUser(name, user, path("users", name))),
    permissions: byVhost.flatMap(({ user, vhost, rights, origin }) =>
      rights.permissions ? [{ user, vhost, ...rights.permissions, origin: `${origin}.permissions` }] : [],
    ),
    topicPermissions: byVhost.flatMap(({ user, vhost, rights, origin }) =>
      Object.entries(rights.topicPermissions ?? {}).map(([exchange, permission]) => ({
        user,
        vhost,
        exchange,
        ...permission,
        origin: `${origin}.${path("topicPermissions", exchange)}`,
      })),
    ),
    parameters: Object.entries(installation.globalParameters ?? {}).map(([name, value]) => ({
      name,
      value,
      origin: path("globalParameters", name),
    })),
  };
}

/** The plan of everything on one broker. */
export function compileInstallation(installation: Installation, environment?: string): InstallationPlan {
  return {
    vhosts: installation.topologies.map((topology) => compile(topology, environment)),
    global: planGlobal(installation),
  };
}
