/** What differs between a plan and the live broker, for tests that expect nothing to. */
import { Management, drift, readLive } from "../broker/index.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { Installation } from "../topology/model.js";
import { liveBroker } from "./broker.js";

/** As `dev` has it. `secrets` are the values of what the installation names as `{ secret: "name" }`. */
export async function liveDrift(installation: Installation, secrets: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const { managementUrl: endpoint, username, password } = await liveBroker();
  const plan = compileInstallation(installation, "dev");
  const management = new Management({ endpoint, username, password });
  const live = await readLive(
    management,
    plan.vhosts.map(({ vhost }) => vhost.name),
  );
  await management.close();
  const { missing, mismatched, extra } = drift(plan, live, { secrets });
  return { missing, mismatched, extra };
}
