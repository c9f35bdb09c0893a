/** What may be chosen for the cluster in Kubernetes, with defaults: the object that a stack's configuration holds at `warren:kubernetes`. Pure. */
import { z } from "zod";
import { WarrenError } from "../topology/errors.js";
import { path } from "../topology/path.js";
import { bytesOf, millicoresOf } from "./quantities.js";
import { withSystems } from "./systems.js";
import { isObject } from "../topology/plain.js";

/** A text; `pulumi config set --path` makes numbers and truth values of what looks like them. */
const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const cpu = text.refine((value) => Number.isFinite(millicoresOf(value)), { error: 'CPU as Kubernetes writes it: "500m", "2"' });
const bytes = text.refine((value) => Number.isFinite(bytesOf(value)), { error: 'bytes as Kubernetes writes them: "512Mi", "4Gi"' });
const dns = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, { error: "a name of lower-case letters, digits and hyphens" });
const subdomain = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, { error: "a name of lower-case letters, digits, dots and hyphens" });
const labels = z.record(z.string(), text);
const seconds = (fallback: number, min = 0) => z.int().min(min).max(604_800).default(fallback);

/** Requests and limits. Memory is both: a pod that was promised less than it may take is the first to be ended. */
const resources = (fallback: { readonly cpu: string; readonly cpuLimit?: string; readonly memory: string }) =>
  z
    .strictObject({
      cpu: cpu.default(fallback.cpu),
      /** @default none: a limit of CPU holds back where there is plenty */
      cpuLimit: fallback.cpuLimit === undefined ? cpu.optional() : cpu.default(fallback.cpuLimit),
      memory: bytes.default(fallback.memory),
    })
    .prefault({});

/** One silently in the place of the other would be a number that nobody wrote. */
const inOrder = ({ min, max }: { readonly min: number; readonly max: number }, faults: z.RefinementCtx): void => {
  if (min > max) faults.addIssue({ code: "custom", message: `min ${min} is more than max ${max}` });
};

/** Pods of somebody else: where they run, and how they are labelled. */
const peer = z.strictObject({ namespace: dns, labels: labels.default({}) });

const cidr = z.union([z.cidrv4(), z.cidrv6()], { error: 'addresses as a block: "10.0.0.0/8", of one "10.1.2.3/32"' });
const ports = z.array(z.int().min(1).max(65_535)).min(1);

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

/** Where pods may go besides the broker and DNS. */
const egress = ends(ports);
/** Who answers for names, over UDP and TCP. */
const resolver = ends(ports.default([53]));

const cluster = z
  .strictObject({
    /** Of the RabbitmqCluster, and of its Service. */
    name: dns.max(45).default("rabbitmq"),
    image: z.string().default("rabbitmq:4.3.6-management"),
    imagePullSecrets: z.array(subdomain).default([]),
    /** Nodes: one cannot be lost without an outage. */
    nodes: z.literal([1, 3, 5]).default(3),
    resources: resources({ cpu: "1", memory: "4Gi" }),
    /** Share of the memory that the broker takes itself to have (the limit less the operator's headroom) at which publishers are held back. */
    memoryWatermark: z.number().min(0.1).max(0.9).default(0.6),
    /** Each node's volume; "0": none, everything is lost with the pod (for trials). */
    storage: z.strictObject({ class: subdomain.optional(), size: bytes.default("20Gi") }).prefault({}),
    /** Free space below which publishers are held back. @default as much as the watermark of memory, at most a fifth of the volume */
    diskFreeLimit: bytes.optional(),
    /** Whether nodes of the broker have to be on different machines and in different zones, or only if it can be had. */
    spread: z.enum(["required", "preferred"]).default("required"),
    /** How long a node that leaves waits until no queue depends on it. */
    terminationGraceSeconds: seconds(3600, 30),
    /** Sleep before a node starts, for slow DNS. */
    delayStartSeconds: seconds(30),
    /** Whether feature flags of a new version are switched on when all nodes run it; until then one can go back. */
    enableFeatureFlags: z.boolean().default(true),
    /** Lines of rabbitmq.conf beside Warren's, after them. */
    config: z.string().default(""),
    plugins: z.array(z.string().regex(/^\w+$/)).default([]),
    nodeSelector: labels.default({}),
    tolerations: z.array(z.record(z.string(), z.unknown())).default([]),
    priorityClass: subdomain.optional(),
  })
  .prefault({});

