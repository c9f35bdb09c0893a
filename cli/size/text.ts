/** What `warren size` prints for people: a table, a look at each day, what was assumed, what to know. */
import { amount, bars, time } from "../../sizing/words.js";
import { ASSUMED, type Figure } from "../../sizing/figures.js";
import type { Comparison, MeasuredPoint, Simulation, SizedService } from "../../sizing/index.js";
import { table, visible, type Style } from "../output.js";

export interface Sized {
  readonly sized: SizedService;
  readonly simulation: Simulation;
  readonly measured?: readonly MeasuredPoint[];
  readonly comparison?: Comparison;
}

interface Look {
  readonly price: number | undefined;
  readonly style: Style;
}

const WIDTH = 72;

const range = ({ replicas: { min, max }, from }: SizedService): string =>
  `${min === max ? min : `${min}..${max}`}${from.replicas === "topology" ? " pinned" : ""}`;

const threshold = ({ perReplica, from }: SizedService): string =>
  perReplica === undefined ? "-" : `${amount(perReplica)}${from.perReplica === "topology" ? " pinned" : ""}`;

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;

function numbers(all: readonly Sized[]): string {
  return table([
    ["service", "replicas", "messages a replica", "cpu", "prefetch", "at a time", "rate/s", "busiest", "handler, p95", "target"],
    ...all.map(({ sized }) => [
      sized.service,
      range(sized),
      threshold(sized),
      sized.cpu === undefined ? "-" : `${sized.cpu} % pinned`,
      String(sized.prefetch),
      String(sized.concurrency),
      amount(sized.figures.rate),
      amount(sized.figures.peak),
      `${time(sized.figures.handler.mean)}, ${time(sized.figures.handler.p95)}`,
      time(sized.figures.latency),
    ]),
  ]);
}

function queues(all: readonly Sized[]): string | undefined {
  const several = all.filter(({ sized }) => Object.keys(sized.queues).length > 1);
  if (several.length === 0) return undefined;
  return table([
    ["queue", "of", "messages a replica", "rate/s", "busiest"],
    ...several.flatMap(({ sized }) =>
      Object.entries(sized.queues).map(([queue, { perReplica, rate, peak }]) => [
        queue,
        sized.service,
        perReplica === undefined ? "-" : amount(perReplica),
        amount(rate),
        amount(peak),
      ]),
    ),
  ]);
}

function busiest({ atPeak, figures, concurrency }: SizedService): string {
  const { replicas, utilization, latencyP95 } = atPeak;
  const many = `${replicas} replica${replicas === 1 ? "" : "s"}${concurrency > 1 ? ` of ${concurrency} handlers` : ""}`;
  return `by the formula ${many} at ${amount(figures.peak)}/s: ${percent(utilization)} busy, 95 of 100 messages done within ${time(latencyP95)}`;
}

/** What the figures ask for, where the topology decides. */
function asked({ from, computed: { min, max, perReplica }, replicas, perReplica: pinned }: SizedService): string[] {
  if (from.replicas === "computed") return [];
  const same = min === replicas.min && max === replicas.max && (from.perReplica === "computed" || perReplica === pinned);
  return [`its figures ask for ${min}..${max} replicas, ${amount(perReplica)} messages each${same ? ": what the topology says" : ""}`];
}

function day({ sized, simulation, comparison }: Sized, { price, style }: Look): string {
  const { points, wait, latency, within, depth, replicas, turns, changes, replicaHours, parcel } = simulation;
  const rows = [
    [
      "messages/s",
      bars(
        points.map(({ rate }) => rate),
        WIDTH,
      ),
      `to ${amount(Math.max(...points.map(({ rate }) => rate)))}`,
    ],
    [
      "backlog",
      bars(
        points.map(({ deepest }) => deepest),
        WIDTH,
      ),
      `to ${amount(depth.max)}, ${amount(depth.mean)} on average`,
    ],
    [
      "wait, p95",
      bars(
        points.map((point) => point.wait),
        WIDTH,
      ),
      `to ${time(Math.max(...points.map((point) => point.wait)))}`,
    ],
    [
      "replicas",
      bars(
        points.map(({ wanted }) => wanted),
        WIDTH,
      ),
      `${replicas.min} to ${replicas.max}, ${amount(replicas.mean)} on average`,
    ],
  ];
  const look = sized.scales && sized.replicas.max > 1 ? [indented(table(rows))] : [];
  const words = [
    `waits ${time(wait.p50)} (p50), ${time(wait.p95)} (p95), ${time(wait.max)} (longest); done within ${time(latency.p95)} (p95), ${percent(within ?? 0)} within the target`,
    `${changes} changes of replicas, ${turns} turns; ${amount(replicaHours)} replica-hours${price === undefined ? "" : `, ${(replicaHours * price).toFixed(2)} in all`}`,
    ...(parcel > 1 ? [`simulated in parcels of ${parcel} messages`] : []),
    ...(comparison
      ? [
          `measured: backlog to ${amount(comparison.measured.depth)}, replicas to ${comparison.measured.replicas}; on average ${amount(comparison.depth)} messages and ${amount(comparison.replicas)} replicas away from the simulation, at ${comparison.points} points`,
        ]
      : []),
  ];
  return [
    style("bold", visible(`${sized.topology} ${sized.service}`)),
    indented(busiest(sized)),
    ...asked(sized).map(indented),
    ...look,
    ...words.map(indented),
  ].join("\n");
}

const indented = (text: string): string => text.replace(/^/gm, "  ");

const DEFAULTS: Readonly<Record<Figure, string>> = {
  rate: `${ASSUMED.rate} message a second`,
  peak: `a peak of ${ASSUMED.peakOfRate} times the rate`,
  day: "a day of one hill, highest at 14:00, with a quarter of the rate at night",
  "handler.mean": `${ASSUMED.mean * 1000} ms for a message`,
  "handler.p95": `a handler's p95 of ${ASSUMED.p95OfMean} times its mean`,
  "handler.concurrency": `${ASSUMED.concurrency} message at a time`,
  "latency.p95": `a target of ${ASSUMED.latencyOfP95} times the handler's p95, at least ${ASSUMED.latencyAtLeast} s`,
};

function assumed(all: readonly Sized[]): string[] {
  return (Object.keys(DEFAULTS) as Figure[]).flatMap((figure) => {
    const those = all.filter(({ sized }) => sized.figures.assumed.includes(figure)).map(({ sized }) => sized.service);
    if (those.length === 0) return [];
    return [`assumed: ${DEFAULTS[figure]} (${those.length === all.length ? "all" : visible(those.join(", "))})`];
  });
}

export function report(all: readonly Sized[], look: Look): string {
  if (all.length === 0) return "no service consumes: there is nothing to size\n";
  const more = queues(all);
  const notes = all.flatMap(({ sized }) =>
    sized.notes.map(({ message }) => `${look.style("yellow", "note")} ${visible(sized.service)}: ${visible(message)}`),
  );
  return `${[numbers(all), ...(more === undefined ? [] : [more]), ...all.map((one) => day(one, look)), [...assumed(all), ...notes].join("\n")].filter(Boolean).join("\n\n")}\n`;
}
