/** An installation on a live broker for a test, without Pulumi: all its objects, its users with what they may; and the broker as a target. */
import type { Management } from "../broker/index.js";
import type { Target } from "../conformance/target.js";
import { compileInstallation } from "../topology/compile/compile.js";
import { definitions } from "../topology/compile/definitions.js";
import type { Installation } from "../topology/model.js";
import { liveBroker } from "./broker.js";

/** The live broker as what a conformance run is laid against. */
export async function liveTarget(installation: Installation): Promise<Target> {
  const { managementUrl, amqpUrl, username, password } = await liveBroker();
  const { protocol, host } = new URL(amqpUrl);
  return { installation, management: { endpoint: managementUrl, username, password }, amqpUrl: `${protocol}//${host}` };
}

/** Resolves to what removes all of it. No password lets its users in. */
export async function provisionLive(
  management: Management,
  installation: Installation,
  environment?: string,
): Promise<() => Promise<void>> {
  const plan = compileInstallation(installation, environment);
  const users = plan.vhosts.flatMap((vhost) => vhost.users);
  const remove = async (): Promise<void> => {
    for (const { vhost } of plan.vhosts) await management.deleteVhost(vhost.name);
    for (const { name } of users) await management.deleteUser(name);
  };
  try {
    await management.importDefinitions({ ...definitions(plan) });
    for (const { name, tags, limits } of users) {
      await management.putUser(name, { tags, passwordHash: "" });
      if (limits?.maxConnections !== undefined) await management.putUserLimit(name, "max-connections", limits.maxConnections);
      if (limits?.maxChannels !== undefined) await management.putUserLimit(name, "max-channels", limits.maxChannels);
    }
    for (const { vhost, permissions, topicPermissions } of plan.vhosts) {
      for (const permission of permissions) await management.putPermission(vhost.name, permission.user, permission);
      for (const permission of topicPermissions) await management.putTopicPermission(vhost.name, permission.user, permission);
    }
    return remove;
  } catch (error) {
    await remove();
    throw error;
  }
}
