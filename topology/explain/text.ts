/** An explanation for people: indented, aligned, short. */
import { duration, size } from "../durations.js";
import type { Path, Step } from "../routing.js";
import { settingOfArgument, settingOfPolicyKey } from "../settings.js";
import type { Departure, Explanation, Fate, Loss, Stop } from "./fate.js";

/** Settings whose effect stands in lines of its own. */
const TOLD = new Set([
  "message-ttl",
  "dead-letter-exchange",
  "dead-letter-routing-key",
  "dead-letter-strategy",
  "max-length",
  "max-length-bytes",
  "overflow",
  "delivery-limit",
  "delayed-retry-type",
  "delayed-retry-min",
  "delayed-retry-max",
  "max-age",
  "expires",
]);

const exchangeName = (name: string): string => (name === "" ? "default exchange" : name);
const keyText = (key: string): string => JSON.stringify(key);
const count = (number: number): string => String(number).replace(/\B(?=(\d{3})+$)/g, " ");

function ordinal(number: number): string {
  const teen = number % 100 >= 11 && number % 100 <= 13;
  return `${number}${(!teen && { 1: "st", 2: "nd", 3: "rd" }[number % 10]) || "th"}`;
}

const CONDITIONS = {
  "one-of": "one of several",
  instance: "if the instance is there",
  placeholder: "if filled in so",
  unmatched: "if nothing else gets it",
} as const;

function stepText(step: Step): string {
  const { binding, exchange, via } = step;
  const args = Object.entries(binding?.arguments ?? {});
  const by =
    via === "alternate"
      ? "has no match, alternate"
      : via === "default"
        ? "by the queue's name"
        : [
            ...(binding && (binding.routingKey !== "" || args.length === 0) ? [keyText(binding.routingKey)] : []),
            ...args.map(([name, value]) => `${name}=${JSON.stringify(value)}`),
          ].join(" ");
  return `${exchangeName(exchange)} ${by}${step.condition === undefined ? "" : ` (${CONDITIONS[step.condition]})`}`;
}

const pathText = (path: Path): string => path.map(stepText).join(" → ");

const LOSSES: Readonly<Record<Loss, string>> = {
  "no-dead-letter-exchange": "it has no dead-letter exchange",
  "exchange-missing": "the exchange does not exist",
  unroutable: "no binding there matches",
  cycle: "it has come round without a rejection",
  full: "it is full",
  "internal-exchange": "only exchanges and the broker may publish to it",
};

function stopText(stop: Stop): string {
  const name = stop.uncertain ? `${stop.queue} (perhaps)` : stop.queue;
  switch (stop.then) {
    case "rests":
      return `${name}, stays there`;
    case "returns":
      return `back to ${name}`;
    case "cycle":
      return `not again to ${name} (a cycle)`;
    case "overflows":
      return `${name}, which holds nothing${stop.next ? `, then ${departureText(stop.next)}` : ""}`;
    case "expires": {
      const waits = `${name}, there ${duration(stop.after ?? 0)}`;
      return stop.next ? `${waits}, then ${departureText(stop.next)}` : waits;
    }
  }
}

function departureText({ effect, because, exchange, keys = [], stops = [], mayBeLost }: Departure): string {
  const fault = because === undefined ? "" : LOSSES[because];
  // Through the default exchange the key is the queue's name, which follows anyway.
  const via = exchange === undefined || exchange === "" ? "" : `→ ${exchange} `;
  switch (effect) {
    case "dropped":
      return because === "no-dead-letter-exchange" || because === "full"
        ? "dropped"
        : `dropped: ${via}${via ? keys.map(keyText).join(" ") : "→ default exchange"}: ${fault}`;
    case "kept":
      return `kept in the queue until ${exchangeName(exchange ?? "")} gets it somewhere: ${fault}`;
    case "refused":
      return `refused by ${exchangeName(exchange ?? "")}: ${fault}`;
    case "dead-lettered":
    case "published": {
      const [only, ...others] = stops;
      const to = only && others.length === 0 ? `→ ${stopText(only)}` : `→ ${stops.length} queues: ${stops.map(stopText).join("; ")}`;
      return `${via}${to}${mayBeLost ? ", or to no queue" : ""}`;
    }
  }
}

function valueText(key: string, value: unknown): string {
  const kind = (settingOfPolicyKey(key) ?? settingOfArgument(`x-${key}`))?.kind;
  if (typeof value === "number" && kind === "duration") return duration(value);
  return typeof value === "number" && kind === "size" ? size(value) : String(value);
}

type Row = readonly [label: string, text: string];

function overflowRows({ overflow }: Fate, dead: (departure: Departure) => string): Row[] {
  if (!overflow) return [];
  const { maxLength, maxLengthBytes, mode, departure } = overflow;
  const limit = [
    ...(maxLength === undefined ? [] : [`${count(maxLength)} messages`]),
    ...(maxLengthBytes === undefined ? [] : [size(maxLengthBytes)]),
  ].join(" or ");
  if (mode === "drop-head") return [["overflow", `over ${limit} the oldest is ${departure ? dead(departure) : "dropped"}`]];
  return [
    [
      "overflow",
      `over ${limit} the publisher gets a nack${departure ? `, and the message is ${dead(departure)}` : ", and nothing else happens"}`,
    ],
  ];
}

