/** What a user may do in a vhost: as the topology says, and as the broker has it. */
import { permits } from "../../topology/regex.js";
import { DEFAULT_EXCHANGE_PERMISSION } from "../../topology/names.js";
import type { Plan } from "../../topology/compile/plan.js";
import type { Ground, Rights } from "../ground.js";

export type KnownRights = Rights & { readonly topics: NonNullable<Rights["topics"]> };
export type Right = "configure" | "write" | "read";

export const NOTHING: KnownRights = { configure: "", write: "", read: "", topics: [] };

/** `undefined`: the topology gives this user nothing in the vhost, so that it cannot connect to it. */
export function declaredRights(plan: Plan, user: string): KnownRights | undefined {
  const permission = plan.permissions.find((one) => one.user === user);
  if (!permission) return undefined;
  const { configure, write, read } = permission;
  return { configure, write, read, topics: plan.topicPermissions.filter((one) => one.user === user) };
}

export async function liveRights({ management, vhost }: Ground, user: string): Promise<KnownRights | undefined> {
  const permission = await management.getPermission(vhost, user);
  if (!permission) return undefined;
  const { configure, write, read } = permission;
  return { configure, write, read, topics: await management.topicPermissions(vhost, user) };
}

/** Whether these rights cover an object. */
export const may = (rights: KnownRights, right: Right, name: string): boolean =>
  permits(rights[right], name === "" ? DEFAULT_EXCHANGE_PERMISSION : name);

/**
 * Whether they cover a key of a topic exchange. Without a topic permission for the exchange every key is covered; an empty one covers the
 * empty key alone (source: `rabbit_auth_backend_internal:check_topic_access`).
 */
export function mayTopic(rights: KnownRights, side: "write" | "read", exchange: string, key: string): boolean {
  const topic = rights.topics.find((one) => one.exchange === exchange);
  if (!topic) return true;
  return topic[side] === "" ? key === "" : permits(topic[side], key);
}
