/** The broker of a stack in Kubernetes: looked at where there is one, before anything is registered; then its cluster, and the way into it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { writeEndpoint } from "../broker/address.js";
import { brokerNames, CA_KEY, certificateNames } from "../k8s/names.js";
import { numbersTable } from "../k8s/numbers-table.js";
import { defined, type KubernetesObject } from "../k8s/objects.js";
import { objectsOf, prod, type Prod } from "../k8s/prod.js";
import { findingTexts, review } from "../k8s/rules/index.js";
import type { ProdSettings } from "../k8s/settings.js";
import { sizeOf, sizeTable } from "../k8s/sizes.js";
import { missingImage } from "../k8s/worker-image.js";
import { kubeConfig } from "../kube/context.js";
import { readManifests } from "../kube/manifests.js";
import { amqpForward } from "../kube/ports.js";
import { managementOf, type Connection } from "../provision/connection.js";
import { deleteHooks } from "../provision/delete-hooks.js";
import { globalName } from "../provision/identity.js";
import { managedByStack } from "../provision/managed.js";
import { OwnResource } from "../provision/own/resource.js";
import { untilItAnswers } from "../provision/wait.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import type { Installation } from "../topology/model.js";
import { topologyScript } from "../topology/script.js";
import { clusterUid, liveCluster, releaseQueue, type Access, type LiveCluster } from "./kubernetes-access.js";
import { registerManifests, registerObject, registerObjects } from "./kubernetes-objects.js";
import { ownProvider } from "./kubernetes-providers.js";
import { generationPasswords } from "./kubernetes-secrets.js";
import type { KubernetesSettings } from "./kubernetes-settings.js";
import { localCertificates } from "./local-certificates.js";
import { isStateShared, LOCAL_FOLDER, localSecret } from "./local-secrets.js";
import { look, type OpenBroker } from "./open-broker.js";
import { readAuthorities } from "./authorities.js";
import type { OperatorTopologyArgs } from "./operator-topology.js";
import { refuseOtherPlace, refuseOtherWay, refuseSmaller } from "./same-cluster.js";
import type { Settings } from "./settings.js";

/** What workers and monitoring are made with. */
export interface InKubernetes {
  readonly objects: Prod;
  readonly settings: ProdSettings;
  readonly options: pulumi.CustomResourceOptions;
  readonly provider: pulumi.ProviderResource;
  /** The broker's, if the stack has made it. */
  readonly namespace: pulumi.Resource | undefined;
  /** Lets the messaging topology operator delete a queue without a look at it. */
  readonly release: OperatorTopologyArgs["release"];
  /** Who vouches for the broker's certificate, PEM. */
  readonly ca: pulumi.Output<string>;
}

/** A broker that answers is looked at within this; one that is being made has this long after its pods are ready. */
const ANSWER_SECONDS = 90;
const SECRETS_SECONDS = 60;

const tell = (text: string): void => void pulumi.log.info(text);

