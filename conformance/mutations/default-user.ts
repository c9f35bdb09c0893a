/** Users with passwords that everybody knows. */
import { randomBytes } from "node:crypto";
import { passwordHash } from "../../broker/password.js";
import type { Mutation } from "../mutation.js";

const topology = { queues: { orders: { type: "quorum", maxLength: 100 } } } as const;
const probe = "default-user";

const withPassword = (password: string) => ({ tags: [], passwordHash: passwordHash(password, randomBytes(4)) });

export const defaultUser: readonly Mutation[] = [
  {
    probe,
    name: "user guest is there with its default password",
    topology,
    container: true,
    change: ({ management }) => management.putUser("guest", withPassword("guest")),
    undo: ({ management }) => management.deleteUser("guest"),
    says: /user "guest" gets in over the management API with its default password/,
  },
  {
    probe,
    name: "a user has its name as password",
    topology,
    container: true,
    change: ({ management, vhost }) => management.putUser(`${vhost}.lazy`, withPassword(`${vhost}.lazy`)),
    undo: ({ management, vhost }) => management.deleteUser(`${vhost}.lazy`),
    says: /user ".*\.lazy" has its own name as password/,
  },
];
