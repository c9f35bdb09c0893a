/** Each service that consumes as a Deployment with all that belongs to it; for trials, the store of the reference services and a load. Pure. */
import { loadsOf, storeVariables, WORKER_FILES } from "../workers/reference/jobs.js";
import { autoscaler, autoscalerAccess } from "./autoscalers.js";
import { brokerHost, dnsName, LABELS, labelValue, PORTS, SECRET_KEYS, serviceLabels } from "./names.js";
import type { KubernetesObject } from "./objects.js";
import { brokerFiles, budget, CA_FILE, clusterService, deployment, PLACES, type PodSpec } from "./pods.js";
import { partLabels, scalingOf, type ServicePart } from "./services.js";
import type { ProdSettings } from "./settings.js";
import type { Topology } from "../topology/model.js";

/** Between the end of the drain and the end of the pod. */
const MARGIN_SECONDS = 15;
/** Of what holds nothing that is begun. */
const SHORT_GRACE = 30;
export const STORE = "store";

const variable = (name: string, value: string): object => ({ name, value });
const fromSecret = (name: string, secret: string, key: string): object => ({ name, valueFrom: { secretKeyRef: { name: secret, key } } });

/** What every client of the broker is told. */
function brokerEnv(settings: ProdSettings, vhost: string, secret: string, credentials: "files" | "env"): object[] {
  const host = brokerHost(settings.cluster.name, settings.namespaces.broker);
  return [
    variable("RABBITMQ_URLS", `amqps://${host}:${PORTS.amqps}`),
    variable("RABBITMQ_VHOST", vhost),
    ...(credentials === "files"
      ? [
          variable("RABBITMQ_USERNAME_FILE", `${PLACES.credentials}/${SECRET_KEYS.username}`),
          variable("RABBITMQ_PASSWORD_FILE", `${PLACES.credentials}/${SECRET_KEYS.password}`),
        ]
      : [fromSecret("RABBITMQ_USERNAME", secret, SECRET_KEYS.username), fromSecret("RABBITMQ_PASSWORD", secret, SECRET_KEYS.password)]),
    variable("RABBITMQ_CA_FILE", CA_FILE),
  ];
}

/** How long a pod that ends is waited for: its slowest handler, the drain, and some more. */
export const graceSeconds = ({ handlerSeconds }: ServicePart, { workers }: ProdSettings): number =>
  handlerSeconds + workers.drainSeconds + MARGIN_SECONDS;

function environment(part: ServicePart, settings: ProdSettings): object[] {
  const { settings: own, start } = part;
  const variables: Readonly<Record<string, string>> = {
    WARREN_DRAIN_DEADLINE: `${part.handlerSeconds + settings.workers.drainSeconds} seconds`,
    WARREN_HTTP_HOST: "0.0.0.0",
    WARREN_HTTP_PORT: String(own.health.port),
    ...(part.prefetch === undefined ? {} : { RABBITMQ_DEFAULT_PREFETCH_COUNT: String(part.prefetch) }),
    ...(part.concurrency === undefined ? {} : { WARREN_CONCURRENCY: String(part.concurrency) }),
    ...(start && settings.workers.store ? storeVariables(`http://${STORE}:${PORTS.store}`) : {}),
    ...start?.variables,
    ...(start && own.port !== undefined ? { WARREN_API_PORT: String(own.port) } : {}),
    ...Object.fromEntries((start?.files ?? []).map((name) => [name, `${PLACES.credentials}/${WORKER_FILES[name]}`])),
    ...own.env,
  };
  const { [start?.address ?? ""]: said, ...others } = variables;
  // Of the pod itself: others find it there.
  const address =
    start?.address === undefined
      ? []
      : [
          said === undefined
            ? { name: start.address, valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }
            : variable(start.address, said),
        ];
  return [
    ...brokerEnv(settings, part.vhost, part.secret, own.credentials),
    ...Object.entries(others).map(([name, value]) => variable(name, value)),
    ...address,
  ];
}

export function podOf(part: ServicePart, settings: ProdSettings): PodSpec {
  const { settings: own, start, name } = part;
  const args = own.args ?? (own.image === undefined && own.command === undefined ? start?.command : undefined);
  return {
    ...{ name, namespace: settings.namespaces.workers, graceSeconds: graceSeconds(part, settings), command: own.command, args },
    labels: { ...serviceLabels(part.topology.name, part.service), [LABELS.part]: "worker" },
    image: own.image ?? settings.workers.image,
    env: environment(part, settings),
    ports: { metrics: own.health.port, ...(own.port === undefined ? {} : { http: own.port }) },
    resources: own.resources ?? settings.workers.resources,
    files: brokerFiles(part.secret),
    probes: own.health,
    serves: own.port !== undefined,
    replicas: scalingOf(part, settings) === "none" ? part.replicas.min : undefined,
  };
}

function worker(part: ServicePart, settings: ProdSettings): KubernetesObject[] {
  const pod = podOf(part, settings);
  const { port } = part.settings;
  return [
    ...deployment(pod, settings),
    budget(pod),
    ...(port === undefined ? [] : [clusterService(pod, port)]),
    ...autoscaler(part, settings),
  ];
}

/** Whatever the reference services write to, in memory: for trials. */
function store(settings: ProdSettings): KubernetesObject[] {
  const pod: PodSpec = {
    ...{ name: STORE, namespace: settings.namespaces.workers, labels: partLabels(STORE), image: settings.workers.image },
    ...{ args: ["store"], env: [], files: [], graceSeconds: SHORT_GRACE, replicas: 1, serves: true },
    ports: { http: PORTS.store },
    resources: { cpu: "50m", memory: "256Mi" },
    probes: { port: PORTS.store, live: "/health", ready: "/health" },
  };
  return [...deployment(pod, settings), budget(pod), clusterService(pod, PORTS.store)];
}

/** Publishes as a service that may: with its Secret, and let in as it is. */
function loads(parts: readonly ServicePart[], settings: ProdSettings): KubernetesObject[] {
  const { load, image } = settings.workers;
  if (load === 0) return [];
  return loadsOf(topologiesOf(parts), load).flatMap(({ system, service, name: title, command }) => {
    const part = parts.find((each) => each.topology.name === system && each.service === service);
    if (!part) return [];
    const name = dnsName(title);
    return deployment(
      {
        ...{ name, namespace: settings.namespaces.workers, image, args: command, ports: {}, graceSeconds: SHORT_GRACE, replicas: 1 },
        labels: { ...serviceLabels(system, service), [LABELS.part]: labelValue(name) },
        annotations: { "warren/without.probes": "has no health server; when it ends it is started again" },
        env: brokerEnv(settings, part.vhost, part.secret, "files"),
        resources: { cpu: "100m", memory: "192Mi" },
        files: brokerFiles(part.secret),
      },
      settings,
    );
  });
}

/** The pods of the load, for those who have to know all pods. */
export const loadServices = (parts: readonly ServicePart[], { workers }: ProdSettings): { system: string; service: string }[] =>
  workers.load === 0 ? [] : loadsOf(topologiesOf(parts), workers.load).map(({ system, service }) => ({ system, service }));

const topologiesOf = (parts: readonly ServicePart[]): Topology[] => [...new Set(parts.map(({ topology }) => topology))];

export function workers(parts: readonly ServicePart[], settings: ProdSettings): KubernetesObject[] {
  const deployed = parts.filter((part) => part.deployed);
  return [
    ...autoscalerAccess(parts, settings),
    ...(settings.workers.store ? store(settings) : []),
    ...deployed.flatMap((part) => worker(part, settings)),
    ...loads(parts, settings),
  ];
}
