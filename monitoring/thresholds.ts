/** The numbers at which alerts begin, where a queue's own limits do not give them. */

export interface Thresholds {
  /** Share of a length limit. @default 0.8 */
  readonly fillShare: number;
  /** Seconds until a growing queue is full. @default 3600 */
  readonly fullWithinSeconds: number;
  /** Share of a TTL that the head of a queue has reached. Workers count what they get at 0.8 of it, whatever is set here. @default 0.8 */
  readonly ttlShare: number;
  /** Share of what becomes of deliveries that is a retry. @default 0.25 */
  readonly retryShare: number;
  /** Deliveries settled a second below which the share of retries says nothing. @default 0.1 */
  readonly settledPerSecond: number;
  /** Share of all deliveries, at the queue's own rate and for as long as its ladder takes, that waits in the ladder. @default 0.25 */
  readonly ladderShare: number;
  /** Messages in a ladder below which its fill says nothing. @default 100 */
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
  /** Messages a second to exchanges of instances that reach no queue: instances come and go. @default 1 */
  readonly instancesUnroutablePerSecond: number;
}

export const THRESHOLDS: Thresholds = {
  fillShare: 0.8,
  fullWithinSeconds: 3600,
  ttlShare: 0.8,
  retryShare: 0.25,
  settledPerSecond: 0.1,
  ladderShare: 0.25,
  ladderMessages: 100,
  redeliveredShare: 0.5,
  redeliveriesPerSecond: 1,
  deliveryLimitShare: 0.5,
  leaderSkew: 0.5,
  certificateTicketDays: 21,
  certificatePageDays: 3,
  diskWithinHours: 4,
  instancesUnroutablePerSecond: 1,
};
