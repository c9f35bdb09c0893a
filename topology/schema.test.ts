/** The schema knows every setting of the table, for exactly the queue types that have it. */
import { describe, expect, test } from "vitest";
import { queue, template } from "./schema.js";
import { SETTINGS, type QueueType } from "./settings.js";

const EXAMPLES = { duration: "1 minute", size: "1 kB", integer: 2, boolean: true, "max-age": "1 day", text: "x" } as const;

/** A queue that says only this; what a nested field needs beside it is given too. */
function withField(type: QueueType, setting: (typeof SETTINGS)[number]): object {
  const value = setting.kind === "choice" ? setting.choices?.[0] : EXAMPLES[setting.kind];
  const [field = "", inner] = setting.field.split(".");
  const beside = field === "delayedRetry" ? { type: "all", min: "1 second" } : { exchange: "x" };
  return { type, [field]: inner === undefined ? value : { ...beside, [inner]: value } };
}

describe.each(SETTINGS.map((setting) => [setting.field, setting] as const))("%s", (_field, setting) => {
  test.each(["classic", "quorum", "stream"] as const)("on a %s queue", (type) => {
    expect(queue.safeParse(withField(type, setting)).success).toBe(setting.types.includes(type));
    expect(template.safeParse({ name: "t", ...withField(type, setting) }).success).toBe(setting.types.includes(type));
  });
});

test.each(
  SETTINGS.flatMap(({ field, choices, refused, types }) =>
    (choices ?? []).flatMap((choice) => types.map((type) => ({ field, choice, type, refused }))),
  ).filter(({ field }) => !field.includes(".")),
)("$field: $choice on a $type queue", ({ field, choice, type, refused }) => {
  expect(queue.safeParse({ type, [field]: choice }).success).toBe(!refused?.[type]?.includes(choice));
});
