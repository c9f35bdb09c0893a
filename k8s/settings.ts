/** What may be chosen for the cluster in Kubernetes, with defaults: the object that a stack's configuration holds at `warren:kubernetes`. Pure. */
import { z } from "zod";
import { WarrenError } from "../topology/errors.js";
import { path } from "../topology/path.js";
import { bytesOf, millicoresOf } from "./quantities.js";
import { withSystems } from "./systems.js";
import { NO_IMAGE } from "./worker-image.js";
import { isObject } from "../topology/plain.js";

/** What the page of settings says of a key beside its description: which values, where the schema does not tell, and what holds without one. */
const said = (allowed: string) => ({ allowed });
const unset = (description: string, without: string) => ({ description, without });

/** A text; `pulumi config set --path` makes numbers and truth values of what looks like them. */
const text = z.union([z.string(), z.number(), z.boolean()]).transform(String).meta(said("text"));
const CPU = 'CPU as Kubernetes writes it: "500m", "2"';
const BYTES = 'bytes as Kubernetes writes them: "512Mi", "4Gi"';
const cpu = text.refine((value) => Number.isFinite(millicoresOf(value)), { error: CPU }).meta(said(CPU));
const bytes = text.refine((value) => Number.isFinite(bytesOf(value)), { error: BYTES }).meta(said(BYTES));
const LABEL = "a name of lower-case letters, digits and hyphens";
const SUBDOMAIN = "a name of lower-case letters, digits, dots and hyphens";
const dns = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, { error: LABEL })
  .meta(said(LABEL));
const subdomain = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, { error: SUBDOMAIN })
  .meta(said(SUBDOMAIN));
const labels = z.record(z.string(), text).meta(said("texts by name"));
const seconds = (fallback: number, min = 0) => z.int().min(min).max(604_800).default(fallback);
const port = z.int().min(1).max(65_535);
const pullSecrets = z.array(subdomain).default([]).describe("Secrets with which the image is pulled.");
const nodeSelector = labels.prefault({}).describe("Labels of the machines on which its pods may run.");
const tolerations = z
  .array(z.record(z.string(), z.unknown()))
  .default([])
  .meta({ ...said("as in a pod's `tolerations`"), description: "Taints of machines on which its pods may run all the same." });
const priorityClass = subdomain.optional().meta(unset("PriorityClass of its pods.", "the cluster's default"));
const generation = (whose: string) =>
  z.int().min(1).default(1).describe(`Of the credentials of ${whose}: raise it to change the password.`);

/** Requests and limits. Memory is both: a pod that was promised less than it may take is the first to be ended. */
const size = {
  cpu: cpu.describe("CPU that is asked for."),
  cpuLimit: cpu.optional().meta(unset("CPU that may be taken; a limit holds back where there is plenty.", "no limit")),
  memory: bytes.describe("Memory that is asked for, and the limit."),
};
const resources = (fallback: { readonly cpu: string; readonly memory: string }) =>
  z.strictObject({ ...size, cpu: size.cpu.prefault(fallback.cpu), memory: size.memory.prefault(fallback.memory) }).prefault({});

/** One silently in the place of the other would be a number that nobody wrote. */
const inOrder = ({ min, max }: { readonly min: number; readonly max: number }, faults: z.RefinementCtx): void => {
  if (min > max) faults.addIssue({ code: "custom", message: `min ${min} is more than max ${max}` });
};

/** Pods of somebody else: where they run, and how they are labelled. */
const peer = z
  .strictObject({ namespace: dns, labels: labels.prefault({}) })
  .meta(said("`namespace` of pods, and their `labels` (without: all that are there)"));

const cidr = z.union([z.cidrv4(), z.cidrv6()], { error: 'addresses as a block: "10.0.0.0/8", of one "10.1.2.3/32"' });
const ports = z.array(port).min(1);

/** Ends of connections: pods in the cluster, or addresses outside. */
const ends = <Ports extends z.ZodType>(of: Ports) =>
  z
    .strictObject({
      namespace: dns.optional(),
      labels: labels.optional(),
      cidr: cidr.optional(),
      except: z.array(cidr).optional(),
      ports: of,
    })
    .refine((end) => (end.namespace ?? end.cidr) !== undefined, { error: "names nobody: a namespace of pods, or a cidr" })
    .refine((end) => end.labels === undefined || end.namespace !== undefined, { error: "labels are of pods in a namespace" })
    .refine((end) => end.except === undefined || end.cidr !== undefined, { error: "except is of a cidr" });
