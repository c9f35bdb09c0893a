/** The metrics of consuming: by queue, and by queue and message. */
import { type Labels, oneOf, OTHER } from "./labels.js";
import type { Families } from "./metric-table.js";
import type { ConsumerEvent, Observer } from "./observer.js";
import type { Distribution, LabelSet, Tally } from "./tally.js";

const OUTCOMES = ["ack", "retry", "reject", "park", "requeue", "duplicate", "stale"] as const;
const REASONS = ["invalid", "malformed", "exhausted", "rejected", "parked"] as const;
const STATES = ["consuming", "cancelled", "recovering", "stopped", "failed"] as const;

/** Most queues of instances that are told apart at a time; beyond, they share what is known of them. */
const LIVE = 1_000;

interface MessageLines {
  readonly outcomes: Map<string, Tally>;
  readonly seconds: Tally;
}

/** The lines of one label, which several queues of instances may share. */
interface QueueLines {
  readonly label: string;
  readonly consumed: Tally;
  readonly bytes: Tally;
  readonly redelivered: Tally;
  readonly age: Distribution;
  readonly nearTtl: Tally;
  readonly retries: Tally;
  readonly duplicates: Tally;
  readonly stale: Tally;
  readonly deadLetters: Map<string, Tally>;
  readonly durations: Map<string, Distribution>;
  readonly messages: Map<string, MessageLines>;
}

/** One queue as it is now. */
interface LiveQueue {
  readonly lines: QueueLines;
  inFlight: number;
  state: ConsumerEvent | undefined;
  /** By `performance.now()`; of the last delivery, or of the consumer's start. */
  lastAt: number | undefined;
}

export function consuming(
  all: Families,
  base: LabelSet,
  names: Labels,
  queues: readonly string[],
): Pick<Observer, "received" | "processed" | "deadLettered" | "inFlight" | "consumer"> {
  const byLabel = new Map<string, QueueLines>();
  const live = new Map<string, LiveQueue>();

  function linesOf(label: string): QueueLines {
    const known = byLabel.get(label);
    if (known !== undefined) return known;
    const queue = { ...base, queue: label };
    const lines: QueueLines = {
      label,
      consumed: all.consumed.line(messaging(label, "consume")),
      bytes: all.receivedBytes.line(queue),
      redelivered: all.redelivered.line(queue),
      age: all.messageAge.line(queue),
      nearTtl: all.nearTtl.line(queue),
      retries: all.retries.line(queue),
      duplicates: all.duplicates.line(queue),
      stale: all.staleAcks.line(queue),
      deadLetters: new Map([...REASONS, OTHER].map((reason) => [reason, all.deadLetters.line({ ...queue, reason })])),
      durations: new Map(),
      messages: new Map(),
    };
    byLabel.set(label, lines);
    return lines;
  }

  const messaging = (label: string, operation: "consume" | "process"): LabelSet => ({
    ...base,
    messaging_system: "rabbitmq",
    messaging_operation_name: operation,
    messaging_destination_name: label,
  });

  function queueOf(queue: string): LiveQueue {
    const known = live.get(queue);
    if (known !== undefined) return known;
    const label = names.queue(queue);
    // Too many to tell apart: one stands for all of the label.
    const key = live.size < LIVE ? queue : `\n${label}`;
    let found = live.get(key);
    if (found === undefined) live.set(key, (found = { lines: linesOf(label), inFlight: 0, state: undefined, lastAt: undefined }));
    return found;
  }

  /** For events that may come after a queue was left: they make no live queue of it again. */
  const existing = (queue: string): QueueLines => live.get(queue)?.lines ?? linesOf(names.queue(queue));

  function messageOf(lines: QueueLines, message: string): MessageLines {
    const known = lines.messages.get(message);
    if (known !== undefined) return known;
    const label = names.message(message);
    let found = lines.messages.get(label);
    if (found === undefined) {
      found = { outcomes: new Map(), seconds: all.handlerSeconds.line({ ...base, queue: lines.label, message: label }) };
      lines.messages.set(label, found);
    }
    return found;
  }

  function duration(lines: QueueLines, outcome: string): Distribution {
    const known = lines.durations.get(outcome);
    if (known !== undefined) return known;
    const bounded = oneOf(OUTCOMES, outcome);
    const error: LabelSet = bounded === "ack" ? {} : { error_type: bounded === OTHER ? "_OTHER" : bounded };
    const made = all.processDuration.line({ ...messaging(lines.label, "process"), ...error });
    if (bounded !== OTHER) lines.durations.set(outcome, made);
    return made;
  }

  for (const queue of queues) linesOf(names.queue(queue));

  all.inFlight.add(function* () {
    for (const { lines, inFlight } of live.values()) yield [{ ...base, queue: lines.label }, inFlight];
  });
  all.sinceLastMessage.add(function* () {
    const now = performance.now();
    for (const { lines, lastAt } of live.values()) {
      if (lastAt !== undefined) yield [{ ...base, queue: lines.label }, (now - lastAt) / 1_000];
    }
  });
  all.consumerState.add(function* () {
    for (const { lines, state } of live.values()) {
      if (state === undefined) continue;
      for (const each of STATES) yield [{ ...base, queue: lines.label, state: each }, each === state ? 1 : 0];
    }
  });

  return {
    received(queue, bytes, redelivered, ageSeconds, nearTtl) {
      const at = queueOf(queue);
      at.lastAt = performance.now();
      const { lines } = at;
      lines.consumed.value += 1;
      lines.bytes.value += bytes;
      if (redelivered) lines.redelivered.value += 1;
      if (nearTtl === true) lines.nearTtl.value += 1;
      // A publisher's clock may be ahead.
      if (ageSeconds !== undefined) lines.age.observe(Math.max(0, ageSeconds));
    },
    processed(queue, message, outcome, seconds) {
      const lines = existing(queue);
      const of = messageOf(lines, message);
      let tally = of.outcomes.get(outcome);
      if (tally === undefined) {
        const bounded = oneOf(OUTCOMES, outcome);
        tally = all.outcomes.line({ ...base, queue: lines.label, message: names.message(message), outcome: bounded });
        if (bounded !== OTHER) of.outcomes.set(outcome, tally);
      }
      tally.value += 1;
      if (outcome === "retry") lines.retries.value += 1;
      else if (outcome === "duplicate") lines.duplicates.value += 1;
      else if (outcome === "stale") lines.stale.value += 1;
      if (!(seconds > 0)) return;
      of.seconds.value += seconds;
      duration(lines, outcome).observe(seconds);
    },
    deadLettered(queue, reason) {
      const tally = existing(queue).deadLetters.get(oneOf(REASONS, reason));
      if (tally !== undefined) tally.value += 1;
    },
    inFlight(queue, count) {
      const at = count === 0 ? live.get(queue) : queueOf(queue);
      if (at !== undefined) at.inFlight = count;
    },
    consumer(queue, state) {
      const at = queueOf(queue);
      at.state = oneOf(STATES, state) === OTHER ? at.state : state;
      if (state === "consuming") at.lastAt ??= performance.now();
      // An instance that left does not come back under this name.
      if (state === "stopped" && at.lines.label !== queue) live.delete(queue);
    },
  };
}
