/** How a worker is watched: metrics, traces, logs, health. */
export { all, combine, type FaultReport } from "./combine.js";
export { cutUrls } from "./redact.js";
export { healthServer, type HealthServer, type HealthServerOptions, type QueueCounts } from "./health.js";
export { assess, type ConnectionState, type ConsumerHealth, type Health, type HealthParts, type PublishingHealth } from "./health-state.js";
export { logger, type LoggerOptions } from "./log.js";
export { logged, type LoggedOptions } from "./log-observer.js";
export { metrics, type MetricsObserver, type MetricsOptions } from "./metrics.js";
export {
  type ConnectionEvent,
  type ConsumerEvent,
  type DeadLetterReason,
  type MessageFacts,
  type Observer,
  type OutcomeName,
  type Purpose,
  silent,
} from "./observer.js";
export { tracing, type TracingOptions } from "./tracing.js";