const tls = z
  .strictObject({
    /**
     * `cert-manager`: Certificate and Issuer are made. `secret`: the Secret is there, with tls.crt, tls.key and ca.crt. `stack`: the stack makes it,
     * with an authority of the checkout.
     */
    source: z.enum(["cert-manager", "secret", "stack"]).default("cert-manager"),
    /** Of the broker's certificate, in the broker's namespace. */
    secret: subdomain.default("broker-tls"),
    /** With cert-manager: who signs. @default an authority that is made beside it */
    issuer: z.strictObject({ name: subdomain, kind: z.enum(["Issuer", "ClusterIssuer"]).default("ClusterIssuer") }).optional(),
    /** Files in PEM, relative to the project: authorities that clients trust beside the certificate's own, while one follows another. */
    authorities: z.array(z.string().min(1)).default([]),
    /** How long the broker's certificate holds; renewed when a third is left. */
    days: z.int().min(2).max(800).default(90),
  })
  .prefault({});

const autoscaling = z
  .strictObject({
    /** `keda`: on the depth of queues, and CPU. `hpa`: on CPU, and on depth if something serves it as an external metric. `none`: `replicas.min`. */
    kind: z.enum(["keda", "hpa", "none"]).default("keda"),
    /** Whether a service whose topology says `min: 0` may have no pod; only KEDA, with a queue to look at, brings the first one back. */
    scaleToZero: z.boolean().default(false),
    pollingSeconds: z.int().min(1).max(3600).default(15),
    /** Only from one pod to none. */
    cooldownSeconds: seconds(300),
    /** How long the highest wish counts before pods are taken away. */
    scaleDownSeconds: z.int().min(0).max(3600).default(300),
    scaleUpSeconds: z.int().min(0).max(3600).default(0),
    /** At most this share of the pods, or this number, goes or comes in a minute. */
    scaleDownPercent: z.int().min(1).max(100).default(50),
    scaleUpPods: z.int().min(1).max(1000).default(4),
    scaleUpPercent: z.int().min(1).max(1000).default(100),
    /** After so many failed looks at the queue there are at least `replicas` pods: those that are there stay. @default replicas.min of each service */
    fallback: z.strictObject({ failures: z.int().min(1).max(100).default(3), replicas: z.int().min(0).optional() }).prefault({}),
    /** With `hpa`: name of the external metric of a queue's depth, chosen by labels `vhost` and `queue`. @default none: CPU alone */
    queueMetric: z.string().optional(),
    /** Percent of the requested CPU, for services that say none; 0: CPU does not count. */
    cpu: z.int().min(0).max(100).default(0),
    /**
     * `computed`: numbers that topology and configuration do not say come out of the services' loads, as `warren size` has them. `topology`: they are
     * the defaults.
     */
    sizing: z.enum(["computed", "topology"]).default("computed"),
    /** Messages a replica, where none are said or computed. */
    perReplica: z.int().min(1).max(10_000_000).default(100),
    /** Replicas where none are said or computed. Fewer than `min` are never computed: the machine of the only one may go. */
    min: z.int().min(0).max(1000).default(2),
    max: z.int().min(1).max(1000).default(10),
    /** Generation of the autoscaler's user. */
    generation: z.int().min(1).default(1),
  })
  .superRefine(inOrder)
  .prefault({});

export const service = z
  .strictObject({
    /** False: others deploy it; it is let in to the broker, by its labels. */
    deploy: z.boolean().default(true),
    /** Of an application of one's own. @default that of the reference workers */
    image: z.string().optional(),
    command: z.array(z.string()).optional(),
    args: z.array(z.string()).optional(),
    env: z.record(z.string(), text).default({}),
    /** `files`: RABBITMQ_USERNAME_FILE and RABBITMQ_PASSWORD_FILE name them. `env`: RABBITMQ_USERNAME and RABBITMQ_PASSWORD hold them. */
    credentials: z.enum(["files", "env"]).default("files"),
    /** @default workers.resources */
    resources: z.strictObject({ cpu, cpuLimit: cpu.optional(), memory: bytes }).optional(),
    /** The slowest handler: what is begun is finished before a pod ends. @default what follows from the service's load, at least 30 */
    handlerSeconds: z.int().min(0).max(86_400).optional(),
    /** Unacknowledged deliveries of each of its consumers: one of two queues may hold twice as many. */
    prefetch: z.int().min(1).max(65_535).optional(),
    /** Deliveries that each of its consumers handles at a time. */
    concurrency: z.int().min(1).max(65_535).optional(),
    /** Of its credentials: raise it to change the password. */
    generation: z.int().min(1).default(1),
    /** In the place of the topology's, CPU included. */
    replicas: z
      .strictObject({
        min: z.int().min(0),
        max: z.int().min(1),
        perReplica: z.int().min(1).optional(),
        cpu: z.int().min(1).max(100).optional(),
      })
      .superRefine(inOrder)
      .optional(),
    autoscaling: z.enum(["keda", "hpa", "none"]).optional(),
    health: z
      .strictObject({
        port: z.int().min(1).max(65_535).default(9090),
        live: z.string().default("/health/live"),
        ready: z.string().default("/health/ready"),
        metrics: z.string().default("/metrics"),
      })
      .prefault({}),
    /** Port on which it serves others; makes a Service. */
    port: z.int().min(1).max(65_535).optional(),
    /** Who may come to that port, besides the services of the same topology. */
    ingress: z.array(peer).default([]),
    egress: z.array(egress).default([]),
    /** Where it runs if others deploy it. @default the workers' namespace, with the labels warren/topology and warren/service */
    pods: peer.optional(),
  })
  .prefault({});

