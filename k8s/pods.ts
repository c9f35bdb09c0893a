/** What every pod of the stack has: Pod Security "restricted", no token, a read-only root file system, its places spread. Pure. */
import { containerResources, HOST, ZONE } from "./cluster.js";
import { CA_CONFIG_MAP, CA_KEY, OWN } from "./names.js";
import type { KubernetesObject } from "./objects.js";
import type { ProdSettings, Resources } from "./settings.js";

/** Of a container. */
export const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  privileged: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
} as const;

/** Where secrets and the broker's authorities are in a container. */
export const PLACES = { credentials: "/run/warren/credentials", ca: "/run/warren/ca", topology: "/run/warren/topology" } as const;
export const CA_FILE = `${PLACES.ca}/${CA_KEY}`;

export interface Mounted {
  readonly name: string;
  readonly mountPath: string;
  /** A Secret, a ConfigMap; else an empty folder. */
  readonly secret?: string;
  readonly configMap?: string;
}

/** What talks to the broker: its credentials and the authorities. */
export const brokerFiles = (secret: string): Mounted[] => [
  { name: "credentials", mountPath: PLACES.credentials, secret },
  { name: "ca", mountPath: PLACES.ca, configMap: CA_CONFIG_MAP },
];

export interface PodSpec {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly image: string;
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
  readonly env: readonly object[];
  readonly ports: Readonly<Record<string, number>>;
  readonly resources: Resources;
  readonly files: readonly Mounted[];
  readonly probes?: { readonly port: number; readonly live: string; readonly ready: string } | undefined;
  readonly graceSeconds: number;
  /** Waits until nobody is sent here any more. */
  readonly serves?: boolean;
  /** Fixed; else an autoscaler says how many. */
  readonly replicas?: number | undefined;
}

const volumeOf = ({ name, secret, configMap }: Mounted): object => {
  // Readable for the group that the pod has, fsGroup.
  if (secret !== undefined) return { name, secret: { secretName: secret, defaultMode: 0o440 } };
  return configMap === undefined ? { name, emptyDir: { sizeLimit: "64Mi" } } : { name, configMap: { name: configMap } };
};

/** Asked for often at the start alone, that a slow start is not taken for a death. */
function probesOf(probes: PodSpec["probes"]): object {
  if (!probes) return {};
  const { port, live, ready } = probes;
  return {
    startupProbe: { httpGet: { path: live, port }, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 60 },
    livenessProbe: { httpGet: { path: live, port }, periodSeconds: 10, timeoutSeconds: 4, failureThreshold: 3 },
    readinessProbe: { httpGet: { path: ready, port }, periodSeconds: 5, timeoutSeconds: 4, failureThreshold: 2 },
  };
}

/** The account, with no rights at all, and the Deployment. */
export function deployment(pod: PodSpec, { workers }: ProdSettings): KubernetesObject[] {
  const { name, namespace, labels, annotations, env, command, args } = pod;
  const metadata = { name, namespace, labels: { ...OWN, ...labels } };
  const selector = { matchLabels: labels };
  const files = [{ name: "tmp", mountPath: "/tmp" }, ...pod.files];
  const spread = [ZONE, HOST].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: selector,
    matchLabelKeys: ["pod-template-hash"],
  }));
  const template = {
    metadata: { labels: { ...OWN, ...labels }, ...(annotations ? { annotations } : {}) },
    spec: {
      serviceAccountName: name,
      automountServiceAccountToken: false,
      // A Service called rabbitmq would set RABBITMQ_PORT.
      enableServiceLinks: false,
      terminationGracePeriodSeconds: pod.graceSeconds,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: workers.user,
        runAsGroup: workers.user,
        fsGroup: workers.user,
        seccompProfile: { type: "RuntimeDefault" },
      },
      topologySpreadConstraints: spread,
      ...(Object.keys(workers.nodeSelector).length > 0 ? { nodeSelector: workers.nodeSelector } : {}),
      ...(workers.tolerations.length > 0 ? { tolerations: workers.tolerations } : {}),
      ...(workers.priorityClass === undefined ? {} : { priorityClassName: workers.priorityClass }),
      ...(workers.imagePullSecrets.length > 0 ? { imagePullSecrets: workers.imagePullSecrets.map((secret) => ({ name: secret })) } : {}),
      containers: [
        {
          name: "main",
          image: pod.image,
          imagePullPolicy: workers.imagePullPolicy,
          ...(command ? { command } : {}),
          ...(args ? { args } : {}),
          env,
          ports: Object.entries(pod.ports).map(([port, containerPort]) => ({ name: port, containerPort, protocol: "TCP" })),
          resources: containerResources(pod.resources),
          ...probesOf(pod.probes),
          ...(pod.serves ? { lifecycle: { preStop: { sleep: { seconds: 5 } } } } : {}),
          securityContext: CONTAINER_SECURITY,
          volumeMounts: files.map((file) => ({
            name: file.name,
            mountPath: file.mountPath,
            ...(file.name === "tmp" ? {} : { readOnly: true }),
          })),
        },
      ],
      volumes: files.map(volumeOf),
    },
  };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        ...(pod.replicas === undefined ? {} : { replicas: pod.replicas }),
        selector,
        revisionHistoryLimit: 5,
        minReadySeconds: 5,
        // New ones first, a quarter at a time: a change of credentials is no storm.
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 } },
        template,
      },
    },
  ];
}

/** A quarter at a time, and at least one: machines can always be drained. */
export const budget = ({ name, namespace, labels }: Pick<PodSpec, "name" | "namespace" | "labels">): KubernetesObject => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name, namespace, labels: { ...OWN, ...labels } },
  spec: { maxUnavailable: "25%", selector: { matchLabels: labels }, unhealthyPodEvictionPolicy: "AlwaysAllow" },
});

export const clusterService = (
  { name, namespace, labels }: Pick<PodSpec, "name" | "namespace" | "labels">,
  port: number,
): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace, labels: { ...OWN, ...labels } },
  spec: { type: "ClusterIP", selector: labels, ports: [{ name: "http", port, targetPort: port, protocol: "TCP" }] },
});