const END = "`namespace` and `labels` of pods, or `cidr` and blocks of it that are not meant (`except`); `ports`";

/** Where pods may go besides the broker and DNS. */
const egress = ends(ports).meta(said(END));
/** Who answers for names, over UDP and TCP. */
const resolver = ends(ports.default([53])).meta(said(`${END} (without: 53)`));

const cluster = z
  .strictObject({
    name: dns.max(45).default("rabbitmq").describe("Of the RabbitmqCluster, and of its Service."),
    image: z.string().default("rabbitmq:4.3.6-management").describe("The broker's image, by its full version."),
    imagePullSecrets: pullSecrets,
    nodes: z.literal([1, 3, 5]).default(3).describe("Nodes of the broker: the only one cannot be lost without an outage."),
    resources: resources({ cpu: "1", memory: "4Gi" }),
    memoryWatermark: z
      .number()
      .min(0.1)
      .max(0.9)
      .default(0.6)
      .describe(
        "Share of the memory that the broker takes itself to have (the limit less the operator's headroom) at which publishers are held back.",
      ),
    storage: z
      .strictObject({
        class: subdomain.optional().meta(unset("StorageClass of each node's volume.", "the cluster's default")),
        size: bytes.prefault("20Gi").describe('Of each node\'s volume; "0": none, everything is lost with the pod (for trials).'),
      })
      .prefault({}),
    diskFreeLimit: bytes
      .optional()
      .meta(unset("Free space below which publishers are held back.", "as much as the memory, at most a fifth of the volume")),
    spread: z
      .enum(["required", "preferred"])
      .default("required")
      .describe("Whether nodes of the broker have to be on different machines and in different zones, or only if it can be had."),
    terminationGraceSeconds: seconds(3600, 30).describe("How long a node that leaves waits until no queue depends on it."),
    delayStartSeconds: seconds(30).describe("Sleep before a node starts, for slow DNS."),
    enableFeatureFlags: z
      .boolean()
      .default(true)
      .describe("Whether feature flags of a new version are switched on when all nodes run it; until then one can go back."),
    config: z.string().default("").describe("Lines of `rabbitmq.conf` after Warren's."),
    plugins: z
      .array(z.string().regex(/^\w+$/).meta(said("names")))
      .default([])
      .describe("Plugins of RabbitMQ beside those that the topology needs."),
    nodeSelector,
    tolerations,
    priorityClass,
  })
  .prefault({});

const tls = z
  .strictObject({
    source: z
      .enum(["cert-manager", "secret", "stack"])
      .default("cert-manager")
      .describe(
        "`cert-manager`: Certificate and Issuer are made. `secret`: the Secret is there, with tls.crt, tls.key and ca.crt. `stack`: the stack makes it, with an authority of the checkout.",
      ),
    secret: subdomain.default("broker-tls").describe("Secret of the broker's certificate, in the broker's namespace."),
    issuer: z
      .strictObject({
        name: subdomain.describe("Of the issuer."),
        kind: z.enum(["Issuer", "ClusterIssuer"]).default("ClusterIssuer").describe("Of the issuer."),
      })
      .optional()
      .meta(unset("Who signs, with cert-manager.", "an authority that is made beside it")),
    authorities: z
      .array(z.string().min(1))
      .default([])
      .describe(
        "Files in PEM, relative to the project: authorities that clients trust beside the certificate's own, while one follows another.",
      ),
    days: z.int().min(2).max(800).default(90).describe("How long the broker's certificate holds; renewed when a third is left."),
  })
  .prefault({});

const SCALERS = ["keda", "hpa", "none"] as const;