export async function openKubernetes(
  settings: Settings,
  chosen: KubernetesSettings,
  { installation, plan }: { readonly installation: Installation; readonly plan: InstallationPlan },
  directory: string,
): Promise<OpenBroker & { readonly inKubernetes: InKubernetes }> {
  const stack = pulumi.getStack();
  const config = kubeConfig(chosen.context);
  const { prod: wanted } = chosen;
  const place = new Place(chosen, directory, stack);
  const [managed, uid] = await Promise.all([managedByStack(), clusterUid(config)]);
  refuseOtherWay(managed, wanted, stack);
  refuseOtherPlace(managed, wanted, { stack, context: config.getCurrentContext(), uid });
  const authorities = wanted.tls.authorities.map((file) => readAuthorities(file, directory));
  const find = (): Promise<LiveCluster | undefined> =>
    liveCluster(config, wanted, {
      authorities,
      wasReady: managed?.inKubernetes?.wasReady ?? false,
      forwarded: chosen.endpoint === undefined,
    });
  const live = await find();
  if (live) refuseSmaller(live, wanted);
  if (live?.failing !== undefined) void pulumi.log.warn(`the cluster operator could not do all that it was asked for: ${live.failing}`);
  const access = live?.access;
  if (access) await lookAt(settings, plan, place.connection(access), chosen);

  const objects = prod(installation, wanted, { environment: settings.environment });
  const manifests = { ...objects, objects: objectsOf(objects) };
  const fault = missingImage(manifests);
  // A preview makes nothing: it shows sizes and objects before there is an image too.
  if (fault && !pulumi.runtime.isDryRun()) throw fault;
  if (fault) void pulumi.log.warn(`An update is refused so far: ${fault.message}`);
  tell(`it asks of the cluster:\n${sizeTable(sizeOf(manifests.objects))}`);
  const numbers = numbersTable(objects.services, wanted);
  if (numbers !== "") tell(`its services' numbers, and where they come from:\n${numbers}`);
  for (const text of findingTexts(review(manifests))) void pulumi.log.warn(text);
  const context = chosen.context ?? "";
  const provider = ownProvider(context);
  // Whatever makes the engine delete or replace the cluster: not while it holds messages.
  const guarded = deleteHooks().broker;
  const operators = registerManifests(await readManifests(wanted.operators.manifests, directory), { provider, context });
  // What operators look after goes before them.
  const namespaces = registerObjects(objects.namespaces, { provider, dependsOn: operators, ...guarded });
  const inCluster: pulumi.CustomResourceOptions = { provider, dependsOn: [...operators, ...namespaces] };
  const certificate = await ownCertificate(wanted, directory, inCluster);
  const isBroker = ({ kind }: KubernetesObject): boolean => kind === "RabbitmqCluster";
  const before = registerObjects(
    objects.cluster.filter((object) => !isBroker(object)),
    inCluster,
  );
  // It starts with its certificate there, and behind its policies.
  const [broker] = registerObjects(objects.cluster.filter(isBroker), {
    ...inCluster,
    dependsOn: [...namespaces, ...certificate, ...before],
    ...guarded,
  });
  if (!broker) throw new WarrenError("The objects of the prod stack hold no RabbitmqCluster");

  const cluster = [...before, broker];
  // After an update it may have another authority.
  const known: pulumi.Output<Access> =
    access && pulumi.runtime.isDryRun()
      ? pulumi.secret(access)
      : pulumi.secret(pulumi.all(cluster.map(({ id }) => id)).apply(() => untilThere(find, wanted)));
  const connection = known.apply((there) => place.connection(there));
  const ready = new OwnResource(
    "ready",
    globalName("ready", "broker"),
    { spec: { broker: broker.id, timeoutSeconds: ANSWER_SECONDS, remedy: remedyOf(chosen), ...defined({ kubernetes: uid }) }, connection },
    { dependsOn: cluster },
  );
  return {
    args: {
      endpoint: place.managementUrl,
      username: connection.username,
      password: pulumi.secret(connection.password),
      caFile: connection.apply(({ caFile }) => caFile) as pulumi.Output<string>,
    },
    passwords: generationPasswords(objects),
    topologyFile: place.topologyFile,
    options: { dependsOn: [ready], deletedWith: broker },
    salt: settings.salt ?? localSecret(directory, "salt"),
    managementUrl: place.managementUrl,
    amqpUrl: objects.endpoints.amqp,
    metricsUrl: undefined,
    administrator: `of Secret ${wanted.namespaces.broker}/${brokerNames(wanted.cluster.name).defaultUser}`,
    passwordIn: undefined,
    // With the cluster everything in it goes.
    isGone: async () => (await find())?.access === undefined,
    announce: (topology) => {
      if (pulumi.runtime.isDryRun()) return;
      pulumi.all([known, topology.vhosts]).apply(([{ username, password }]) => {
        const { managementUrl, amqpUrl, caName, topologyFile: system } = place;
        // With the stack's own users and the sizes of its environment, of which the system itself knows nothing.
        writeFileSync(join(directory, system), topologyScript(installation, settings.environment));
        const { environment } = settings;
        writeEndpoint(directory, { managementUrl, amqpUrl, username, password, system, environment, caFile: caName }, stack);
      });
    },
    inKubernetes: {
      objects,
      settings: wanted,
      options: inCluster,
      provider,
      release: (queue) => releaseQueue(config, queue),
      namespace: namespaces[objects.namespaces.findIndex(({ metadata }) => metadata.name === wanted.namespaces.broker)],
      ca: pulumi.output(known.apply(({ ca }) => ca)),
    },
  };
}

/** Addresses as this machine has them, and the file with the authority. */
class Place {
  readonly managementUrl: string;
  readonly amqpUrl: string;
  /** In the ignored folder. */
  readonly caName: string;
  readonly caFile: string;
  /** What is provisioned, for the `warren` command; relative to the directory. */
  readonly topologyFile: string;

