/** The export "warren/workers": publish and consume on a topology that Warren provisioned, typed by it. */
export { connect, type ConnectOptions } from "./connect.js";
export {
  type BatchResult,
  type Bus,
  type Delivery,
  type DeliveryOf,
  type HandlerResult,
  type Membership,
  type RequestOptions,
  type Subscription,
} from "./bus.js";
export type { Credentials, Tls } from "./connection/address.js";
export type { BatchOptions } from "./consume/batch.js";
export type { ConsumerOptions } from "./consume/setup.js";
export type { DeliveryFacts } from "./consume/delivery.js";
export type { Failure } from "./consume/history.js";
export { ack, park, reject, requeue, retry, type Outcome } from "./consume/outcomes.js";
export type { CompressionOptions, EncryptionOptions } from "./codec/index.js";
export { PublishError, RequestError, WorkerError, type FaultCode, type PublishCode, type RequestCode } from "./errors.js";
export type { PublishOptions } from "./publish/outgoing.js";
export type { PublisherLimits } from "./publish/publisher.js";
export type * from "./types.js";
export * from "./observe/index.js";
export * from "./once/index.js";
export * from "./outbox/index.js";
export { connectOptions, settings, type Settings } from "./settings.js";
export type { SqliteDatabase } from "./sqlite.js";
