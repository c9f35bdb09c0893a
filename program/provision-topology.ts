/** The topology in the broker, the way that the configuration names: over the management API, or as objects of the messaging topology operator. */
import type { Admitted } from "../provision/admit.js";
import { RabbitTopology, type Provisioned } from "../provision/topology.js";
import type { OpenBroker } from "./open-broker.js";
import type { Settings } from "./settings.js";

const NAME = "topology";

export async function provisionTopology(settings: Settings, broker: OpenBroker, { installation, plan }: Admitted): Promise<Provisioned> {
  const { environment, strict, allowDataLoss, secrets } = settings;
  const passwords = { ...settings.passwords, ...broker.passwords };
  const part = broker.inKubernetes?.objects.byOperator;
  if (broker.inKubernetes && part) {
    // Its libraries are large, and nobody else needs them.
    const { OperatorTopology } = await import("./operator-topology.js");
    const { provider, namespace, release } = broker.inKubernetes;
    const args = {
      plan,
      part,
      broker: broker.args,
      provider,
      namespace,
      passwords,
      secrets,
      allowDataLoss,
      isGone: broker.isGone,
      release,
    };
    return new OperatorTopology(NAME, args, broker.options);
  }
  return new RabbitTopology(
    NAME,
    {
      topology: installation,
      environment,
      strict,
      allowDataLoss,
      ...(broker.adoption ? { adopt: broker.adoption } : {}),
      // It has looked already, before the broker's container was touched.
      guard: false,
      secrets,
      passwords,
      salt: broker.salt,
      broker: broker.args,
      isGone: broker.isGone,
    },
    broker.options,
  );
}
