/** The sentences and lists that tell a change. */
import { duration, size } from "../durations.js";
import { grouped } from "../compile/graph-words.js";
import type { MessageHeaders } from "../routing.js";
import type { Reached } from "./change.js";
import type { RouteDifference } from "./routes.js";

export const quoted = (text: string): string => JSON.stringify(text);

/** Names that are listed in a sentence; of more, some. */
const LISTED = 8;

/** `a`, `a and b`, `a, b and c`. */
export function list(names: readonly string[]): string {
  if (names.length > LISTED) return `${names.slice(0, LISTED - 1).join(", ")} and ${names.length - LISTED + 1} more`;
  const [last = ""] = names.slice(-1);
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

export const headersText = (headers: MessageHeaders): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");

function subject(exchange: string, internal: boolean | undefined, key: string | undefined, headers: MessageHeaders): string {
  const given = Object.keys(headers).length > 0 ? ` with ${headersText(headers)}` : "";
  const like = key === undefined ? (given === "" ? "messages" : `messages${given}`) : `messages like ${key}${given}`;
  return internal ? `${like} that come to internal exchange ${exchange}` : `${like} to ${exchange}`;
}

function outcome({ lost, gained, lessCertain, certain, none, mayBeLost }: RouteDifference, before: Reached): string {
  const kept = before.queues.length + before.templates.length > lost.length;
  if (none[1])
    return mayBeLost[0]
      ? `reach no queue any more (before, perhaps: ${list(lost)})`
      : `are lost: they reached ${list(lost)}, and reach no queue now`;
  if (none[0]) return `now reach ${list(gained)}; before, they reached no queue`;
  const parts: string[] = [];
  if (lost.length > 0 && gained.length > 0)
    parts.push(kept ? `now reach ${list(gained)}, and no longer ${list(lost)}` : `go to ${list(gained)} instead of ${list(lost)}`);
  else if (lost.length > 0) parts.push(`no longer reach ${list(lost)}`);
  else if (gained.length > 0) parts.push(`are now also copied to ${list(gained)}`);
  if (lessCertain.length > 0) parts.push(`reach ${list(lessCertain)} no longer in every case`);
  if (certain.length > 0) parts.push(`now reach ${list(certain)} in every case`);
  if (mayBeLost[1] && !mayBeLost[0]) parts.push("may now reach no queue");
  if (mayBeLost[0] && !mayBeLost[1]) parts.push("now surely reach a queue");
  return parts.join(", and ");
}

/** One sentence: which messages, and what is otherwise for them. `key` in quotes, or none where keys make no difference. */
export function routeText(
  exchange: string,
  internal: boolean | undefined,
  key: string | undefined,
  headers: MessageHeaders,
  difference: RouteDifference,
  before: Reached,
): string {
  return `${subject(exchange, internal, key, headers)} ${outcome(difference, before)}`;
}

/** `100 messages or 1 MiB`. */
export function limitText({ maxLength, maxLengthBytes }: { readonly maxLength?: number; readonly maxLengthBytes?: number }): string {
  const parts = [
    ...(maxLength === undefined ? [] : [`${grouped(maxLength)} ${maxLength === 1 ? "message" : "messages"}`]),
    ...(maxLengthBytes === undefined ? [] : [size(maxLengthBytes)]),
  ];
  return parts.join(" or ");
}

export const timeText = (ms: unknown): string => (typeof ms === "number" ? duration(ms) : String(ms));
