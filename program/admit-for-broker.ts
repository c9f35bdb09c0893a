/** What is admitted for the broker that the configuration names: in Kubernetes, with the users that autoscalers, the exporter and rotations need. */
import { withUsers } from "../k8s/users.js";
import { admit, type Admitted } from "../provision/admit.js";
import type { Settings } from "./settings.js";

export function admitForBroker(admitted: Admitted, { broker, environment, strict }: Settings, label: string): Admitted {
  if (broker.kind !== "kubernetes") return admitted;
  return admit(withUsers(admitted.installation, broker.prod, environment), { label, environment, strict });
}
