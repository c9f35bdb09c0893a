/** `new RabbitTopology(...)`: a topology as one component, everything in it as its children. */
import * as pulumi from "@pulumi/pulumi";
import * as rabbitmq from "@pulumi/rabbitmq";
import type { InstallationPlan, Plan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import { admit } from "./admit.js";
import type { BrokerArgs, RabbitTopologyArgs } from "./args.js";
import type { Connection } from "./connection.js";
import { own, type Context } from "./context.js";
import { components, type Component } from "./components.js";
import { deleteHooks, ifKnown } from "./delete-hooks.js";
import { guarded } from "./guarded.js";
import { globalName } from "./identity.js";
import { planResources, type InstallationResources } from "./plan-resources.js";
import { registerUser, type RegisteredUser } from "./register-users.js";
import { registerVhost, type RegisteredVhost } from "./register-vhost.js";
import { resolveSecrets, secretNamed } from "./secrets.js";
import { told } from "./told.js";

/**
 * All objects of a topology, or of several, on one broker. Throws a WarrenError with every finding of severity error before
 * anything is registered.
 *
 * @example
 * new RabbitTopology("orders", { topology: orders, broker: { endpoint, username, password } });
 */
export class RabbitTopology extends pulumi.ComponentResource {
  /** Names of its vhosts, once everything is in them. */
  readonly vhosts: pulumi.Output<string[]>;
  /** Names of its users. */
  readonly users: pulumi.Output<string[]>;
  /** By user, as far as they are known: those that were given or generated. A secret. */
  readonly passwords: pulumi.Output<Record<string, string>>;
  /** Of the management API. */
  readonly endpoint: pulumi.Output<string>;

  constructor(name: string, args: RabbitTopologyArgs, options: pulumi.ComponentResourceOptions = {}) {
    told(() => needBroker(name, args));
    const { plan, warnings } = told(() =>
      admit(args.topology, { label: name, environment: args.environment ?? pulumi.getStack(), strict: args.strict }),
    );
    const resources = told(() => planResources(plan));
    told(() => needSecrets(resources, args));
    super("warren:index:RabbitTopology", name, {}, options);
    if (warnings !== undefined) void pulumi.log.warn(warnings, this);

    const context = told(() => contextOf(this, name, plan, args, options));
    const users = told(() => resources.users.map((user) => registerUser(context, user)));
    const vhosts = told(() => registerVhosts(context, resources, users));
    const globals = told(() => registerGlobals(context, resources));
    const all = [...vhosts.flatMap((vhost) => vhost.resources), ...users.flatMap((user) => user.resources), ...globals];
    const guards = plan.vhosts.map(({ vhost }) => registerGuard(context, name, vhost, all));

    this.vhosts = pulumi.all(guards.map(({ id }) => id)).apply(() => plan.vhosts.map(({ vhost }) => vhost.name));
    this.users = pulumi.output(users.map((user) => user.name));
    this.passwords = passwordsOf(users);
    this.endpoint = pulumi.output(args.broker?.endpoint ?? context.provider.endpoint);
    this.registerOutputs({ vhosts: this.vhosts, users: this.users, passwords: this.passwords, endpoint: this.endpoint });
  }
}

/** A topology that is in its broker, whichever way it got there. */
export type Provisioned = pulumi.ComponentResource & Pick<RabbitTopology, "vhosts" | "users" | "passwords">;

function needBroker(name: string, { broker, provider }: RabbitTopologyArgs): void {
  if (broker || provider) return;
  throw new WarrenError(`RabbitTopology "${name}" does not know where its broker is.`, {
    remedy: "give it `broker: { endpoint, username, password }` or `provider`",
    exitCode: 2,
  });
}

/** `undefined` if none is given, so that one has to be generated. */
function passwordOf(
  { passwords = {}, secrets = {} }: RabbitTopologyArgs,
  user: string,
  secret: string | undefined,
): pulumi.Input<string> | undefined {
  if (Object.hasOwn(passwords, user)) return passwords[user];
  return secret === undefined ? undefined : secretNamed(secrets, secret, `The password of user "${user}"`);
}

/** A secret that is missing is found before anything is registered. */
function needSecrets(resources: InstallationResources, args: RabbitTopologyArgs): void {
  for (const { object } of resources.users) void passwordOf(args, object.name, object.password?.secret);
  const values = [...resources.vhosts.flatMap(({ parameters }) => parameters), ...resources.globalParameters];
  for (const { object } of values) void resolveSecrets(args.secrets ?? {}, object.value, object.origin);
}

function contextOf(
  parent: RabbitTopology,
  name: string,
  plan: InstallationPlan,
  args: RabbitTopologyArgs,
  options: pulumi.ComponentResourceOptions,
): Context {
  const { secrets = {}, namePrefix = "" } = args;
  const { allowDataLoss = false, isGone } = args;
  const dependsOn = [options.dependsOn ?? []].flat() as pulumi.Resource[];
  const connection = connectionOf(args);
  const component: Component = { namePrefix, vhosts: plan.vhosts.map(({ vhost }) => vhost.name), connection, allowDataLoss, isGone };
  components().push(component);
  const looked = args.guard === false ? connection : guarded(component, { name, plan, dependsOn, resource: parent });
  return {
    parent,
    provider: args.provider ?? makeProvider(parent, `${namePrefix}${name}`, args.broker as BrokerArgs, looked, options.deletedWith),
    connection: looked,
    hooks: deleteHooks(),
    transform: args.transform ?? {},
    namePrefix,
    importIds: args.adopt?.ids ?? new Map<string, string>(),
    dependsOn,
    deletedWith: options.deletedWith,
    passwordOf: (user, secret) => passwordOf(args, user, secret),
    saltSecret: args.salt ?? `${pulumi.getProject()}/${pulumi.getStack()}`,
    resolveSecrets: (value, origin) => resolveSecrets(secrets, value, origin),
  };
}

function makeProvider(
  parent: pulumi.Resource,
  name: string,
  broker: BrokerArgs,
  looked: pulumi.Output<Connection>,
  deletedWith: pulumi.Resource | undefined,
): rabbitmq.Provider {
  const { endpoint, username, caFile, certFile, keyFile } = broker;
  return new rabbitmq.Provider(
    name,
    {
      // Not before the guard has let the plan pass; where the broker is not known yet, in a preview, as it is given.
      endpoint: pulumi.all([endpoint, ifKnown(looked)]).apply(([given, known]) => known?.endpoint ?? given),
      username,
      password: pulumi.secret(broker.password),
      ...(caFile === undefined ? {} : { cacertFile: caFile }),
      ...(certFile === undefined ? {} : { clientcertFile: certFile }),
      ...(keyFile === undefined ? {} : { clientkeyFile: keyFile }),
    },
    { parent, ...(deletedWith === undefined ? {} : { deletedWith }) },
  );
}

const ofProvider = (provider: rabbitmq.Provider): BrokerArgs => ({
  endpoint: provider.endpoint,
  username: provider.username,
  password: provider.password,
  caFile: provider.cacertFile as pulumi.Input<string>,
  certFile: provider.clientcertFile as pulumi.Input<string>,
  keyFile: provider.clientkeyFile as pulumi.Input<string>,
});

/** Own resources speak to the same broker as the official ones. */
export function connectionOf({ broker, provider }: Pick<RabbitTopologyArgs, "broker" | "provider">): pulumi.Output<Connection> {
  const { endpoint, username, password, caFile, certFile, keyFile } = broker ?? ofProvider(provider as rabbitmq.Provider);
  return pulumi.secret(pulumi.output({ endpoint, username, password, caFile, certFile, keyFile })).apply(
    // Fields without a value would come back from the state as missing, and look like a change.
    (all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as Connection,
  );
}

function registerVhosts(context: Context, resources: InstallationResources, users: readonly RegisteredUser[]): RegisteredVhost[] {
  const byName = new Map(users.map((user) => [user.name, user.resource]));
  return resources.vhosts.map((vhost) => registerVhost(context, vhost, byName));
}

function registerGlobals(context: Context, resources: InstallationResources): pulumi.Resource[] {
  return resources.globalParameters.map(({ name, object }) =>
    own(
      context,
      "global-parameter",
      name,
      { name: object.name, value: context.resolveSecrets(object.value, object.origin) },
      {
        dependsOn: [...context.dependsOn],
      },
    ),
  );
}

/**
 * One for each vhost. It depends on everything of the component, so that a destroy comes to the guards first, and is refused before
 * anything is gone; and it goes when its vhost does.
 */
function registerGuard(
  context: Context,
  component: string,
  { name: vhost, deletionProtection }: Plan["vhost"],
  all: readonly pulumi.Resource[],
): pulumi.CustomResource {
  return own(
    context,
    "guard",
    globalName("guard", vhost),
    { component, vhost },
    { dependsOn: [...all], ...context.hooks.guard, ...(deletionProtection ? { protect: true } : {}) },
  );
}

function passwordsOf(users: readonly RegisteredUser[]): pulumi.Output<Record<string, string>> {
  const known = pulumi.all(users.map(({ name, password }) => password.apply((clear) => [name, clear] as const)));
  return pulumi.secret(
    known.apply((pairs) => Object.fromEntries(pairs.flatMap(([name, clear]) => (clear === undefined ? [] : [[name, clear]])))),
  );
}
