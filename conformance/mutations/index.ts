/** The mutation table: for every probe at least one change that it has to find. */
import type { Mutation } from "../mutation.js";
import { objects } from "./objects.js";
import { consumers } from "./consumers.js";
import { deadLetters } from "./dead-letters.js";
import { ladders } from "./ladders.js";
import { limits } from "./limits.js";
import { routes } from "./routes.js";
import { unroutable } from "./unroutable.js";
import { permissions } from "./permissions.js";
import { policies } from "./policies.js";
import { defaultUser } from "./default-user.js";
import { management } from "./management.js";
import { metrics } from "./metrics.js";
import { userLimits } from "./user-limits.js";
import { vhostLimits } from "./vhost-limits.js";
import { tls } from "./tls.js";
import { restart } from "./restart.js";

export const mutations: readonly Mutation[] = [
  ...objects,
  ...routes,
  ...unroutable,
  ...deadLetters,
  ...limits,
  ...ladders,
  ...consumers,
  ...permissions,
  ...policies,
  ...defaultUser,
  ...management,
  ...metrics,
  ...userLimits,
  ...vhostLimits,
  ...tls,
  ...restart,
];

export { clusterMutations } from "./cluster.js";
