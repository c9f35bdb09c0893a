/** The probes of the suite, in the order of its reports. */
import type { Probe } from "../probe.js";
import { clusterNodes } from "./cluster-nodes.js";
import { leaders } from "./leaders.js";
import { nodeKilled } from "./node-killed.js";
import { nodePartitioned } from "./node-partitioned.js";
import { quorumMembers } from "./quorum-members.js";
import { alternateExchanges } from "./alternate-exchange.js";
import { deadLetterExpired } from "./dead-letter-expired.js";
import { deadLetterRejected } from "./dead-letter-rejected.js";
import { deliveryLimit } from "./delivery-limit.js";
import { looking } from "./looking.js";
import { messageTtl } from "./message-ttl.js";
import { messageTtlUncut } from "./message-ttl-uncut.js";
import { overflow } from "./overflow.js";
import { priorities } from "./priorities.js";
import { retryLadder } from "./retry-ladder.js";
import { retryLadderUncut } from "./retry-ladder-uncut.js";
import { singleActiveConsumer } from "./single-active-consumer.js";
import { streamOffsets } from "./stream-offsets.js";
import { streamRetention } from "./stream-retention.js";
import { streamRetentionUncut } from "./stream-retention-uncut.js";
import { objects } from "./objects.js";
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

export const probes: readonly Probe[] = [
  objects,
  routes,
  unroutable,
  alternateExchanges,
  deadLetterExpired,
  deadLetterRejected,
  messageTtl,
  messageTtlUncut,
  overflow,
  deliveryLimit,
  retryLadder,
  retryLadderUncut,
  priorities,
  singleActiveConsumer,
  streamOffsets,
  streamRetention,
  streamRetentionUncut,
  looking,
  permissions,
  policies,
  defaultUser,
  management,
  metrics,
  clusterNodes,
  quorumMembers,
  leaders,
  nodeKilled,
  nodePartitioned,
  userLimits,
  vhostLimits,
  tls,
  restart,
];
