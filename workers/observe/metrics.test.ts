import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { contextiq } from "../../topology/systems/contextiq.js";
import { stage7 } from "../../topology/systems/stage7.js";
import { METRICS } from "./metric-table.js";
import { metrics } from "./metrics.js";

const worker = () => metrics({ service: "extraction-worker", topology: contextiq, process: false });

/** The value of the one line with this name and these labels; `undefined` if there is none. */
async function value(registry: Registry, name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const families = await registry.getMetricsAsJSON();
  const found = families
    .flatMap((family) => family.values.map((line) => ({ name: family.name, ...(line as { metricName?: string }), line })))
    .filter(({ name: of, metricName }) => (metricName ?? of) === name)
    .filter(({ line }) => Object.entries(labels).every(([label, expected]) => String(line.labels[label] ?? "") === expected));
  expect(found.length, `${name} ${JSON.stringify(labels)}: lines`).toBeLessThanOrEqual(1);
  return found[0]?.line.value;
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance", "Date"] }));
afterEach(() => void vi.useRealTimers());

describe("publishing", () => {
  it("is told by the conventions' names", async () => {
    const { registry, ...observer } = worker();
    observer.published("extraction.result", "contextiq.extraction", 0.02, 100);
    observer.published("extraction.result", "contextiq.extraction", 0.2, 50);
    const destination = {
      messaging_system: "rabbitmq",
      messaging_operation_name: "publish",
      messaging_destination_name: "contextiq.extraction",
    };
    expect(await value(registry, "messaging_client_sent_messages_total", { ...destination, error_type: "" })).toBe(2);
    expect(await value(registry, "messaging_client_operation_duration_seconds_sum", destination)).toBeCloseTo(0.22);
    expect(await value(registry, "messaging_client_operation_duration_seconds_bucket", { ...destination, le: "0.025" })).toBe(1);
    expect(
      await value(registry, "warren_worker_published_bytes_total", { message: "extraction.result", service: "extraction-worker" }),
    ).toBe(150);
  });

  it("that fails is counted by its code; as sent only if something was", async () => {
    const { registry, ...observer } = worker();
    for (const code of ["unroutable", "buffer-full", "buffer-full", "brand-new"]) {
      observer.published("extraction.result", "contextiq.extraction", 0.1, 1, code);
    }
    expect(await value(registry, "warren_worker_publish_errors_total", { code: "unroutable" })).toBe(1);
    expect(await value(registry, "warren_worker_publish_errors_total", { code: "buffer-full" })).toBe(2);
    expect(await value(registry, "warren_worker_publish_errors_total", { code: "other" })).toBe(1);
    expect(await value(registry, "messaging_client_sent_messages_total", { error_type: "unroutable" })).toBe(1);
    expect(await value(registry, "messaging_client_sent_messages_total", { error_type: "buffer-full" })).toBeUndefined();
    expect(await value(registry, "warren_worker_published_total")).toBeUndefined();
  });

  it("again, buffered, and requests", async () => {
    const { registry, ...observer } = worker();
    observer.republished("extraction.result");
    observer.buffered(5, 700);
    observer.requested("extraction.request", 0.3);
    observer.requested("extraction.request", 5, "timeout");
    expect(await value(registry, "warren_worker_republished_total", { message: "extraction.result" })).toBe(1);
    expect(await value(registry, "warren_worker_buffered_messages")).toBe(5);
    expect(await value(registry, "warren_worker_buffered_bytes")).toBe(700);
    expect(await value(registry, "warren_worker_request_duration_seconds_count", { error_type: "" })).toBe(1);
    expect(await value(registry, "warren_worker_request_duration_seconds_sum", { error_type: "timeout" })).toBe(5);
  });
});

describe("consuming", () => {
  const queue = "extraction.requests";

  it("counts deliveries, outcomes, time and age", async () => {
    const { registry, ...observer } = worker();
    observer.received(queue, 10, false, 2);
    observer.received(queue, 10, true, -1, true);
    observer.processed(queue, "extraction.request", "ack", 0.02);
    observer.processed(queue, "extraction.request", "retry", 0.5);
    observer.processed(queue, "extraction.request", "duplicate", 0);
    observer.processed(queue, "extraction.request", "stale", 0.1);
    expect(await value(registry, "messaging_client_consumed_messages_total", { messaging_destination_name: queue })).toBe(2);
    expect(await value(registry, "warren_worker_redelivered_total", { queue })).toBe(1);
    expect(await value(registry, "warren_worker_message_age_seconds_sum", { queue })).toBe(2);
    expect(await value(registry, "warren_worker_near_ttl_total", { queue })).toBe(1);
    expect(await value(registry, "warren_worker_outcomes_total", { queue, message: "extraction.request", outcome: "ack" })).toBe(1);
    expect(await value(registry, "warren_worker_retries_total", { queue })).toBe(1);
    expect(await value(registry, "warren_worker_duplicates_total", { queue })).toBe(1);
    expect(await value(registry, "warren_worker_stale_acks_total", { queue })).toBe(1);
    expect(await value(registry, "warren_worker_handler_seconds_total", { queue })).toBeCloseTo(0.62);
    const process = { messaging_operation_name: "process", messaging_destination_name: queue };
    expect(await value(registry, "messaging_process_duration_seconds_count", { ...process, error_type: "" })).toBe(1);
    expect(await value(registry, "messaging_process_duration_seconds_count", { ...process, error_type: "retry" })).toBe(1);
    expect(await value(registry, "messaging_process_duration_seconds_count", { ...process, error_type: "duplicate" })).toBeUndefined();
  });

  it("has its counters at 0 before the first message, so that a rate sees the first dead letter", async () => {
    const { registry, ...observer } = worker();
    expect(await value(registry, "warren_worker_dead_letters_total", { queue, reason: "exhausted" })).toBe(0);
    observer.deadLettered(queue, "exhausted");
    expect(await value(registry, "warren_worker_dead_letters_total", { queue, reason: "exhausted" })).toBe(1);
    expect(await value(registry, "warren_worker_dead_letters_total", { queue, reason: "malformed" })).toBe(0);
  });

  it("says how long ago the last message came, from the start of the consumer on", async () => {
    const { registry, ...observer } = worker();
    expect(await value(registry, "warren_worker_seconds_since_last_message", { queue })).toBeUndefined();
    observer.consumer(queue, "consuming");
    vi.advanceTimersByTime(30_000);
    expect(await value(registry, "warren_worker_seconds_since_last_message", { queue })).toBe(30);
    observer.received(queue, 1, false);
    vi.advanceTimersByTime(5_000);
    expect(await value(registry, "warren_worker_seconds_since_last_message", { queue })).toBe(5);
  });

  it("says the state of its consumers", async () => {
    const { registry, ...observer } = worker();
    observer.consumer(queue, "consuming");
    observer.consumer(queue, "cancelled");
    expect(await value(registry, "warren_worker_consumer_state", { queue, state: "consuming" })).toBe(0);
    expect(await value(registry, "warren_worker_consumer_state", { queue, state: "cancelled" })).toBe(1);
  });

  it("puts the queues of instances together, and forgets those that left", async () => {
    const { registry, ...observer } = metrics({ service: "brain", topology: stage7, process: false });
    for (const instance of ["brain-1", "brain-2"]) {
      observer.consumer(instance, "consuming");
      observer.received(instance, 1, false);
      observer.inFlight(instance, 2);
    }
    const labels = { queue: "inbox" };
    expect(await value(registry, "warren_worker_in_flight", labels)).toBe(4);
    expect(await value(registry, "warren_worker_consumer_state", { ...labels, state: "consuming" })).toBe(2);
    observer.consumer("brain-1", "stopped");
    observer.inFlight("brain-1", 0);
    observer.processed("brain-1", "message", "ack", 0.1);
    expect(await value(registry, "warren_worker_in_flight", labels)).toBe(2);
    expect(await value(registry, "warren_worker_consumer_state", { ...labels, state: "stopped" })).toBe(0);
    observer.consumer("brain-2", "stopped");
    observer.inFlight("brain-2", 0);
    expect(await value(registry, "warren_worker_in_flight", labels)).toBeUndefined();
    expect(await value(registry, "messaging_client_consumed_messages_total")).toBe(2);
  });
});

describe("connections", () => {
  it("know their state, losses, and the time they were away", async () => {
    const { registry, ...observer } = worker();
    const purpose = "publish";
    const connected = () => value(registry, "warren_worker_connected", { purpose });
    observer.connection(purpose, "connecting");
    expect(await connected()).toBe(0);
    observer.connection(purpose, "open");
    expect(await connected()).toBe(1);
    observer.connection(purpose, "lost");
    vi.advanceTimersByTime(2_000);
    observer.connection(purpose, "connecting");
    observer.connection(purpose, "lost");
    vi.advanceTimersByTime(1_000);
    expect(await value(registry, "warren_worker_down_seconds_total", { purpose })).toBe(3);
    expect(await value(registry, "warren_worker_connection_state", { purpose, state: "lost" })).toBe(1);
    observer.connection(purpose, "open");
    vi.advanceTimersByTime(9_000);
    expect(await value(registry, "warren_worker_down_seconds_total", { purpose })).toBe(3);
    expect(await value(registry, "warren_worker_connection_losses_total", { purpose })).toBe(1);
    expect(await value(registry, "warren_worker_reconnects_total", { purpose })).toBe(1);
  });

  it("know how long they were blocked", async () => {
    const { registry, ...observer } = worker();
    observer.connection("publish", "open");
    observer.connection("publish", "blocked");
    vi.advanceTimersByTime(4_000);
    expect(await value(registry, "warren_worker_blocked", { purpose: "publish" })).toBe(1);
    expect(await value(registry, "warren_worker_connected", { purpose: "publish" })).toBe(1);
    observer.connection("publish", "unblocked");
    vi.advanceTimersByTime(4_000);
    expect(await value(registry, "warren_worker_blocked", { purpose: "publish" })).toBe(0);
    expect(await value(registry, "warren_worker_blocked_seconds_total", { purpose: "publish" })).toBe(4);
  });

  it("that took several attempts at the start were not lost", async () => {
    const { registry, ...observer } = worker();
    for (const state of ["connecting", "lost", "connecting", "open"] as const) observer.connection("consume", state);
    expect(await value(registry, "warren_worker_connection_losses_total", { purpose: "consume" })).toBe(0);
    expect(await value(registry, "warren_worker_reconnects_total", { purpose: "consume" })).toBe(0);
  });
});

describe("the registry", () => {
  it("has a bound to its lines, whatever names come", async () => {
    const { registry, ...observer } = worker();
    const storm = (from: number, to: number) => {
      for (let at = from; at < to; at += 1) {
        const name = `name-${at}`;
        observer.published(name, name, 1, 1);
        observer.published(name, name, 1, 1, name);
        observer.republished(name);
        observer.requested(name, 1, name);
        observer.received(name, 1, true, 1);
        observer.processed(name, name, name as never, 1);
        observer.deadLettered(name, name as never);
        observer.inFlight(name, 1);
        observer.consumer(name, "consuming");
      }
    };
    storm(0, 10);
    const few = (await registry.metrics()).split("\n").length;
    storm(10, 5_000);
    expect((await registry.metrics()).split("\n").length).toBe(few);
    expect(await value(registry, "warren_worker_outcomes_total", { queue: "other", message: "other", outcome: "other" })).toBe(5_000);
    expect(await value(registry, "warren_worker_in_flight", { queue: "other" })).toBeGreaterThan(999);
  });

  it("holds the table's metrics, and the process's", async () => {
    const { registry } = metrics({ service: "extraction-worker", topology: contextiq });
    const names = registry.getMetricsAsArray().map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.values(METRICS).map(({ name }) => name)));
    expect(names).toContain("nodejs_eventloop_lag_p99_seconds");
    for (const { name, type } of Object.values(METRICS)) {
      expect(name.endsWith("_total"), name).toBe(type.endsWith("counter"));
    }
  });

  it("can be shared by several workers of a process", async () => {
    const registry = new Registry();
    const one = metrics({ registry, service: "extraction-worker", topology: contextiq });
    const two = metrics({ registry, service: "brain", topology: stage7 });
    one.republished("extraction.result");
    two.republished("message");
    expect(await value(registry, "warren_worker_republished_total", { topology: "contextiq", service: "extraction-worker" })).toBe(1);
    expect(await value(registry, "warren_worker_republished_total", { topology: "stage7", service: "brain" })).toBe(1);
  });
});
