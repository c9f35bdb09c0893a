/** What is admitted for the broker that the configuration names: in Kubernetes, with the users that autoscalers, the exporter and rotations need. */
import { prod } from "../k8s/prod.js";
import { admit, type Admitted } from "../provision/admit.js";
import type { Settings } from "./settings.js";

export function admitForBroker(admitted: Admitted, { broker, environment, strict }: Settings, label: string): Admitted {
  if (broker.kind !== "kubernetes") return admitted;
  const { installation } = admitted;
  const { users } = prod(installation, broker.prod, { environment });
  return admit({ ...installation, users: { ...installation.users, ...users } }, { label, environment, strict });
}