const autoscaling = z
  .strictObject({
    kind: z
      .enum(SCALERS)
      .default("keda")
      .describe(
        "`keda`: on the depth of queues, and CPU. `hpa`: on CPU, and on depth if something serves it as an external metric. `none`: as many as the busiest time needs.",
      ),
    scaleToZero: z
      .boolean()
      .default(false)
      .describe(
        "Whether a service whose topology says `min: 0` may have no pod; only KEDA, with a queue to look at, brings the first one back.",
      ),
    pollingSeconds: z.int().min(1).max(3600).default(15).describe("Between two looks of KEDA."),
    cooldownSeconds: seconds(300).describe("Without a message until the only pod goes; only from one pod to none."),
    scaleDownSeconds: z.int().min(0).max(3600).default(300).describe("How long the highest wish counts before pods are taken away."),
    scaleUpSeconds: z.int().min(0).max(3600).default(0).describe("How long the lowest wish counts before pods are added."),
    scaleDownPercent: z.int().min(1).max(100).default(50).describe("At most this share of the pods goes in a minute."),
    scaleUpPods: z
      .int()
      .min(1)
      .max(1000)
      .default(4)
      .describe("At most so many pods come in a minute, or `scaleUpPercent`, whichever is more."),
    scaleUpPercent: z.int().min(1).max(1000).default(100).describe("At most this share of the pods comes in a minute, or `scaleUpPods`."),
    fallback: z
      .strictObject({
        failures: z
          .int()
          .min(1)
          .max(100)
          .default(3)
          .describe("After so many failed looks at a queue there are at least `replicas` pods: those that are there stay."),
        replicas: z.int().min(0).optional().meta(unset("How many that are.", "`replicas.min` of each service")),
      })
      .prefault({}),
    queueMetric: z
      .string()
      .optional()
      .meta(unset("With `hpa`: name of the external metric of a queue's depth, chosen by labels `vhost` and `queue`.", "CPU alone")),
    cpu: z.int().min(0).max(100).default(0).describe("Percent of the requested CPU, for services that say none; 0: CPU does not count."),
    sizing: z
      .enum(["computed", "topology"])
      .default("computed")
      .describe(
        "`computed`: numbers that topology and configuration do not say come out of the services' loads, as `warren size` has them. `topology`: they are the defaults.",
      ),
    perReplica: z.int().min(1).max(10_000_000).default(100).describe("Messages a replica, where none are said or computed."),
    min: z
      .int()
      .min(0)
      .max(1000)
      .default(2)
      .describe("Replicas at least, where none are said or computed. Fewer are never computed: the machine of the only one may go."),
    max: z.int().min(1).max(1000).default(10).describe("Replicas at most, where none are said or computed."),
    generation: generation("the autoscaler's user"),
  })
  .superRefine(inOrder)
  .prefault({});

export const service = z
  .strictObject({
    deploy: z
      .boolean()
      .default(true)
      .describe(
        "`false`: others deploy it; it is let in to the broker by its labels, and its Secret is in the workers' namespace if it runs there.",
      ),
    image: z.string().optional().meta(unset("Of an application of one's own.", "that of the reference workers (`workers.image`)")),
    command: z.array(z.string()).optional().meta(unset("Of the container.", "the image's")),
    args: z.array(z.string()).optional().meta(unset("Of the container.", "those of the reference service, else the image's")),
    env: labels.prefault({}).describe("Variables of the container; they win over the stack's."),
    credentials: z
      .enum(["files", "env"])
      .default("files")
      .describe(
        "`files`: RABBITMQ_USERNAME_FILE and RABBITMQ_PASSWORD_FILE name them. `env`: RABBITMQ_USERNAME and RABBITMQ_PASSWORD hold them.",
      ),
    resources: z.strictObject(size).optional().meta(unset("Of its container.", "`workers.resources`")),
    handlerSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .optional()
      .meta(
        unset("The slowest handler: what is begun is finished before a pod ends.", "what follows from the service's load, at least 30"),
      ),
    prefetch: port
      .optional()
      .meta(
        unset(
          "Unacknowledged deliveries of each of its consumers: one of two queues may hold twice as many.",
          "computed, else the worker's own",
        ),
      ),
    concurrency: port.optional().meta(unset("Deliveries that each of its consumers handles at a time.", "computed, else the worker's own")),
    generation: generation("its user"),
    replicas: z
      .strictObject({
        min: z.int().min(0).describe("At least."),
        max: z.int().min(1).describe("At most."),
        perReplica: z
          .int()
          .min(1)
          .optional()
          .meta(unset("Messages a replica.", "the topology's, else computed, else `autoscaling.perReplica`")),
        cpu: z.int().min(1).max(100).optional().meta(unset("Percent of the requested CPU.", "`autoscaling.cpu`")),
      })
      .superRefine(inOrder)
      .optional()
      .meta(unset("In the place of the topology's, CPU included.", "the topology's, else computed, else of `autoscaling`")),
    autoscaling: z.enum(SCALERS).optional().meta(unset("What scales it.", "`autoscaling.kind`")),
    health: z
      .strictObject({
        port: port.default(9090).describe("Where it answers."),
        live: z.string().default("/health/live").describe("Path of the liveness probe."),
        ready: z.string().default("/health/ready").describe("Path of the readiness probe."),
        metrics: z.string().default("/metrics").describe("Path of its metrics."),
      })
      .prefault({}),
    port: port.optional().meta(unset("On which it serves others; makes a Service.", "it serves nobody")),
    ingress: z.array(peer).prefault([]).describe("Who may come to that port, besides the services of the same topology."),
    egress: z.array(egress).prefault([]).describe("Where it may go besides the broker and DNS."),
    pods: peer
      .optional()
      .meta(unset("Where it runs if others deploy it.", "the workers' namespace, with the labels `warren/topology` and `warren/service`")),
  })
  .prefault({});

