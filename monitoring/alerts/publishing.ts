/** Alerts about publishing: messages that no queue gets, publishers that the broker holds back. */
import { type Alert, given } from "./alert.js";

const DROPPED = "rabbitmq_detailed_exchange_messages_unroutable_dropped_total";
const RETURNED = "rabbitmq_detailed_exchange_messages_unroutable_returned_total";

/**
 * What came to a counter in 5 minutes. One that begins above 0 has not increased, and is news all the same: if the node answered before, so that
 * it would have been seen.
 */
const more = (counter: string, how: string): string =>
  `label_replace(increase(${counter}[5m]) > 0 or (${counter} > 0 unless ${counter} offset 5m) and on (installation, instance) (up{job="rabbitmq-detailed"} offset 5m == 1), "how", "${how}", "", "")`;

const unroutable = `sum by (installation, vhost, exchange) (${more(DROPPED, "dropped")} or ${more(RETURNED, "returned")})`;

export const publishingAlerts: readonly Alert[] = [
  {
    name: "MessagesUnroutable",
    severity: "page",
    when: "messages to an exchange reached no queue in the last 5 minutes, where queues are bound that have to be there",
    expr: () => `${unroutable} > 0 unless on (installation, vhost, exchange) warren_exchange_of_instances`,
    forMinutes: 1,
    summary: 'Messages to exchange "{{ $labels.exchange }}" reach no queue',
    description:
      'About {{ $value | printf "%.0f" }} messages to exchange "{{ $labels.exchange }}" (vhost {{ $labels.vhost }}) reached no queue in the last 5 minutes. They are lost unless their publisher keeps them: a binding is missing, or a routing key is wrong.',
    fires: (sample) => {
      const labels = { vhost: sample.vhost, exchange: "events" };
      return {
        series: [given(sample, DROPPED, labels, "0+1x20"), given(sample, RETURNED, labels, "0+1x20")],
        at: 10,
        labels: { installation: sample.installation, ...labels },
        summary: 'Messages to exchange "events" reach no queue',
        description: `About 10 messages to exchange "events" (vhost ${sample.vhost}) reached no queue in the last 5 minutes. They are lost unless their publisher keeps them: a binding is missing, or a routing key is wrong.`,
      };
    },
    quiet: (sample) => {
      const labels = { vhost: sample.vhost, exchange: "events" };
      return { series: [given(sample, DROPPED, labels, "3x20"), given(sample, RETURNED, labels, "3x20")], at: 10 };
    },
  },
  {
    name: "InstanceMessagesUnroutable",
    severity: "ticket",
    when: ({ instancesUnroutablePerSecond: most }) =>
      `more than ${most} a second of the messages to instances' queues, or of replies, reach no queue, for 10 minutes`,
    // An instance that has left takes its queue along: some are usual.
    expr: ({ instancesUnroutablePerSecond: most }) =>
      `${unroutable} / 300 > ${most} and on (installation, vhost, exchange) warren_exchange_of_instances`,
    forMinutes: 10,
    summary: "Many messages to instances{{ with $labels.exchange }} through {{ . }}{{ end }} reach no queue",
    description:
      'About {{ $value | printf "%.1f" }} messages a second to {{ with $labels.exchange }}exchange {{ . }}{{ else }}the default exchange{{ end }} (vhost {{ $labels.vhost }}) reach no queue. Only queues of instances are there to get them, or replies: their publishers may not have noticed that instances have left.',
    fires: (sample) => {
      const on = sample.instanceExchange;
      return (
        on && {
          series: [given(sample, RETURNED, on, "0+600x40")],
          at: 30,
          labels: { installation: sample.installation, ...on },
          summary: `Many messages to instances through ${on.exchange} reach no queue`,
          description: `About 10.0 messages a second to exchange ${on.exchange} (vhost ${on.vhost}) reach no queue. Only queues of instances are there to get them, or replies: their publishers may not have noticed that instances have left.`,
        }
      );
    },
    quiet: (sample) => sample.instanceExchange && { series: [given(sample, RETURNED, sample.instanceExchange, "0+6x40")], at: 30 },
  },
  {
    name: "PublishersBlocked",
    severity: "page",
    when: "the broker holds back a service's publishing, for 1 minute",
    expr: () => "max by (installation, topology, service) (warren_worker_blocked) == 1",
    forMinutes: 1,
    summary: "{{ $labels.service }} cannot publish",
    description:
      "The broker does not read what service {{ $labels.service }} ({{ $labels.topology }}) publishes: a node has a memory or disk alarm. Messages pile up in the publishers until their buffers are full; free memory or disk on the broker.",
    fires: (sample) => {
      const labels = { topology: sample.topology, service: "api" };
      return {
        series: [given(sample, "warren_worker_blocked", { ...labels, instance: "a", purpose: "publish" }, "0x5 1x20")],
        at: 10,
        labels: { installation: sample.installation, ...labels },
        summary: "api cannot publish",
        description: `The broker does not read what service api (${sample.topology}) publishes: a node has a memory or disk alarm. Messages pile up in the publishers until their buffers are full; free memory or disk on the broker.`,
      };
    },
    quiet: (sample) => ({
      series: [
        given(sample, "warren_worker_blocked", { topology: sample.topology, service: "api", instance: "a", purpose: "publish" }, "0x20"),
      ],
      at: 10,
    }),
  },
];
