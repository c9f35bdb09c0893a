/** Splits what a queue says into arguments, fixed at declaration, and the definition of a policy, which can change. */
import { bytes, maxAge, milliseconds } from "../durations.js";
import type { DeadLetterTo, Queue, QueueTemplate, SettingsMode } from "../model.js";
import { SETTINGS, type Setting } from "../settings.js";
import type { Arguments } from "./plan.js";

export interface SplitSettings {
  readonly arguments: Arguments;
  readonly policy: Arguments;
}

type Anything = { readonly [field: string]: unknown };

/** `deadLetterTo` in one form; a queue is reached through the default exchange, whose name is empty. */
export function deadLetter(to: DeadLetterTo | undefined): { exchange: string; routingKey?: string; strategy?: string } | undefined {
  if (to === undefined) return undefined;
  if (typeof to === "string") return { exchange: to };
  const strategy = to.strategy === undefined ? {} : { strategy: to.strategy };
  if ("queue" in to) return { exchange: "", routingKey: to.queue, ...strategy };
  return { exchange: to.exchange, ...(to.routingKey === undefined ? {} : { routingKey: to.routingKey }), ...strategy };
}

function valueOf(fields: Anything, setting: Setting): unknown {
  const [field = "", inner] = setting.field.split(".");
  const value = fields[field];
  const plain = inner === undefined ? value : (value as Anything | undefined)?.[inner];
  if (plain === undefined) return undefined;
  if (setting.kind === "duration") return milliseconds(plain) ?? plain;
  if (setting.kind === "size") return bytes(plain) ?? plain;
  if (setting.kind === "max-age") return maxAge(milliseconds(plain) ?? 0) ?? plain;
  return plain;
}

/** In policy mode an argument only where it has to be one; in arguments mode a policy only where it has to be one. */
export function splitSettings(queue: Queue | QueueTemplate, mode: SettingsMode): SplitSettings {
  const fields = { ...queue, deadLetterTo: "deadLetterTo" in queue ? deadLetter(queue.deadLetterTo) : undefined } as Anything;
  const split = { arguments: {} as Record<string, unknown>, policy: {} as Record<string, unknown> };
  for (const setting of SETTINGS) {
    const value = valueOf(fields, setting);
    if (value === undefined) continue;
    const { argument, policy } = setting;
    if (policy !== undefined && (mode === "policy" || argument === undefined)) split.policy[policy] = value;
    else if (argument !== undefined) split.arguments[argument] = value;
  }
  return { ...split, arguments: { ...split.arguments, ...queue.arguments } };
}
