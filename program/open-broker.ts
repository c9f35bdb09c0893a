/** The broker that the configuration names, looked at before anything is registered: the dev stack's in Docker, or one that is there. */
import * as pulumi from "@pulumi/pulumi";
import { writeEndpoint, type EndpointFile } from "../broker/address.js";
import { BrokerError } from "../broker/faults.js";
import { Broker, containerName } from "../docker/broker.js";
import { reviveDrained } from "../docker/membership.js";
import { MONITORING_CONTAINERS } from "../docker/monitoring.js";
import { nodeNames, portsOf, published } from "../docker/nodes.js";
import { pluginsOf } from "../topology/compile/plugins.js";
import { isGone, preflight, type Found } from "../docker/preflight.js";
import { UI } from "../docker/ui-files.js";
import type { Known } from "../broker/whole-conflicts.js";
import { adoptionOf, type Adoption } from "../provision/adopt.js";
import { knownOf } from "../provision/known.js";
import type { BrokerArgs } from "../provision/args.js";
import { managementOf, type Connection } from "../provision/connection.js";
import { guard } from "../provision/guard.js";
import { managedByStack } from "../provision/managed.js";
import type { Provisioned } from "../provision/topology.js";
import { untilItAnswers } from "../provision/wait.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import type { Installation } from "../topology/model.js";
import { CA_FILE, localAuthority, localCertificates } from "./local-certificates.js";
import { LOCAL_FOLDER, localSecret } from "./local-secrets.js";
import type { InKubernetes } from "./open-kubernetes.js";
import { externalArgs, PORT_KEYS, toolPorts, type DockerSettings, type ExternalSettings, type Settings } from "./settings.js";

export interface OpenBroker {
  readonly args: BrokerArgs;
  /** Of the topology: what it waits for, and with what it ends. */
  readonly options: pulumi.ComponentResourceOptions;
  /** What is on it already and is taken over. */
  readonly adoption?: Adoption;
  readonly salt: string;
  /** By user, of those whose password is neither the configuration's nor one that is made for every user. */
  readonly passwords?: Readonly<Record<string, pulumi.Input<string>>>;
  /** What is provisioned, as a file for the `warren` command, where it is more than the system. */
  readonly topologyFile?: string;
  readonly managementUrl: string;
  readonly amqpUrl: string | undefined;
  readonly metricsUrl: string | undefined;
  /** The dev stack's own: its nodes, its network. */
  readonly inDocker?: Broker;
  /** The prod stack's own: its cluster, what is to run beside it. */
  readonly inKubernetes?: InKubernetes;
  /** The authority of its certificates, PEM, where it has TLS alone. */
  readonly ca?: string | undefined;
  /** The authority of its certificates, PEM, where it has TLS. */
  readonly authority?: string | undefined;
  readonly administrator: string;
  /** The file in which the administrator's password was generated. */
  readonly passwordIn: string | undefined;
  /** Whether it is gone with all it held. */
  readonly isGone: () => Promise<boolean>;
  /** Lets the `warren` command find it, once the topology is on it. */
  readonly announce: (topology: Provisioned, monitored?: Pick<EndpointFile, "prometheusUrl" | "alertmanagerUrl">) => void;
}

const ADMINISTRATOR = "warren";

/** Throws a WarrenError if the broker cannot be had, or if the update would lose messages; nothing is changed then. */
export async function openBroker(
  settings: Settings,
  { plan, installation }: { readonly plan: InstallationPlan; readonly installation: Installation },
  directory: string,
): Promise<OpenBroker> {
  const salt = settings.salt ?? localSecret(directory, "salt");
  const { broker } = settings;
  if (broker.kind === "kubernetes") {
    // Its libraries are large, and nobody else needs them.
    const { openKubernetes } = await import("./open-kubernetes.js");
    return openKubernetes(settings, broker, { plan, installation }, directory);
  }
  return broker.kind === "external" ? openExternal(settings, broker, plan, salt) : openDocker(settings, broker, plan, salt, directory);
}

const tell = (text: string): void => void pulumi.log.info(text);

export async function look(settings: Settings, plan: InstallationPlan, connection: Connection, known?: Known): Promise<void> {
  const { allowDataLoss, brokerVersion } = settings;
  await guard({
    connection,
    plan,
    managed: await managedByStack(),
    allowDataLoss,
    down: process.env["WARREN_DOWN"] !== undefined,
    known,
    onWait: tell,
    onWarn: (text) => void pulumi.log.warn(text),
    ...(brokerVersion ? { brokerVersion } : {}),
  });
}

const START_SECONDS = 90;

const isUntrusted = (error: unknown, endpoint: string): boolean =>
  error instanceof BrokerError && error.kind === "tls" && endpoint.startsWith("https:");

/**
 * It may have been started a moment ago. With a certificate that has expired it is not looked at: the update renews it, and delete hooks,
 * which come after that, refuse what would lose messages.
 */
