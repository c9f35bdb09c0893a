/** The outcomes of the trials as a page: who loses what, who stops for good, how long it takes to come back. */
import type { Outcome } from "./bout.js";
import type { Scenario } from "./scenarios.js";

export interface Measured {
  readonly scenario: Pick<Scenario, "name" | "stands">;
  readonly outcomes: readonly Outcome[];
}

export interface Contestant {
  readonly name: string;
  /** Of its npm package. */
  readonly version: string;
  readonly settings: string;
}

const seconds = (ms: number | undefined): string => (ms === undefined ? "never" : `${(ms / 1000).toFixed(1)} s`);
const bold = (text: string): string => `**${text}**`;
const some = (count: number, word: string): string[] => (count === 0 ? [] : [`${count} ${word}`]);

/** Whether it published, or processed, nothing that came after the fault. */
export const stops = ({ verdict }: Outcome): readonly ("publisher" | "consumer")[] => [
  ...(verdict.publishMs === undefined ? (["publisher"] as const) : []),
  ...(verdict.processMs === undefined ? (["consumer"] as const) : []),
];

/** One outcome in one cell: what is bad first, then the times. */
export function cell(outcome: Outcome): string {
  const { verdict, crashes, poison, poisonDead } = outcome;
  const bad = [
    ...some(verdict.lost.length, "lost"),
    ...some(verdict.unexpected.length, "unexpected"),
    ...some(verdict.discarded.length, "innocent ones dead-lettered"),
    ...stops(outcome).map((side) => `${side} stops`),
    ...some(poison - poisonDead, "poison not dead-lettered"),
  ].map(bold);
  const rest = [
    ...some(verdict.duplicates, "twice"),
    ...some(verdict.failed + verdict.unanswered, "failed"),
    ...some(verdict.failedYetProcessed, "of them processed"),
    ...some(verdict.confirmedYetReturned, "confirmed though returned"),
    ...some(crashes, crashes === 1 ? "death" : "deaths"),
  ];
  return [...bad, ...rest, `${seconds(verdict.publishMs)} / ${seconds(verdict.processMs)}`].join("<br>");
}

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");

const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);

function totals(outcomes: readonly Outcome[]): string[] {
  const of = (count: (outcome: Outcome) => number): string => String(sum(outcomes.map(count)));
  const slowest = (time: (outcome: Outcome) => number | undefined): string => {
    const times = outcomes.flatMap((outcome) => time(outcome) ?? []);
    return times.length === 0 ? "never" : seconds(Math.max(...times));
  };
  return [
    of(({ verdict }) => verdict.lost.length),
    of(({ verdict }) => verdict.discarded.length),
    of((outcome) => (stops(outcome).includes("publisher") ? 1 : 0)),
    of((outcome) => (stops(outcome).includes("consumer") ? 1 : 0)),
    of(({ poison, poisonDead }) => poison - poisonDead),
    of(({ verdict }) => verdict.duplicates),
    of(({ verdict }) => verdict.failed + verdict.unanswered),
    of(({ verdict }) => verdict.failedYetProcessed),
    of(({ verdict }) => verdict.confirmedYetReturned),
    of(({ crashes }) => crashes),
    `${slowest(({ verdict }) => verdict.publishMs)} / ${slowest(({ verdict }) => verdict.processMs)}`,
  ];
}

const TOTALS = [
  ...["lost", "innocent ones dead-lettered", "publisher stops", "consumer stops", "poison not dead-lettered", "twice", "failed"],
  ...["of them processed", "confirmed though returned", "deaths", "slowest: publishes / processes"],
];

