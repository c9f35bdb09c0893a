/** What an alert is: its rule, its sentences, and the two tests that show that it fires and that it keeps quiet. All of it plain data. */
import type { TargetNumbers } from "../constants.js";
import type { Role } from "../facts.js";
import type { Job } from "../series.js";
import type { Thresholds } from "../thresholds.js";

/** Somebody is woken, or somebody looks at it in the morning. */
export type Severity = "page" | "ticket";

/** One series of a test: its name with labels, and its values in promtool's notation, a minute apart. */
export type TestSeries = readonly [series: string, values: string];

/** A queue of the installation under test, with what the tests need of it. */
export interface SampleQueue {
  readonly vhost: string;
  readonly queue: string;
  readonly role: Role;
}

/** What the tests of alerts are about: real queues of the installation. One that it does not have is left out, and the tests which need it. */
export interface Sample {
  readonly installation: string;
  readonly topology: string;
  readonly vhost: string;
  readonly nodes: readonly string[];
  /** How many targets of each job there are meant to be. */
  readonly targets: TargetNumbers;
  readonly limited?: SampleQueue & { readonly limit: number };
  /** A working queue with a TTL that a service consumes. */
  readonly expiring?: SampleQueue & { readonly seconds: number };
  /** Dead letters with a TTL, whose age the exporter can tell. */
  readonly expiringDeadLetters?: SampleQueue & { readonly seconds: number };
  readonly deliveryLimited?: SampleQueue & { readonly limit: number };
  readonly replicated?: SampleQueue;
  readonly promised?: SampleQueue & { readonly service: string; readonly consumers: number };
  /** A queue of which several consumers are promised. */
  readonly crowded?: SampleQueue & { readonly service: string; readonly consumers: number };
  readonly ladder?: { readonly vhost: string; readonly source: string; readonly rung: string; readonly seconds: number };
  /** From it only queues of instances can be reached. */
  readonly instanceExchange?: { readonly vhost: string; readonly exchange: string };
  readonly deadLetters?: SampleQueue;
}

export interface AlertTest {
  readonly series: readonly TestSeries[];
  /** Minutes after the beginning at which it is looked. */
  readonly at: number;
}

export interface FiringTest extends AlertTest {
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: string;
}

/** Words that name a threshold follow it. */
export type Sentence = string | ((thresholds: Thresholds) => string);

export const sentence = (text: Sentence, thresholds: Thresholds): string => (typeof text === "string" ? text : text(thresholds));

/** `0.8` as `80 %`. */
export const percent = (share: number): string => `${Number((share * 100).toPrecision(6))} %`;

export interface Alert {
  readonly name: string;
  readonly severity: Severity;
  /** When it fires, as a part of a sentence, for the table of alerts. */
  readonly when: Sentence;
  readonly expr: (thresholds: Thresholds) => string;
  /** Minutes for which it has to hold. */
  readonly forMinutes: number;
  /** Templates of Prometheus. */
  readonly summary: string;
  readonly description: Sentence;
  /** For the default thresholds. Undefined where the installation has nothing that it could be tested on. */
  readonly fires: (sample: Sample) => FiringTest | undefined;
  readonly quiet: (sample: Sample) => AlertTest | undefined;
}

/** `a="1",b="2"` */
export const labelText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",");

/** A series of a test, with the installation's label. */
export const given = (sample: Sample, name: string, labels: Readonly<Record<string, string>>, values: string): TestSeries => [
  `${name}{${labelText({ installation: sample.installation, ...labels })}}`,
  values,
];

/** Whether Prometheus reaches the targets of a job: these values in turn, and always for those that are left. */
export const reached = (sample: Sample, job: Job, values: readonly string[] = []): TestSeries[] =>
  Array.from({ length: sample.targets[job] }, (_, at) =>
    given(
      sample,
      "up",
      { job, instance: (job.startsWith("rabbitmq") ? sample.nodes[at] : undefined) ?? `${job}-${at}` },
      values[at] ?? "1x100",
    ),
  );

/** A series of the broker about a queue, as the first node exports it. */
export const ofQueue = (sample: Sample, name: string, { vhost, queue }: Pick<SampleQueue, "vhost" | "queue">, values: string): TestSeries =>
  given(sample, name, { job: "rabbitmq-detailed", instance: sample.nodes[0] ?? "", vhost, queue }, values);

/** The labels that every alert about a queue has. */
export const queueLabels = (sample: Sample, { vhost, queue }: Pick<SampleQueue, "vhost" | "queue">): Readonly<Record<string, string>> => ({
  installation: sample.installation,
  vhost,
  queue,
});
