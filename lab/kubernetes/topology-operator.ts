/** The messaging topology operator's objects in the lab: without webhooks, and with the lab's issuer trusted. */
import type { Certificate } from "../../docker/certificates.js";
import { type KubernetesObject } from "./kubectl.js";
import { fitDeployment, kustomized } from "./manifests.js";
import { sources } from "./programs.js";

export const topologyOperatorName = "messaging-topology-operator";
export const topologyOperatorNamespace = "rabbitmq-system";
/** A ConfigMap. */
const AUTHORITY = "warren-lab-issuer";
const WEBHOOK = ["ValidatingWebhookConfiguration", "Service"];

/** As its makers ship it, without what belongs to webhooks: these need certificates, and refuse nothing that the stack does. */
export async function topologyOperatorObjects(image: string, user: number, { cert }: Certificate): Promise<readonly KubernetesObject[]> {
  const shipped = (await kustomized(sources.topologyOperator.module, "config/installation")).filter(({ kind }) => !WEBHOOK.includes(kind));
  const objects = fitDeployment(shipped, topologyOperatorName, image, (container, pod) => {
    // Whose certificates it believes is read once, at its start: brokers of the lab that it is to provision have theirs from the lab's issuer.
    container.env = [
      ...(container.env ?? []),
      { name: "ENABLE_WEBHOOKS", value: "false" },
      { name: "SSL_CERT_FILE", value: "/authority/ca.crt" },
    ];
    container.volumeMounts = [{ name: "authority", mountPath: "/authority", readOnly: true }];
    pod.volumes = [{ name: "authority", configMap: { name: AUTHORITY } }];
    pod.securityContext = { runAsNonRoot: true, runAsUser: user };
  });
  const authority = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: AUTHORITY, namespace: topologyOperatorNamespace },
    data: { "ca.crt": cert },
  };
  return [authority, ...objects];
}
