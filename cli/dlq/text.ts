/** Dead letters as people and as programs read them. */
import { plural } from "../../topology/plural.js";
import type { Letter, Place, Purged, Requeued, Shown, Stopped } from "../../workers/dead-letters/index.js";
import { roughly } from "../duration-option.js";
import { visible } from "../output.js";

export const counted = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, number]) => `${name} ${number}`)
    .join(", ");

export const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());

/** Bodies and headers as JSON has them: text, where it is text. */
export const bodyJson = (body: Buffer): object => {
  const text = body.toString("utf8");
  return Buffer.from(text, "utf8").equals(body) ? { body: text } : { bodyBase64: body.toString("base64") };
};

/** Bytes and times in a header as JSON has them. */
export const plainValue = (value: unknown): unknown => {
  if (Buffer.isBuffer(value)) return { base64: value.toString("base64") };
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== "object" || value === null) return value;
  const { "!": kind, value: inner } = value as Record<string, unknown>;
  if (kind === "timestamp" && typeof inner === "number") return iso(inner * 1000);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plainValue(part)]));
};

export const letterJson = ({ letter, exchange, key, headers, contentType, bytes, body }: Shown): object => ({
  id: letter.id ?? null,
  message: letter.name ?? null,
  reason: letter.reason ?? null,
  from: letter.from ?? null,
  attempt: letter.attempt ?? null,
  requeued: letter.requeued,
  died: iso(letter.diedAt),
  origin: letter.origin ?? null,
  exchange,
  key,
  contentType: contentType ?? null,
  bytes,
  history: letter.history,
  deaths: letter.deaths.map(({ at, ...death }) => ({ ...death, at: iso(at) })),
  headers: plainValue(headers),
  ...(body ? bodyJson(body) : {}),
});

const PROTOCOL = /^(warren-|x-death$|x-(first|last)-death-|x-acquired-count$|x-delivery-count$)/;

function facts({ letter, exchange, key, headers, bytes, contentType }: Shown, now: number): [string, string][] {
  const { attempt, origin, requeued, diedAt, history, deaths } = letter;
  const own = Object.entries(headers).filter(([name]) => !PROTOCOL.test(name));
  return [
    ["died", diedAt === undefined ? "nothing says when" : `${roughly(now - diedAt)} ago (${iso(diedAt)})`],
    ...(attempt === undefined ? [] : [["attempt", String(attempt)] as [string, string]]),
    ...(requeued === 0 ? [] : [["requeued", plural(requeued, "time")] as [string, string]]),
    ["published to", `${quoted((origin ?? { exchange }).exchange)} with key ${quoted((origin ?? { key }).key)}`],
    ...history.map((failure): [string, string] => ["failed", `${failure.attempt}  ${failure.at}  ${failure.service}: ${failure.reason}`]),
    ...deaths.map((death): [string, string] => [
      "x-death",
      `${death.reason} in ${death.queue}, ${plural(death.count, "time")}${death.at === undefined ? "" : `, last ${iso(death.at)}`}`,
    ]),
    ...own.map(([name, value]): [string, string] => ["header", `${name} = ${JSON.stringify(plainValue(value))}`]),
    ["body", `${plural(bytes, "byte")}${contentType === undefined ? "" : `, ${contentType}`}`],
  ];
}

const quoted = (name: string): string => (name === "" ? 'the default exchange ""' : `"${name}"`);

const oneLine = (text: string): string => visible(text).replaceAll("\n", "\\n");

const title = ({ id, name, reason, from }: Letter): string =>
  `${id ?? "(no id)"}  ${name ?? "(no name)"}  ${reason ?? "for an unknown reason"}, from ${from ?? "an unknown queue"}`;

export function letterText(shown: Shown, now: number): string {
  const lines = facts(shown, now).map(([name, value]) => `  ${name.padEnd(12)}  ${oneLine(value)}`);
  const { body } = shown;
  const text =
    body === undefined
      ? []
      : visible(body.toString("utf8"))
          .split("\n")
          .map((line) => `    ${line}`);
  return [oneLine(title(shown.letter)), ...lines, ...text].join("\n");
}

export const placeText = ({ exchange, key }: Pick<Place, "exchange" | "key">): string =>
  exchange === "" ? `queue "${visible(key)}"` : `exchange "${visible(exchange)}" with key "${visible(key)}"`;

const STAYED = {
  returned: "returned: no queue takes them there",
  refused: "refused by the queue there (it is full)",
  unknown: "without the broker's word: they may be there and here",
  nowhere: "nothing on them says where they came from: name a place by --to and --key",
} as const;

export function requeuedText(done: Requeued, queue: string, dryRun: boolean): string {
  const { places, stayed, cameBack, withoutId, withoutUser, matched, requeued, taken } = done;
  const head = dryRun
    ? `Nothing is done: ${plural(matched, "message")} of ${taken} would be put back. With --yes they are.`
    : `${plural(requeued, "message")} of "${visible(queue)}" put back; ${taken} taken to look at, ${matched} matched.`;
  const notes = [
    ...(cameBack > 0 ? [`${plural(cameBack, "message")} came back dead meanwhile, not put back again`] : []),
    ...(withoutId > 0 ? [`${plural(withoutId, "message has", "messages have")} no message id: a duplicate of them could not be told`] : []),
    ...(withoutUser > 0 ? [`${plural(withoutUser, "message names", "messages name")} another user (user-id), which is left out`] : []),
  ];
  return [
    head,
    ...places.map(
      (place) => `  ${place.messages}  to ${placeText(place)}${place.missing ? ": IT IS NOT THERE, they would be returned and stay" : ""}`,
    ),
    ...Object.entries(STAYED).flatMap(([fate, why]) =>
      stayed[fate as keyof typeof STAYED] > 0 ? [`  ${stayed[fate as keyof typeof STAYED]}  stay, ${why}`] : [],
    ),
    ...notes.map((note) => `  ${note}`),
  ].join("\n");
}

export function purgedText({ matched, taken, reasons, from }: Purged, queue: string, dryRun: boolean): string {
  const head = dryRun
    ? `Nothing is done: ${plural(matched, "message")} of ${taken} would be deleted. With --yes they are.`
    : `${plural(matched, "message")} of "${visible(queue)}" deleted; ${taken} taken to look at.`;
  return [head, ...(matched === 0 ? [] : [`  by reason  ${visible(counted(reasons))}`, `  from       ${visible(counted(from))}`])].join(
    "\n",
  );
}

/** Why a pass ended early, and what that means for the messages. */
export function stoppedText({ kind, why }: Stopped, changes: "requeue" | "purge" | undefined): string {
  const words = { lost: "The connection was lost", interrupted: "Interrupted", starved: "Stopped", failed: "Stopped" } as const;
  const kept = "Nothing was lost: what was not done is in the queue as before";
  const means = {
    requeue: `${kept}; of the last messages some may be in both places, with the same message id`,
    purge: `${kept}; of the last messages some may be there still`,
    none: kept,
  }[changes ?? "none"];
  return `${words[kind]} (${visible(why)}). ${means}.`;
}
