/** Users, what they may, and how much of it. */
import { SHA256 } from "../../broker/password.js";
import { equal } from "../../topology/equal.js";
import { kind } from "./kind.js";
import { writeLimits, type Limits } from "./limits.js";

type TopicPermission = { exchange: string; write: string; read: string };

export const ACCESS = {
  // `hashingAlgorithm` only where it is another than SHA-256: a user that was there before, on a broker with `password_hashing_module`.
  user: kind<{ name: string; tags: string[]; passwordHash: string; hashingAlgorithm?: string; generated: boolean }>({
    type: "User",
    label: ({ name }) => `user "${name}"`,
    fixed: ["name"],
    secret: ["passwordHash"],
    sets: ["tags"],
    read: async (broker, { name, generated }) => {
      const live = await broker.getUser(name);
      if (!live) return undefined;
      const { tags, password_hash: passwordHash = "", hashing_algorithm: hashingAlgorithm = SHA256 } = live;
      // An empty hash, of a user that logs in by other means, was made with nothing.
      const isOther = passwordHash !== "" && hashingAlgorithm !== SHA256;
      return { name, tags, passwordHash, ...(isOther ? { hashingAlgorithm } : {}), generated };
    },
    write: (broker, { name, ...body }) => broker.putUser(name, body),
    remove: (broker, { name }) => broker.deleteUser(name),
  }),

  "user-limits": kind<{ user: string; limits: Limits }>({
    type: "UserLimits",
    label: ({ user }) => `limits of user "${user}"`,
    fixed: ["user"],
    read: async (broker, { user }) => {
      const limits = await broker.userLimits(user);
      return Object.keys(limits).length === 0 ? undefined : { user, limits };
    },
    write: (broker, { user, limits }, before) =>
      writeLimits(
        limits,
        before?.limits ?? {},
        (limit, value) => broker.putUserLimit(user, limit, value),
        (limit) => broker.deleteUserLimit(user, limit),
      ),
    remove: async (broker, { user, limits }) => {
      for (const limit of Object.keys(limits)) await broker.deleteUserLimit(user, limit);
    },
  }),

  permissions: kind<{ vhost: string; user: string; configure: string; write: string; read: string }>({
    type: "Permissions",
    label: ({ vhost, user }) => `permissions of user "${user}" in vhost "${vhost}"`,
    fixed: ["vhost", "user"],
    read: async (broker, { vhost, user }) => {
      const live = await broker.getPermission(vhost, user);
      return live && { vhost, user, configure: live.configure, write: live.write, read: live.read };
    },
    write: (broker, spec) => broker.putPermission(spec.vhost, spec.user, spec),
    remove: (broker, { vhost, user }) => broker.deletePermission(vhost, user),
  }),

  "topic-permissions": kind<{ vhost: string; user: string; permissions: TopicPermission[] }>({
    type: "TopicPermissions",
    label: ({ vhost, user }) => `topic permissions of user "${user}" in vhost "${vhost}"`,
    fixed: ["vhost", "user"],
    sets: ["permissions"],
    read: async (broker, { vhost, user }) => {
      const live = await broker.topicPermissions(vhost, user);
      const permissions = live.map(({ exchange, write, read }) => ({ exchange, write, read }));
      return permissions.length === 0 ? undefined : { vhost, user, permissions };
    },
    write: async (broker, { vhost, user, permissions }, before) => {
      for (const wanted of permissions) {
        if (!before?.permissions.some((known) => equal(known, wanted))) await broker.putTopicPermission(vhost, user, wanted);
      }
      for (const { exchange } of before?.permissions ?? []) {
        if (!permissions.some((wanted) => wanted.exchange === exchange)) await broker.deleteTopicPermission(vhost, user, exchange);
      }
    },
    remove: async (broker, { vhost, user, permissions }) => {
      for (const { exchange } of permissions) await broker.deleteTopicPermission(vhost, user, exchange);
    },
  }),
} as const;
