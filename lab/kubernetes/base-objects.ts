/** Objects that every cluster of the lab has: who may what, the DNS, the storage class. */
import { apiServerUser } from "./identity.js";
import { type KubernetesObject } from "./kubectl.js";
import { services, storageClass } from "./layout.js";

const RBAC = "rbac.authorization.k8s.io";
const SYSTEM = "kube-system";

function bindUser(name: string, role: string, user: string): KubernetesObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
    subjects: [{ apiGroup: RBAC, kind: "User", name: user }],
  };
}

/** What the lab's own components may. */
export const accessObjects: readonly KubernetesObject[] = [
  bindUser("warren-lab-apiserver", "system:kubelet-api-admin", apiServerUser),
  bindUser("warren-lab-provisioner", "system:persistent-volume-provisioner", "warren-lab-provisioner"),
  // It plays nodes and their pods, and looks after leases.
  bindUser("warren-lab-kwok", "cluster-admin", "warren-lab-kwok"),
];

export const storageObjects: readonly KubernetesObject[] = [
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: storageClass, annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "warren.local/folders",
    reclaimPolicy: "Delete",
    volumeBindingMode: "WaitForFirstConsumer",
  } as KubernetesObject,
];

const dns = { name: "coredns", namespace: SYSTEM };
const dnsLabels = { "k8s-app": "kube-dns" };
const corefile = `.:53 {
  errors
  health
  ready
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    pods insecure
    ttl 5
  }
  cache 5
}
`;

export const dnsImage = (version: string): string => `warren-lab/coredns:${version}`;

/** CoreDNS at the address that the kubelets tell their pods. Names are those of the cluster alone: the lab needs no others. */
export function dnsObjects(version: string): readonly KubernetesObject[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: dns },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRole",
      metadata: { name: "system:coredns" },
      rules: [
        { apiGroups: [""], resources: ["services", "pods", "namespaces"], verbs: ["list", "watch"] },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
      ],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: "system:coredns" },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "system:coredns" },
      subjects: [{ kind: "ServiceAccount", ...dns }],
    },
    { apiVersion: "v1", kind: "ConfigMap", metadata: dns, data: { Corefile: corefile } },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: dns,
      spec: {
        selector: { matchLabels: dnsLabels },
        template: {
          metadata: { labels: dnsLabels },
          spec: {
            serviceAccountName: dns.name,
            dnsPolicy: "Default",
            priorityClassName: "system-cluster-critical",
            tolerations: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }],
            containers: [
              {
                name: "coredns",
                image: dnsImage(version),
                imagePullPolicy: "Never",
                args: ["-conf", "/etc/coredns/Corefile"],
                resources: { requests: { cpu: "50m", memory: "40Mi" }, limits: { memory: "170Mi" } },
                readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 2 },
                volumeMounts: [{ name: "config", mountPath: "/etc/coredns" }],
              },
            ],
            volumes: [{ name: "config", configMap: { name: dns.name } }],
          },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { ...dns, name: "kube-dns" },
      spec: {
        clusterIP: services.dns,
        selector: dnsLabels,
        ports: [
          { name: "dns", port: 53, protocol: "UDP" },
          { name: "dns-tcp", port: 53, protocol: "TCP" },
        ],
      },
    },
  ];
}
