/** The metrics of publishing and of requests. */
import type { PublishCode, RequestCode } from "../errors.js";
import { type Labels, oneOf, OTHER } from "./labels.js";
import type { Families } from "./metric-table.js";
import type { Observer } from "./observer.js";
import type { Distribution, LabelSet, Tally } from "./tally.js";

/** By code, whether anything was sent: the conventions do not count what was not. */
const SENT: Record<PublishCode, boolean> = {
  invalid: false,
  "too-large": false,
  "buffer-full": false,
  "rate-limited": false,
  "breaker-open": false,
  closed: false,
  unroutable: true,
  nacked: true,
  timeout: true,
  refused: true,
};
const REQUEST: Record<RequestCode, true> = {
  invalid: true,
  absent: true,
  timeout: true,
  cancelled: true,
  lost: true,
  failed: true,
  closed: true,
};
const CODES = Object.keys(SENT);
const REQUEST_CODES = Object.keys(REQUEST);

/** Unlike the other labels, `error_type` has a word of the conventions for what is in no list. */
const errorType = (codes: readonly string[], code: string): string => {
  const known = oneOf(codes, code);
  return known === OTHER ? "_OTHER" : known;
};

interface Lines {
  readonly duration: Distribution;
  readonly sent: Tally;
  readonly published: Tally;
  readonly bytes: Tally;
}

export function publishing(
  all: Families,
  base: LabelSet,
  names: Labels,
): Pick<Observer, "published" | "republished" | "buffered" | "requested"> {
  const known = new Map<string, Map<string, Lines>>();
  const republished = new Map<string, Tally>();
  const requests = new Map<string, Distribution>();
  let bufferedMessages = 0;
  let bufferedBytes = 0;
  all.bufferedMessages.add(() => [[base, bufferedMessages]]);
  all.bufferedBytes.add(() => [[base, bufferedBytes]]);

  const operation = (exchange: string): LabelSet => ({
    ...base,
    messaging_system: "rabbitmq",
    messaging_operation_name: "publish",
    messaging_destination_name: names.exchange(exchange),
  });

  function lines(message: string, exchange: string): Lines {
    const made: Lines = {
      duration: all.operationDuration.line(operation(exchange)),
      sent: all.sent.line(operation(exchange)),
      published: all.published.line({ ...base, message: names.message(message) }),
      bytes: all.publishedBytes.line({ ...base, message: names.message(message) }),
    };
    // Remembered only while there is a bound to how many there can be.
    if (names.message(message) !== OTHER && names.exchange(exchange) !== OTHER) {
      let exchanges = known.get(message);
      if (exchanges === undefined) known.set(message, (exchanges = new Map<string, Lines>()));
      exchanges.set(exchange, made);
    }
    return made;
  }

  function failed(message: string, exchange: string, seconds: number, code: string): void {
    all.publishErrors.line({ ...base, message: names.message(message), code: oneOf(CODES, code) }).value += 1;
    if (!(SENT as Record<string, boolean | undefined>)[code]) return;
    const labels = { ...operation(exchange), error_type: errorType(CODES, code) };
    all.sent.line(labels).value += 1;
    all.operationDuration.line(labels).observe(seconds);
  }

  return {
    published(message, exchange, seconds, bytes, error) {
      if (error !== undefined) return failed(message, exchange, seconds, error);
      const line = known.get(message)?.get(exchange) ?? lines(message, exchange);
      line.duration.observe(seconds);
      line.sent.value += 1;
      line.published.value += 1;
      line.bytes.value += bytes;
    },
    republished(message) {
      let tally = republished.get(message);
      if (tally === undefined) {
        tally = all.republished.line({ ...base, message: names.message(message) });
        if (names.message(message) !== OTHER) republished.set(message, tally);
      }
      tally.value += 1;
    },
    buffered(messages, bytes) {
      bufferedMessages = messages;
      bufferedBytes = bytes;
    },
    requested(message, seconds, error) {
      const label = names.message(message);
      const key = error === undefined ? label : `${label}\n${errorType(REQUEST_CODES, error)}`;
      let line = requests.get(key);
      if (line === undefined) {
        const more: LabelSet = error === undefined ? {} : { error_type: errorType(REQUEST_CODES, error) };
        requests.set(key, (line = all.requestDuration.line({ ...base, message: label, ...more })));
      }
      line.observe(seconds);
    },
  };
}
