/** `spec.behavior` of an HPA in a file, as its manifest has it. */
import { z } from "zod";
import type { Behavior } from "../../sizing/index.js";
import { WarrenError } from "../../topology/errors.js";
import { visible } from "../output.js";

const rules = z
  .strictObject({
    stabilizationWindowSeconds: z.int().min(0).max(3600).exactOptional(),
    selectPolicy: z.enum(["Max", "Min", "Disabled"]).exactOptional(),
    policies: z
      .array(z.strictObject({ type: z.enum(["Pods", "Percent"]), value: z.int().min(1), periodSeconds: z.int().min(1).max(1800) }))
      .min(1)
      .exactOptional(),
  })
  .exactOptional();
const behavior = z.strictObject({ scaleUp: rules, scaleDown: rules }).nullable();

/** Throws a WarrenError (exit code 2) for what is none. */
export function readBehavior(text: string): Behavior | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new WarrenError(`The behavior is no JSON: ${visible((error as Error).message)}`, {
      remedy: "write spec.behavior as JSON, or null",
      exitCode: 2,
    });
  }
  const { success, data, error } = behavior.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  throw new WarrenError(`The behavior is none that an HPA has: ${visible(issue?.path.join(".") ?? "")}: ${visible(issue?.message ?? "")}`, {
    remedy: "write spec.behavior as its manifest has it",
    exitCode: 2,
  });
}
