/** The users of a plan. Beside it, for the plan's own file is exported as types alone. */
import type { InstallationPlan, PlannedUser } from "./plan.js";

/** Of all of it: one that several topologies name is there for each. */
export const usersOf = ({ vhosts, global }: InstallationPlan): PlannedUser[] => [...global.users, ...vhosts.flatMap(({ users }) => users)];
