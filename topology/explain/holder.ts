/** A queue with the settings that hold for it. */
import type { EffectiveSettings } from "../policies.js";
import type { QueueType } from "../settings.js";

/** A queue, or what instances of a template have. */
export interface Holder {
  readonly name: string;
  readonly type: QueueType;
  readonly settings: EffectiveSettings;
}

/** A number of milliseconds, bytes or messages that a setting has; a text of digits is none. */
export function numeric(settings: EffectiveSettings, key: string): number | undefined {
  const value = settings.get(key)?.value;
  return typeof value === "number" ? value : undefined;
}

export function text(settings: EffectiveSettings, key: string): string | undefined {
  const value = settings.get(key)?.value;
  return typeof value === "string" ? value : undefined;
}
