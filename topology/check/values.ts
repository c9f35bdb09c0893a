/** Whether the broker takes a value for a setting. */
import { DURATION_EXAMPLES, SIZE_EXAMPLES } from "../durations.js";
import type { QueueType, Setting } from "../settings.js";

/** Ten years in milliseconds (source: `rabbit_misc:check_expiry`, and a live 4.3.6). */
const LONGEST = 315_360_000_000;

/** Old names for `balanced`, still taken (source: `rabbit_queue_location`, and a live 4.3.6). */
export const OLD_LOCATORS: readonly unknown[] = ["random", "least-leaders", "min-masters"];

/** What is wrong with a value, and what would be taken. */
export interface ValueFault {
  readonly fault: string;
  readonly allowed: readonly string[];
}

function range(setting: Setting): string {
  const most = setting.max ?? (setting.field === "messageTtl" || setting.field === "expires" ? LONGEST : undefined);
  const unit = setting.kind === "duration" ? " milliseconds" : setting.kind === "size" ? " bytes" : "";
  if (setting.min !== undefined && most !== undefined) return setting.min === most ? String(most) : `${setting.min} to ${most}${unit}`;
  return setting.min === undefined ? "a whole number" : `${setting.min} or more${unit}`;
}

function numeric(setting: Setting, value: unknown): ValueFault | undefined {
  const allowed = [range(setting)];
  if (typeof value === "string") {
    if (setting.kind === "duration") return { fault: "is not a duration", allowed: [DURATION_EXAMPLES] };
    if (setting.kind === "size") return { fault: "is not a size", allowed: [SIZE_EXAMPLES] };
    return { fault: "is text, where the broker takes a number", allowed };
  }
  if (typeof value !== "number" || !Number.isSafeInteger(value)) return { fault: "is not a whole number", allowed };
  if (setting.min !== undefined && value < setting.min) return { fault: "is too small", allowed };
  const most = setting.max ?? (setting.field === "messageTtl" || setting.field === "expires" ? LONGEST : Infinity);
  return value > most ? { fault: "is too large", allowed } : undefined;
}

function choice(setting: Setting, value: unknown, type: QueueType | undefined): ValueFault | undefined {
  const refused = (type && setting.refused?.[type]) ?? [];
  const allowed = (setting.choices ?? []).filter((one) => !refused.includes(one));
  if (allowed.includes(value as string)) return undefined;
  if (setting.policy === "queue-leader-locator" && OLD_LOCATORS.includes(value)) return undefined;
  return { fault: refused.includes(value as string) ? `is not for a ${type} queue` : "is not one of the choices", allowed };
}

/** As `rabbit_amqqueue` and `rabbit_policies` of 4.3.6 look at a value; durations and sizes as milliseconds and bytes. */
export function valueFault(setting: Setting, value: unknown, type: QueueType | undefined): ValueFault | undefined {
  switch (setting.kind) {
    case "duration":
    case "size":
    case "integer":
      return numeric(setting, value);
    case "boolean":
      return typeof value === "boolean" ? undefined : { fault: "is neither true nor false", allowed: ["true", "false"] };
    case "text":
      return typeof value === "string" ? undefined : { fault: "is not text", allowed: ["text"] };
    case "choice":
      return choice(setting, value, type);
    case "max-age":
      return typeof value === "string" && /^0*[1-9]\d*[YMDhms]$/.test(value)
        ? undefined
        : {
            fault: "is not a number of whole seconds, minutes, hours or days",
            allowed: ['"7 days"', '"90 seconds"', 'as raw argument: "7D", "90s"'],
          };
  }
}