  constructor({ endpoint, forwardPort }: KubernetesSettings, directory: string, stack: string) {
    // The certificate is for `localhost` too, and not for an address.
    this.managementUrl = endpoint ?? `https://localhost:${forwardPort}`;
    const { hostname } = new URL(this.managementUrl);
    this.amqpUrl = `amqps://${hostname}:${endpoint === undefined ? amqpForward(forwardPort) : 5671}`;
    this.caName = join("tls", `${stack}-broker-ca.pem`);
    this.caFile = join(directory, LOCAL_FOLDER, this.caName);
    this.topologyFile = join(LOCAL_FOLDER, `topology.${stack}.cjs`);
  }

  connection({ username, password, ca }: Access): Connection {
    mkdirSync(join(this.caFile, ".."), { recursive: true, mode: 0o700 });
    writeFileSync(this.caFile, ca, { mode: 0o600 });
    return { endpoint: this.managementUrl, username, password, caFile: this.caFile };
  }
}

const remedyOf = ({ endpoint, forwardPort, prod: { cluster, namespaces } }: KubernetesSettings): string =>
  endpoint === undefined
    ? `npm run up leads 127.0.0.1:${forwardPort} into the cluster by itself; with pulumi alone, run npm run forward beside it. kubectl -n ${namespaces.broker} get pods,rabbitmqcluster tells how ${cluster.name} is`
    : `see to it that warren:endpoint, ${endpoint}, can be reached from here`;

async function lookAt(settings: Settings, plan: InstallationPlan, connection: Connection, chosen: KubernetesSettings): Promise<void> {
  const broker = managementOf(connection);
  try {
    const options = { seconds: ANSWER_SECONDS, passing: ["unreachable", "failed"], remedy: remedyOf(chosen) } as const;
    await untilItAnswers(broker, options);
  } catch (error) {
    // A broker that does not come up cannot be asked what it holds; whoever discards does not ask.
    if (!settings.allowDataLoss || !(error instanceof WarrenError)) throw error;
    tell(error.fault);
    return;
  } finally {
    await broker.close();
  }
  await look(settings, plan, connection);
}

/** The operator has made the default user's Secret before its pods are ready, cert-manager the certificate's: a moment may pass until both are read. */
async function untilThere(find: () => Promise<LiveCluster | undefined>, { namespaces, cluster, tls }: ProdSettings): Promise<Access> {
  const deadline = Date.now() + SECRETS_SECONDS * 1000;
  for (;;) {
    const access = (await find())?.access;
    if (access) return access;
    const names = [brokerNames(cluster.name).defaultUser, tls.secret].join(" and ");
    if (Date.now() > deadline)
      throw new WarrenError(`The cluster is there, and not the Secrets ${names} in namespace ${namespaces.broker}.`, {
        remedy: `kubectl -n ${namespaces.broker} get secrets,rabbitmqcluster; the operator's log tells why`,
      });
    await sleep(1000);
  }
}

/** The broker's certificate by the authority of the checkout, for trials. */
async function ownCertificate(
  { tls, cluster, namespaces }: ProdSettings,
  directory: string,
  options: pulumi.CustomResourceOptions,
): Promise<pulumi.CustomResource[]> {
  if (tls.source !== "stack") return [];
  if (isStateShared())
    throw new WarrenError(
      'warren:kubernetes.tls.source "stack" is for trials: the authority is one checkout\'s, and the state is shared with others, who would replace the certificate by theirs.',
      { remedy: 'tls.source "cert-manager", or "secret" with one that is there', exitCode: 2 },
    );
  const server = `${cluster.name}-${pulumi.getStack()}`;
  const hosts = certificateNames(cluster.name, namespaces.broker).filter((name) => name !== "localhost");
  const making = { days: tls.days, onProgress: tell, dryRun: pulumi.runtime.isDryRun() };
  const { certificates } = await localCertificates(directory, { [server]: hosts }, making);
  const [made] = certificates;
  if (!made) return [];
  const stringData = pulumi.secret({ "tls.crt": made.cert, "tls.key": made.key, [CA_KEY]: made.ca });
  const metadata = { name: tls.secret, namespace: namespaces.broker };
  return [registerObject({ apiVersion: "v1", kind: "Secret", metadata, type: "kubernetes.io/tls", stringData }, options)];
}
