/** The numbers at which alerts begin, where a queue's own limits do not give them. */

export interface Thresholds {
  /** Share of a length limit. @default 0.8 */
  readonly fillShare: number;
  /** Seconds until a growing queue is full. @default 3600 */
  readonly fullWithinSeconds: number;
  /** Share of a TTL that the oldest message has reached. @default 0.8 */
  readonly ttlShare: number;
  /** Share of the source queue's length limit that waits in its ladder. @default 0.25 */
  readonly ladderShare: number;
  /** What stands for a length limit where neither the source nor its rungs have one, for ladders. @default 10000 */
  readonly ladderMessages: number;
  /** Share of deliveries that are repeated ones. @default 0.5 */
  readonly redeliveredShare: number;
  /** Repeated deliveries a second below which there is no storm. @default 1 */
  readonly redeliveriesPerSecond: number;
  /** Share of the delivery limit that messages use up on average. @default 0.5 */
  readonly deliveryLimitShare: number;
  /** How many more leaders one node has than another, as a share of all. @default 0.5 */
  readonly leaderSkew: number;
  /** Days before a certificate ends: a ticket. @default 21 */
  readonly certificateTicketDays: number;
  /** Days before a certificate ends: somebody is woken. @default 3 */
  readonly certificatePageDays: number;
  /** Hours until the disk alarm, by the trend of the last hour. @default 4 */
  readonly diskWithinHours: number;
}

export const THRESHOLDS: Thresholds = {
  fillShare: 0.8,
  fullWithinSeconds: 3600,
  ttlShare: 0.8,
  ladderShare: 0.25,
  ladderMessages: 10_000,
  redeliveredShare: 0.5,
  redeliveriesPerSecond: 1,
  deliveryLimitShare: 0.5,
  leaderSkew: 0.5,
  certificateTicketDays: 21,
  certificatePageDays: 3,
  diskWithinHours: 4,
};