export async function lookInDocker(settings: Settings, plan: InstallationPlan, connection: Connection, prefix: string): Promise<void> {
  const container = containerName(prefix);
  const broker = managementOf(connection);
  try {
    const remedy = `docker logs ${container} tells why`;
    await untilItAnswers(broker, { seconds: START_SECONDS, passing: ["unreachable", "not-rabbitmq", "failed"], remedy });
    if (!pulumi.runtime.isDryRun())
      for (const node of await reviveDrained(broker, (name) => containerName(prefix, name.replace(/^rabbit@/, ""))))
        tell(`${node} was left drained by an update that did not end; it serves again`);
  } catch (error) {
    if (isUntrusted(error, connection.endpoint)) {
      tell(`${(error as BrokerError).fault} So its messages cannot be counted now; the update gives it another certificate and looks`);
      return;
    }
    if (!(error instanceof BrokerError) || error.kind !== "credentials") throw error;
    throw new WarrenError(`The broker in container ${container} does not take the password of its administrator that this checkout has.`, {
      remedy: `put back the ${LOCAL_FOLDER}/admin-password that it was made with; or give it this one: docker exec -i ${container} rabbitmqctl change_password ${ADMINISTRATOR} < ${LOCAL_FOLDER}/admin-password`,
      cause: error,
    });
  } finally {
    await broker.close();
  }
  await look(settings, plan, connection);
}

async function openExternal(settings: Settings, external: ExternalSettings, plan: InstallationPlan, salt: string): Promise<OpenBroker> {
  const { connection } = external;
  const { brokerVersion } = settings;
  const known = await knownOf(plan, { ...settings, salt });
  const onWarn = (text: string): void => void pulumi.log.warn(text);
  // Before the guard, which refuses some of the same differences: all of them are to stand in one list.
  const adoption = settings.adopt ? await adoptionOf({ connection, plan, known, brokerVersion, onWarn }) : undefined;
  await look(settings, plan, connection, known);
  return {
    ...(adoption ? { adoption } : {}),
    args: externalArgs(external),
    options: {},
    salt,
    managementUrl: external.connection.endpoint,
    amqpUrl: external.amqpUrl,
    metricsUrl: undefined,
    administrator: external.connection.username,
    passwordIn: undefined,
    isGone: () => Promise.resolve(false),
    announce: () => undefined,
  };
}

async function openDocker(
  settings: Settings,
  inDocker: DockerSettings,
  plan: InstallationPlan,
  salt: string,
  directory: string,
): Promise<OpenBroker> {
  const stack = pulumi.getStack();
  const prefix = `${pulumi.getProject()}-${stack}`;
  const password = inDocker.adminPassword ?? localSecret(directory, "admin-password");
  const { image, nodes, ports, listeners, memoryMb, monitoring, uiPort } = inDocker;
  const names = nodeNames(nodes);
  const found: Found = await preflight({
    container: containerName(prefix),
    others: [...names.slice(1), ...(monitoring ? MONITORING_CONTAINERS : []), ...(uiPort === undefined ? [] : [UI])].map((name) =>
      containerName(prefix, name),
    ),
    image,
    ports: [
      ...names.flatMap((_, index) =>
        published(listeners).map((name) => ({ key: `warren:${PORT_KEYS[name]}`, port: portsOf(ports, index)[name] })),
      ),
      ...toolPorts(inDocker),
    ],
    dryRun: pulumi.runtime.isDryRun(),
    onProgress: tell,
  });
  const making = { days: inDocker.certificateDays, onProgress: tell, dryRun: pulumi.runtime.isDryRun() };
  const tls = listeners.tls
    ? await localCertificates(directory, Object.fromEntries(names.map((name) => [name, [name]])), making)
    : undefined;
  // In a preview there may be none yet.
  const ca = localAuthority(directory);
  if (found.state === "running")
    await lookInDocker(
      settings,
      plan,
      {
        endpoint: found.managementUrl ?? "",
        username: ADMINISTRATOR,
        password,
        ...(ca && found.managementUrl?.startsWith("https:") ? { caFile: ca.caFile } : {}),
      },
      prefix,
    );
  else if (found.state === "stopped") tell("the broker is stopped, so its messages cannot be counted now; the update starts it and looks");

  const broker = new Broker("broker", {
    prefix,
    stack,
    image,
    nodes,
    ports,
    ...(tls ? { tls } : {}),
    plain: listeners.plain,
    memoryMb,
    plugins: pluginsOf(plan),
    cookie: localSecret(directory, "erlang-cookie"),
    administrator: { name: ADMINISTRATOR, password, salt },
  });
  const { managementUrl, amqpUrl, metricsUrl } = broker;
  const trusted = tls && !listeners.plain && ca ? { caFile: ca.caFile } : {};
  return {
    args: { endpoint: managementUrl, username: ADMINISTRATOR, password: pulumi.secret(password), ...trusted },
    options: { dependsOn: [broker.ready], deletedWith: broker },
    salt,
    managementUrl,
    amqpUrl,
    metricsUrl,
    inDocker: broker,
    ca: listeners.plain ? undefined : tls?.certificates[0]?.ca,
    authority: tls?.certificates[0]?.ca,
    administrator: ADMINISTRATOR,
    passwordIn: inDocker.adminPassword === undefined ? `${LOCAL_FOLDER}/admin-password` : undefined,
    isGone: () => isGone(prefix),
    announce: (topology, monitored = {}) => {
      if (pulumi.runtime.isDryRun()) return;
      const address = {
        ...{
          managementUrl,
          amqpUrl,
          metricsUrl,
          username: ADMINISTRATOR,
          password,
          system: settings.system,
          environment: settings.environment,
        },
        ...(nodes > 1 ? { amqpUrls: [...broker.amqpUrls], metricsUrls: [...broker.metricsUrls] } : {}),
        ...(tls ? { caFile: CA_FILE, amqpsUrls: [...broker.amqpsUrls] } : {}),
        ...monitored,
      };
      topology.vhosts.apply(() => writeEndpoint(directory, address, stack));
    },
  };
}