const workers = z
  .strictObject({
    /** False: others deploy all of them. */
    deploy: z.boolean().default(true),
    /** Of the reference workers, the exporter and the load. Never a moving tag. */
    image: z.string().default("warren/worker:0.1.0"),
    imagePullPolicy: z.enum(["IfNotPresent", "Always", "Never"]).default("IfNotPresent"),
    imagePullSecrets: z.array(subdomain).default([]),
    /** The image's user. */
    user: z.int().min(1).default(65_532),
    /** Of each worker that says none. */
    resources: resources({ cpu: "100m", memory: "256Mi" }),
    /** How long a worker waits for deliveries under way when it stops. */
    drainSeconds: z.int().min(0).max(3600).default(30),
    nodeSelector: labels.default({}),
    tolerations: z.array(z.record(z.string(), z.unknown())).default([]),
    priorityClass: subdomain.optional(),
    /** The one container that plays the stores of the reference systems, for trials. */
    store: z.boolean().default(false),
    /** Messages a second of each reference system, for trials; 0: none. */
    load: z.int().min(0).max(10_000).default(0),
  })
  .prefault({});

const monitoring = z
  .strictObject({
    /** Objects of the Prometheus operator, dashboards, the exporter. */
    enabled: z.boolean().default(true),
    /** Of the objects, as the Prometheus of the cluster selects them. */
    labels: labels.default({}),
    intervalSeconds: z.int().min(5).max(300).default(15),
    /** Where the runbooks can be read. */
    runbooks: z.string().default("docs/runbooks"),
    exporter: z.boolean().default(true),
    exporterResources: resources({ cpu: "50m", memory: "192Mi" }),
    exporterGeneration: z.int().min(1).default(1),
    /** For the exporter, which tells Alertmanager if Prometheus is gone: `http://host:port`. */
    prometheusUrl: z.url().optional(),
    alertmanagerUrl: z.url().optional(),
  })
  .prefault({});

const network = z
  .strictObject({
    /** Whether NetworkPolicies are made. The CNI has to enforce them. */
    policies: z.boolean().default(true),
    /** Whoever provisions from inside the cluster. A port-forward needs nothing. */
    provisioners: z.array(peer).default([]),
    /** Where DNS is answered: by one, or a list. */
    dns: z
      .preprocess((written: z.input<typeof resolver> | readonly z.input<typeof resolver>[]) => [written].flat(), z.array(resolver).min(1))
      .prefault({ namespace: "kube-system", labels: { "k8s-app": "kube-dns" } }),
    /** Further pods that may speak AMQPS. */
    clients: z.array(peer).default([]),
    /** Where the broker may go: upstreams of federation, ends of shovels. */
    brokerEgress: z.array(egress).default([]),
  })
  .prefault({});

export const prodSettings = z.strictObject({
  /**
   * How the topology gets into the broker. `management`: Pulumi speaks to the management API. `operator`: as custom resources of the messaging
   * topology operator, beside which only what these cannot say goes over the management API.
   */
  provision: z.enum(["management", "operator"]).default("management"),
  namespaces: z
    .strictObject({
      broker: dns.default("warren-broker"),
      workers: dns.default("warren-workers"),
      monitoring: dns.default("warren-monitoring"),
      /** Whether the stack makes them. */
      create: z.boolean().default(true),
    })
    .prefault({}),
  /** Operators: where they run, and how their pods are labelled; they are expected, or installed from manifests. */
  operators: z
    .strictObject({
      /** Files and https addresses of manifests that the stack applies before all else, and takes away last. @default none: they are there */
      manifests: z.array(z.string().min(1)).default([]),
      topology: peer.prefault({
        namespace: "rabbitmq-system",
        labels: { "app.kubernetes.io/name": "messaging-topology-operator" },
      }),
      keda: peer.prefault({ namespace: "keda", labels: { app: "keda-operator" } }),
      prometheus: peer.prefault({ namespace: "monitoring", labels: { "app.kubernetes.io/name": "prometheus" } }),
    })
    .prefault({}),
  cluster,
  tls,
  network,
  workers,
  /** By topology and service. */
  services: z.record(z.string(), z.record(z.string(), service)).default({}),
  autoscaling,
  monitoring,
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
    remedy: "pulumi config set --path 'warren:kubernetes.KEY' VALUE (docs/kubernetes.md has every key)",
    exitCode: 2,
  });
}

/** Of one service; all defaults where nothing is said. */
export const serviceSettings = (settings: ProdSettings, topology: string, name: string): ServiceSettings =>
  settings.services[topology]?.[name] ?? service.parse({});