const workers = z
  .strictObject({
    deploy: z.boolean().default(true).describe("`false`: others deploy all of them."),
    image: z
      .string()
      .default(NO_IMAGE)
      .meta(
        unset(
          "Of the reference workers, the store, the load and the exporter. Never a moving tag.",
          "has to be said where one of them runs",
        ),
      ),
    imagePullPolicy: z.enum(["IfNotPresent", "Always", "Never"]).default("IfNotPresent").describe("When images are pulled."),
    imagePullSecrets: pullSecrets,
    user: z.int().min(1).default(65_532).describe("The image's user, as a number."),
    resources: resources({ cpu: "100m", memory: "256Mi" }).describe("Of each worker that says none."),
    drainSeconds: z.int().min(0).max(3600).default(30).describe("How long a worker waits for deliveries under way when it stops."),
    nodeSelector,
    tolerations,
    priorityClass,
    store: z.boolean().default(false).describe("The one container that plays the stores of the reference systems, for trials."),
    load: z.int().min(0).max(10_000).default(0).describe("Messages a second of each reference system, for trials; 0: none."),
  })
  .prefault({});

const monitoring = z
  .strictObject({
    enabled: z.boolean().default(true).describe("Objects of the Prometheus operator, dashboards, the exporter."),
    labels: labels.prefault({}).describe("Of the objects, as the Prometheus of the cluster selects them."),
    intervalSeconds: z.int().min(5).max(300).default(15).describe("Between two scrapes."),
    runbooks: z.string().default("docs/runbooks").describe("Where the runbooks can be read."),
    exporter: z.boolean().default(true).describe("Whether the exporter is deployed."),
    exporterResources: resources({ cpu: "50m", memory: "192Mi" }),
    exporterGeneration: generation("the exporter's user"),
    prometheusUrl: z
      .url()
      .optional()
      .meta({
        ...said("`http://host:port`"),
        ...unset(
          "Where Prometheus is, for the exporter, which tells if it is gone. Policies let the exporter go to the pods in `operators.prometheus.namespace` at this port: it has to be the pods' own, also where a Service has another one. Any other way is said in `monitoring.egress`.",
          "it does not look",
        ),
      }),
    alertmanagerUrl: z
      .url()
      .optional()
      .meta({
        ...said("`http://host:port`"),
        ...unset(
          "Where the Alertmanager is that it tells. The same holds as for `monitoring.prometheusUrl`: the pods' own port, in the same namespace, or `monitoring.egress`.",
          "nobody is told",
        ),
      }),
    egress: z
      .array(egress)
      .prefault([])
      .describe("Where the exporter may go besides the broker, DNS and what the two addresses above lead to."),
  })
  .prefault({});

const network = z
  .strictObject({
    policies: z.boolean().default(true).describe("Whether NetworkPolicies are made. The CNI has to enforce them."),
    provisioners: z.array(peer).prefault([]).describe("Whoever provisions from inside the cluster. A port-forward needs nothing."),
    dns: z
      .preprocess((written: z.input<typeof resolver> | readonly z.input<typeof resolver>[]) => [written].flat(), z.array(resolver).min(1))
      .prefault({ namespace: "kube-system", labels: { "k8s-app": "kube-dns" } })
      .meta({ description: "Where DNS is answered: one, or a list.", allowed: `${END} (without: 53)` }),
    clients: z.array(peer).prefault([]).describe("Further pods that may speak AMQPS."),
    brokerEgress: z.array(egress).prefault([]).describe("Where the broker may go: upstreams of federation, ends of shovels."),
  })
  .prefault({});

