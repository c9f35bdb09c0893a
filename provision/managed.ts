/** What the stack has made so far, from its own state: an update deletes what is there and in the plan no longer. */
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Managed } from "../broker/losses.js";
import { ownType } from "./own/resource.js";

const OFFICIAL_QUEUE = "rabbitmq:index/queue:Queue";
const OFFICIAL_VHOST = "rabbitmq:index/vHost:VHost";

const Resources = z.record(z.string(), z.object({ type: z.string(), outputs: z.record(z.string(), z.unknown()).optional() }));
const Official = z.object({ name: z.string(), vhost: z.string() });
const Own = z.object({ spec: Official });

/** The queues and vhosts among the resources of a state. */
export function managedIn(resources: unknown): Managed {
  const queues: { vhost: string; queue: string }[] = [];
  const vhosts: string[] = [];
  for (const { type, outputs } of Object.values(Resources.parse(resources))) {
    const vhost = type === OFFICIAL_VHOST ? z.object({ name: z.string() }).safeParse(outputs) : undefined;
    if (vhost?.success) vhosts.push(vhost.data.name);
    const official = type === OFFICIAL_QUEUE ? Official.safeParse(outputs) : undefined;
    const own = type === ownType("queue") ? Own.safeParse(outputs) : undefined;
    const queue = official?.success ? official.data : own?.success ? own.data.spec : undefined;
    if (queue) queues.push({ vhost: queue.vhost, queue: queue.name });
  }
  return { queues, vhosts };
}

/**
 * Reads it from the engine; `undefined` where that cannot be done (an engine without this function), so that the caller has to take
 * every queue of its vhosts for its own.
 */
export async function managedByStack(): Promise<Managed | undefined> {
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  try {
    const answer = (await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName })) as { outputs?: unknown };
    return managedIn(answer.outputs);
  } catch (error) {
    await pulumi.log.debug(`the stack's own resources cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