function returnedRows({ deliveryLimit, delayedRetry }: Fate, dead: (departure: Departure) => string): Row[] {
  const rows: Row[] = [];
  if (delayedRetry) {
    const { type, min = 0, max } = delayedRetry;
    rows.push([
      "returned",
      `(${type}) waits ${duration(min)} times its deliveries${max === undefined ? "" : `, at most ${duration(max)}`}`,
    ]);
  }
  if (!deliveryLimit) return rows;
  const counts = deliveryLimit.counts.length === 1 ? "reject; nack does not count" : "reject or nack";
  const { deliveries, departure } = deliveryLimit;
  rows.push([
    rows.length === 0 ? "returned" : "",
    deliveries === undefined || !departure
      ? "delivered again without end"
      : `the ${ordinal(deliveries)} time (${counts}): ${dead(departure)}`,
  ]);
  return rows;
}

function retryRows({ retries, queue }: Fate): Row[] {
  if (!retries) return [];
  const rungs = retries.rungs.map((rung): string => {
    const [stop, ...others] = rung.stops ?? [];
    const [back] = stop?.next?.stops ?? [];
    const plain = stop?.after !== undefined && others.length === 0 && back?.then === "returns" && back.queue === queue;
    return plain ? `waits ${duration(stop.after ?? 0)} in ${stop.queue}, then back` : departureText(rung);
  });
  return [...rungs, departureText(retries.exhausted)].map((text, index) => [index === 0 ? "fails" : "", `${ordinal(index + 1)}: ${text}`]);
}

function fateRows(fate: Fate): Row[] {
  const departures = [fate.expired?.departure, fate.rejected, fate.overflow?.departure, fate.deliveryLimit?.departure]
    .filter((departure) => departure?.effect === "dead-lettered")
    .map((departure) => departureText(departure as Departure));
  // The same way for several reasons is told once.
  const common = departures.find((text, index) => departures.indexOf(text) !== index);
  const dead = (departure: Departure): string => {
    const text = departureText(departure);
    return text === common ? "dead-lettered" : departure.effect === "dead-lettered" ? `dead-lettered ${text}` : text;
  };
  const { retention, settings, expired, rejected } = fate;
  const rows: Row[] = fate.paths.map((path, index) => [index === 0 ? "by" : "", pathText(path)]);
  if (expired) rows.push(["expires", `after ${duration(expired.after)}: ${dead(expired.departure)}`]);
  if (rejected) rows.push(["rejected", dead(rejected)]);
  rows.push(...overflowRows(fate, dead), ...returnedRows(fate, dead));
  if (common !== undefined) rows.push(["dead letter", common]);
  rows.push(...retryRows(fate));
  if (fate.type === "stream") {
    const limits = [
      ...(retention?.maxAge === undefined ? [] : [retention.maxAge]),
      ...(retention?.maxLengthBytes === undefined ? [] : [size(retention.maxLengthBytes)]),
    ];
    rows.push(["kept", limits.length === 0 ? "for ever, read or not" : `at most ${limits.join(" or ")}, read or not`]);
  }
  const unused = settings.find(({ key }) => key === "expires")?.value;
  if (typeof unused === "number") rows.push(["unused", `for ${duration(unused)}: the queue is deleted, and its messages with it`]);
  const others = settings.filter(({ key }) => !TOLD.has(key)).map(({ key, value }) => `${key} ${valueText(key, value)}`);
  if (others.length > 0) rows.push(["settings", others.join(", ")]);
  const sources = [...new Set(settings.map(({ source }) => source))];
  if (sources.length > 0) rows.push(["set by", sources.join(", ")]);
  return rows;
}

function headline({ refused, unroutable, queues, instances, choices, mayBeUnroutable, exchange }: Explanation): string {
  if (refused === "unknown-exchange") return `There is no exchange ${JSON.stringify(exchange)}: the broker closes the channel (404).`;
  if (refused === "internal-exchange") return `${exchange} is internal: the broker refuses what a client publishes to it (403).`;
  if (unroutable) return "No queue gets it: it is dropped, though confirmed; with the mandatory flag it is returned.";
  const total = queues.length + instances.length;
  const chosen = choices.map(({ exchange: at, oneOf }) => `${at} chooses one of ${oneOf.length}`);
  const notes = [...chosen, ...(mayBeUnroutable ? ["perhaps none"] : [])];
  return `${total === 1 ? "One queue gets it" : `${total} queues ${choices.length > 0 || instances.length > 0 ? "may get" : "get"} it`}${notes.length > 0 ? ` (${notes.join(", ")})` : ""}.`;
}

/** An explanation as text, without a line break at its end. */
export function explainText(explanation: Explanation): string {
  const { exchange, key, headers, fates } = explanation;
  const given = Object.entries(headers).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  const lines = [`${exchangeName(exchange)} ${keyText(key)}${given.join("")}`, headline(explanation)];
  for (const fate of fates) {
    const rows = fateRows(fate);
    const width = Math.max(...rows.map(([label]) => label.length));
    const kind = [fate.type, ...(fate.instanceOf === undefined ? [] : [`of each instance of ${fate.instanceOf}`])].join(", ");
    lines.push("", `${fate.queue}  (${kind})`, ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`));
  }
  return lines.join("\n");
}