const namespaces = z
  .strictObject({
    broker: dns.default("warren-broker").describe("Of the broker."),
    workers: dns.default("warren-workers").describe("Of the workers."),
    monitoring: dns.default("warren-monitoring").describe("Of the exporter and the dashboards."),
    create: z.boolean().default(true).describe("Whether the stack makes them. Where others do, no policy is put over a whole namespace."),
  })
  .prefault({});

const operators = z
  .strictObject({
    manifests: z
      .array(z.string().min(1).meta(said("files and https addresses")))
      .default([])
      .describe("Manifests that the stack applies before all else, and takes away last; none: the operators are there."),
    cluster: peer
      .prefault({ namespace: "rabbitmq-system", labels: { "app.kubernetes.io/name": "rabbitmq-cluster-operator" } })
      .describe("Pods of the RabbitMQ cluster operator."),
    topology: peer
      .prefault({ namespace: "rabbitmq-system", labels: { "app.kubernetes.io/name": "messaging-topology-operator" } })
      .describe("Pods of the messaging topology operator."),
    keda: peer.prefault({ namespace: "keda", labels: { app: "keda-operator" } }).describe("Pods of KEDA."),
    prometheus: peer
      .prefault({ namespace: "monitoring", labels: { "app.kubernetes.io/name": "prometheus" } })
      .describe("Pods of Prometheus."),
  })
  .prefault({});

export const prodSettings = z.strictObject({
  provision: z
    .enum(["management", "operator"])
    .default("management")
    .describe(
      "How the topology gets into the broker. `management`: Pulumi speaks to the management API. `operator`: as custom resources of the messaging topology operator, beside which only what these cannot say goes over the management API.",
    ),
  namespaces: namespaces.describe("Where the parts are."),
  operators: operators.describe(
    "Operators that are expected, or installed from manifests; where they run, and how their pods are labelled, for the policies.",
  ),
  cluster: cluster.describe("The broker."),
  tls: tls.describe("The broker's certificate."),
  network: network.describe("Who may reach whom, beside what follows from the topology."),
  workers: workers.describe("What all services that the stack deploys have in common."),
  services: z
    .record(z.string().meta({ title: "TOPOLOGY" }), z.record(z.string().meta({ title: "SERVICE" }), service))
    .default({})
    .describe(
      "Each service by its topology and its name. What the five systems choose for theirs is in `k8s/systems.ts`; what is written here wins, key by key.",
    ),
  autoscaling: autoscaling.describe("How many pods services have, and what finds the number."),
  monitoring: monitoring.describe("What Prometheus and Grafana of the cluster are given."),
});

/** With all defaults filled in. */
export type ProdSettings = z.output<typeof prodSettings>;
/** As it is written. */
export type ProdInput = z.input<typeof prodSettings>;
export type ServiceSettings = z.output<typeof service>;
export type Peer = z.output<typeof peer>;
export type Egress = z.output<typeof egress>;
export interface Resources {
  readonly cpu: string;
  readonly cpuLimit?: string | undefined;
  readonly memory: string;
}

/** Reads what stands at `warren:kubernetes`. Throws one WarrenError (exit code 2) with every fault. */
export function readProdSettings(raw: unknown): ProdSettings {
  const written: unknown = raw ?? {};
  const completed = isObject(written) ? { ...written, services: withSystems(written["services"]) } : written;
  const read = prodSettings.safeParse(completed);
  if (read.success) return read.data;
  const faults = read.error.issues.map((issue) => {
    const place = path("kubernetes", ...issue.path.map((step) => (typeof step === "number" ? step : String(step))));
    return `warren:${place}: ${issue.message}`;
  });
  throw new WarrenError(faults.join("\n"), {
    remedy: "pulumi config set --path 'warren:kubernetes.KEY' VALUE (docs/kubernetes-settings.md has every key)",
    exitCode: 2,
  });
}

/** Of one service; all defaults where nothing is said. */
export const serviceSettings = (settings: ProdSettings, topology: string, name: string): ServiceSettings =>
  settings.services[topology]?.[name] ?? service.parse({});