export function page(measured: readonly Measured[], contestants: readonly Contestant[], ground: string): string {
  const names = contestants.map(({ name }) => name);
  const of = (name: string): Outcome[] => measured.flatMap(({ outcomes }) => outcomes.filter(({ subject }) => subject === name));
  const storm = measured.find(({ scenario }) => scenario.name === "reconnect storm");
  const flood = measured.find(({ scenario }) => scenario.name === "publishing while disconnected");
  return `<!-- Written by \`npm run compare:workers\`. -->

# What clients do when the broker, the network or a handler fails

Each client library runs, set up as its own documentation says, as a publisher and a consumer in processes of their own, behind a proxy that breaks
connections, against a real broker. A ledger holds every message: handed over, confirmed, failed, returned, and its effect (a line appended to a file,
which outlives the process; with Warren's transactional store a row). At the end the queues are looked through. Measured on ${ground};
the libraries of a group at the same time, on the same broker, by the same fault. Every cell is one run, not an average: counts and times differ between
runs, and where a race decides (a channel that dies with deliveries on their way, a process that dies of an error or not) so does what is **bold**.

## In all ${measured.length} trials

${table(
  ["", ...TOTALS],
  names.map((name) => [name, ...totals(of(name))]),
)}

- **lost**: confirmed to the publisher, and then neither processed nor in any queue.
- **innocent ones dead-lettered**: good messages that ended in the dead-letter queue.
- **stops**: nothing handed over after the fault was confirmed (publisher) or processed (consumer) within 10 s (25 s in the crash loop).
  A process that dies is started again after 0.5 s, as a supervisor does, and has not stopped by that.
- **poison not dead-lettered**: messages whose handler always fails, and that are delivered again and again, or stay unacknowledged, in place of the
  dead-letter queue (delivery limit 4). From RabbitMQ 4.3 on \`basic.nack\` with requeue does not count towards the limit, \`basic.reject\` does. To requeue by
  nack is what rabbitmq-client, @cloudamqp/amqp-client and rascal do by default; with amqplib and amqp-connection-manager the handler's author chooses, and
  here it is what is listed below: there the difference is one of the set-up, not of the library.
- **twice**: effects beyond the first of their message.
- **failed**: the publisher was told, or its process died, before a confirm. **Of them processed**: who publishes these again makes duplicates.
- **confirmed though returned**: no queue took them; the library reports a confirm, and the return separately.
- **deaths**: of processes by an error or by the handler; those that the test killed are not counted.
- Times: from the end of the fault until a message handed over after it was confirmed / had its effect. They hold some waiting for the backlog.

## Trial by trial

Each cell ends with these two times.

${table(
  ["", ...names],
  measured.map(({ scenario, outcomes }) => [
    scenario.name,
    ...names.map((name) => {
      const outcome = outcomes.find(({ subject }) => subject === name);
      return outcome ? cell(outcome) : "n/a";
    }),
  ]),
)}

## What was done

${measured.map(({ scenario }) => `- **${scenario.name}**: ${scenario.stands}`).join("\n")}
${
  storm
    ? `
## The reconnect storm

${table(
  ["", "connections tried in 6 s, by 20 consumers and a publisher", "most in 0.1 s"],
  storm.outcomes.map(({ subject, attempts, attemptsAtOnce }) => [subject, String(attempts), String(attemptsAtOnce)]),
)}
`
    : ""
}${
    flood
      ? `
## 20,000 messages without a connection

${table(
  ["", "confirmed in the end", "failed, by reason", "memory of the publisher at most"],
  flood.outcomes.map(({ subject, verdict, peakMegabytes }) => [
    subject,
    String(verdict.confirmed),
    Object.entries(verdict.reasons)
      .map(([reason, count]) => `${count} ${reason}`)
      .join("; ") || (verdict.unanswered > 0 ? `${verdict.unanswered} without an answer` : "none"),
    `${peakMegabytes} MB`,
  ]),
)}

Messages are not handed to a process that is dead: a library whose process dies without a connection was given fewer.
`
      : ""
  }
## How each is set up

The same for all: heartbeat 2 s, first attempt to come back after 0.5 s and at most 2 s between two where that can be set, prefetch 10, publish time-out 3 s where there is
one, 50 messages a second to a quorum queue.

${contestants.map(({ name, version, settings }) => `- **${name}** ${version}: ${settings}`).join("\n")}
`;
}
