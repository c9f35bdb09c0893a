/**
 * Every metric of a worker: its name, type, labels and what it says. All have the labels `service` and `topology` as well.
 *
 * `messaging_*` are those of OpenTelemetry's messaging conventions in Prometheus' spelling, with `messaging_system="rabbitmq"` and
 * `messaging_operation_name` (`publish`, `consume`, `process`). `messaging_destination_name` is the exchange when publishing and the queue
 * when consuming, without routing keys, which have no bound. `error_type` is absent where nothing failed.
 */
import { type Registry } from "prom-client";
import { ComputedFamily, CounterFamily, family, HistogramFamily } from "./tally.js";

/** Bounds that the conventions give, in seconds. */
export const DURATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;

/** From a message that is taken at once to one that waited for a day. */
export const AGE_BOUNDS = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 21_600, 86_400] as const;

const counter = (name: string, help: string) => ({ name, help, type: "counter" as const });
const histogram = (name: string, help: string, bounds: readonly number[]) => ({ name, help, type: "histogram" as const, bounds });
const computed = (name: string, help: string) => ({ name, help, type: "gauge" as const });
const computedCounter = (name: string, help: string) => ({ name, help, type: "computed-counter" as const });

export const METRICS = {
  operationDuration: histogram(
    "messaging_client_operation_duration_seconds",
    "From publishing to the broker's confirm, by exchange.",
    DURATION_BOUNDS,
  ),
  sent: counter(
    "messaging_client_sent_messages_total",
    "Messages that were sent to the broker, by exchange; error_type where the broker refused or did not confirm.",
  ),
  consumed: counter("messaging_client_consumed_messages_total", "Deliveries, by queue."),
  processDuration: histogram(
    "messaging_process_duration_seconds",
    "Time in the handler, by queue; error_type is the outcome where it is not ack.",
    DURATION_BOUNDS,
  ),

  published: counter("warren_worker_published_total", "Messages that the broker confirmed, by message."),
  publishedBytes: counter("warren_worker_published_bytes_total", "Bodies that the broker confirmed, as they travel, by message."),
  publishErrors: counter(
    "warren_worker_publish_errors_total",
    "Publishes that failed, by message and code; also those that were never sent.",
  ),
  republished: counter("warren_worker_republished_total", "Messages published once more after a lost confirm, by message."),
  bufferedMessages: computed("warren_worker_buffered_messages", "Messages that wait for a connection."),
  bufferedBytes: computed("warren_worker_buffered_bytes", "Bytes that wait for a connection."),
  requestDuration: histogram(
    "warren_worker_request_duration_seconds",
    "From a request to its reply, by message; error_type where there was none.",
    DURATION_BOUNDS,
  ),

  outcomes: counter("warren_worker_outcomes_total", "What became of deliveries, by queue, message and outcome."),
  handlerSeconds: counter("warren_worker_handler_seconds_total", "Time in the handler, by queue and message."),
  retries: counter("warren_worker_retries_total", "Deliveries sent to the ladder of their queue."),
  deadLetters: counter("warren_worker_dead_letters_total", "Messages sent to the dead letters, by queue and reason."),
  duplicates: counter("warren_worker_duplicates_total", "Deliveries whose effect had happened before, by queue."),
  staleAcks: counter("warren_worker_stale_acks_total", "Deliveries whose channel was gone before the ack, by queue: they come again."),
  redelivered: counter("warren_worker_redelivered_total", "Deliveries that the broker marked as redelivered, by queue."),
  receivedBytes: counter("warren_worker_received_bytes_total", "Bodies of deliveries, as they travel, by queue."),
  messageAge: histogram("warren_worker_message_age_seconds", "From a message's timestamp to its delivery, by queue.", AGE_BOUNDS),
  nearTtl: counter("warren_worker_near_ttl_total", "Deliveries that had spent 80 % of their queue's TTL in it, by queue."),
  inFlight: computed("warren_worker_in_flight", "Deliveries that are not settled, by queue."),
  sinceLastMessage: computed("warren_worker_seconds_since_last_message", "Since the last delivery, or since the consumer began, by queue."),
  consumerState: computed(
    "warren_worker_consumer_state",
    "Consumers in each state, by queue: consuming, cancelled, recovering, stopped, failed.",
  ),

  connected: computed("warren_worker_connected", "1 while this connection is open."),
  connectionState: computed("warren_worker_connection_state", "1 for the state that this connection is in."),
  blocked: computed("warren_worker_blocked", "1 while an alarm of the broker blocks this connection."),
  blockedSeconds: computedCounter("warren_worker_blocked_seconds_total", "Time that this connection was blocked."),
  connectionLosses: computedCounter("warren_worker_connection_losses_total", "How often this connection was lost."),
  reconnects: computedCounter("warren_worker_reconnects_total", "How often this connection came back."),
  downSeconds: computedCounter("warren_worker_down_seconds_total", "Time without this connection, from its loss to its return."),
} as const;

type FamilyOf<M> = M extends { type: "counter" } ? CounterFamily : M extends { type: "histogram" } ? HistogramFamily : ComputedFamily;

export type Families = { readonly [K in keyof typeof METRICS]: FamilyOf<(typeof METRICS)[K]> };

/** All of them in this registry, made or found there. */
export function families(registry: Registry): Families {
  const made = Object.entries(METRICS).map(([key, metric]) => {
    switch (metric.type) {
      case "counter":
        return [key, family(registry, new CounterFamily(metric.name, metric.help))];
      case "histogram":
        return [key, family(registry, new HistogramFamily(metric.name, metric.help, metric.bounds))];
      case "gauge": {
        // Of several instances' queues under one name, the one that had a message last.
        const merge = metric.name === METRICS.sinceLastMessage.name ? Math.min : undefined;
        return [key, family(registry, new ComputedFamily(metric.name, metric.help, "gauge", merge))];
      }
      case "computed-counter":
        return [key, family(registry, new ComputedFamily(metric.name, metric.help, "counter"))];
    }
  });
  return Object.fromEntries(made) as Families;
}
