/** The messaging topology operator as a process beside a real API, and a RabbitmqCluster there that is really a broker in Docker. */
import { join } from "node:path";
import { getPrograms } from "../../lab/kubernetes/binaries.js";
import { sourceFolder } from "../../lab/kubernetes/modules.js";
import { sources } from "../../lab/kubernetes/programs.js";
import { topologyOperatorName, topologyOperatorNamespace, topologyOperatorObjects } from "../../lab/kubernetes/topology-operator.js";
import type { LiveBroker } from "../broker-api.js";
import type { KubernetesApi } from "./api.js";

const NOBODY = 65_532;

/** The lab's objects of it, and the program with the rights that they give. Gives the file with what it says. */
export async function startTopologyOperator(api: KubernetesApi): Promise<string> {
  const clusters = join(await sourceFolder(sources.clusterOperator.module), "config/crd/bases");
  await api.ask(["apply", "--server-side", "-f", clusters]);
  const objects = await topologyOperatorObjects("lab/operator:1", NOBODY, { cert: "PEM", key: "" });
  const first = (object: { readonly kind: string }): boolean => ["Namespace", "CustomResourceDefinition"].includes(object.kind);
  for (const items of [objects.filter(first), objects.filter((object) => !first(object))])
    await api.ask(["apply", "--server-side", "--validate=strict", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  await api.ask(["wait", "crd", "--all", "--for=condition=Established", "--timeout=60s"]);
  const folder = (await getPrograms(sources.topologyOperator, console.log)).value;
  // As in the lab: webhooks would need a certificate, and the API server a way to them.
  return api.run(join(folder, "manager"), ["--metrics-bind-address=0"], {
    OPERATOR_NAMESPACE: topologyOperatorNamespace,
    ENABLE_WEBHOOKS: "false",
    KUBECONFIG: await api.kubeconfigOf(topologyOperatorNamespace, topologyOperatorName),
  });
}

/** What the cluster operator would have made of a RabbitmqCluster: its default user's Secret, and a status that leads to the broker. */
export async function pretendCluster(api: KubernetesApi, namespace: string, name: string, broker: LiveBroker): Promise<void> {
  const { username, password, managementUrl } = broker;
  const secret = `${name}-default-user`;
  const metadata = { name: secret, namespace };
  const object = { apiVersion: "v1", kind: "Secret", metadata, stringData: { username, password } };
  await api.ask(["apply", "--server-side", "-f", "-"], JSON.stringify(object));
  const place = [`rabbitmqclusters.rabbitmq.com/${name}`, "--namespace", namespace];
  await api.ask(["annotate", ...place, "--overwrite", `rabbitmq.com/operator-connection-uri=${managementUrl}`]);
  const conditions = ["AllReplicasReady", "ReconcileSuccess"].map((type) => ({
    ...{ type, status: "True", lastTransitionTime: new Date().toISOString() },
  }));
  await api.setStatus(
    {
      binding: { name: secret },
      defaultUser: { secretReference: { name: secret, namespace, keys: {} }, serviceReference: { name, namespace } },
      conditions,
    },
    ...place,
  );
}
