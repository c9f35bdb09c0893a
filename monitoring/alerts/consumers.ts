/** Alerts about who consumes: what the services of the topology promise, against what is there. */
import { type Alert, given, ofQueue, queueLabels } from "./alert.js";

const CONSUMERS = "rabbitmq_detailed_queue_consumers";
const OF_SERVICE = "warren_queue_service_consumers";

export const consumerAlerts: readonly Alert[] = [
  {
    name: "QueueWithoutConsumers",
    severity: "page",
    when: "a queue that a service promises to consume has no consumer, or is gone, for 2 minutes",
    // That a queue is gone can only be told while every node says what it has.
    expr: () =>
      'warren:queue_consumers:max == 0 and on (installation, vhost, queue) warren_queue_promised_consumers or max by (installation, vhost, queue) (warren_queue_promised_consumers) * 0 unless on (installation, vhost, queue) warren:queue_consumers:max and on (installation) warren:targets_down:count{job="rabbitmq-detailed"} == 0',
    forMinutes: 2,
    summary: "Nobody consumes {{ $labels.queue }}",
    description:
      "Queue {{ $labels.queue }} (vhost {{ $labels.vhost }}) has no consumer, though a service is there to consume it. Its messages wait and its length grows, if the queue is there at all: see whether the service runs.",
    fires: (sample) => {
      const on = sample.promised;
      return (
        on && {
          series: [ofQueue(sample, CONSUMERS, on, "1x5 0x20")],
          at: 15,
          labels: queueLabels(sample, on),
          summary: `Nobody consumes ${on.queue}`,
          description: `Queue ${on.queue} (vhost ${on.vhost}) has no consumer, though a service is there to consume it. Its messages wait and its length grows, if the queue is there at all: see whether the service runs.`,
        }
      );
    },
    // A minute without, as in a restart.
    quiet: (sample) => sample.promised && { series: [ofQueue(sample, CONSUMERS, sample.promised, "1x5 0 1x20")], at: 15 },
  },
  {
    name: "ServiceNotConsuming",
    severity: "page",
    when: "a service has no consumer on a queue that it promises to consume, while others have, for 5 minutes",
    expr: () =>
      'warren_queue_promised_consumers unless on (installation, vhost, queue, service) warren_queue_service_consumers > 0 and on (installation, vhost, queue) warren:queue_consumers:max > 0 and on (installation, vhost) max by (installation, vhost) (warren_exporter_look_up{look="consumers"}) == 1',
    forMinutes: 5,
    summary: "{{ $labels.service }} does not consume {{ $labels.queue }}",
    description:
      "Service {{ $labels.service }} has no consumer on queue {{ $labels.queue }} (vhost {{ $labels.vhost }}), but somebody else takes its messages. See whether the service runs with its own user, and who the others are.",
    fires: (sample) => {
      const on = sample.promised;
      return (
        on && {
          series: [
            ofQueue(sample, CONSUMERS, on, "1x20"),
            given(sample, OF_SERVICE, { vhost: on.vhost, queue: on.queue, service: on.service }, "0x20"),
            given(sample, "warren_exporter_look_up", { look: "consumers", vhost: on.vhost }, "1x20"),
          ],
          at: 15,
          labels: { ...queueLabels(sample, on), service: on.service },
          summary: `${on.service} does not consume ${on.queue}`,
          description: `Service ${on.service} has no consumer on queue ${on.queue} (vhost ${on.vhost}), but somebody else takes its messages. See whether the service runs with its own user, and who the others are.`,
        }
      );
    },
    quiet: (sample) => {
      const on = sample.promised;
      return (
        on && {
          series: [
            ofQueue(sample, CONSUMERS, on, "1x20"),
            given(sample, OF_SERVICE, { vhost: on.vhost, queue: on.queue, service: on.service }, "1x20"),
            given(sample, "warren_exporter_look_up", { look: "consumers", vhost: on.vhost }, "1x20"),
          ],
          at: 15,
        }
      );
    },
  },
  {
    name: "TooFewConsumers",
    severity: "ticket",
    when: "a queue has consumers, but fewer than its services' least number of replicas, for 10 minutes",
    expr: () =>
      "warren:queue_consumers:max < on (installation, vhost, queue) sum by (installation, vhost, queue) (warren_queue_promised_consumers) and warren:queue_consumers:max > 0",
    forMinutes: 10,
    summary: "{{ $labels.queue }} has {{ $value }} consumers, fewer than promised",
    description:
      "Queue {{ $labels.queue }} (vhost {{ $labels.vhost }}) has {{ $value }} consumers, fewer than its services' least number of replicas. The rest may not have started, or crashed.",
    fires: (sample) => {
      const on = sample.crowded;
      return (
        on && {
          series: [ofQueue(sample, CONSUMERS, on, `${on.consumers - 1}x30`)],
          at: 20,
          labels: queueLabels(sample, on),
          summary: `${on.queue} has ${on.consumers - 1} consumers, fewer than promised`,
          description: `Queue ${on.queue} (vhost ${on.vhost}) has ${on.consumers - 1} consumers, fewer than its services' least number of replicas. The rest may not have started, or crashed.`,
        }
      );
    },
    quiet: (sample) =>
      sample.promised && { series: [ofQueue(sample, CONSUMERS, sample.promised, `${sample.promised.consumers}x30`)], at: 20 },
  },
];
