/** cert-manager's objects in the lab: its controllers, what they may, and an issuer whose authority the lab knows. */
import type { Certificate } from "../../docker/certificates.js";
import { type KubernetesObject } from "./kubectl.js";

const RBAC = "rbac.authorization.k8s.io";
export const certManagerName = "cert-manager";
export const certManagerNamespace = "cert-manager";
/** A ClusterIssuer; the same name has the Secret of its authority. */
export const issuerName = "warren-lab";

const own = { name: certManagerName, namespace: certManagerNamespace };
const labels = { "app.kubernetes.io/name": certManagerName };

/** What the controllers of issuers and certificates may. The chart's own manifests are templates, and allow for what is not run here. */
const access: readonly KubernetesObject[] = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: certManagerNamespace } },
  { apiVersion: "v1", kind: "ServiceAccount", metadata: own },
  {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRole",
    metadata: { name: certManagerName },
    rules: [
      {
        apiGroups: ["cert-manager.io"],
        resources: ["certificates", "certificaterequests", "issuers", "clusterissuers"].flatMap((kind) => [
          kind,
          `${kind}/status`,
          `${kind}/finalizers`,
        ]),
        verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
      },
      { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch", "create", "update", "patch", "delete"] },
      { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
    ],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: certManagerName },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: certManagerName },
    subjects: [{ kind: "ServiceAccount", ...own }],
  },
];

const deployment = (image: string, user: number): KubernetesObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { ...own, labels },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: certManagerName,
        securityContext: { runAsNonRoot: true, runAsUser: user, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            name: certManagerName,
            image,
            imagePullPolicy: "IfNotPresent",
            args: [`-cluster-resource-namespace=${certManagerNamespace}`],
            resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
            securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
          },
        ],
      },
    },
  },
});

/** With an issuer for the whole cluster. */
export function certManagerObjects(image: string, user: number, { cert, key }: Certificate): readonly KubernetesObject[] {
  return [
    ...access,
    deployment(image, user),
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: issuerName, namespace: certManagerNamespace },
      type: "kubernetes.io/tls",
      stringData: { "tls.crt": cert, "tls.key": key },
    },
    { apiVersion: "cert-manager.io/v1", kind: "ClusterIssuer", metadata: { name: issuerName }, spec: { ca: { secretName: issuerName } } },
  ];
}
