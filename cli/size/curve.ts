/** A day's curve in a file: numbers from midnight to midnight, as JSON or one beside or below the other. */
import { WarrenError } from "../../topology/errors.js";

/** Throws a WarrenError (exit code 2) for what is no curve. */
export function readCurve(text: string): number[] {
  const words = text
    .replace(/[[\]]/g, " ")
    .split(/[\s,;]+/)
    .filter(Boolean);
  const values = words.map(Number);
  const wrong = words.find((_, index) => !(Number.isFinite(values[index]) && (values[index] ?? -1) >= 0));
  if (wrong === undefined && values.length >= 2 && values.some((value) => value > 0)) return values;
  throw new WarrenError(
    wrong === undefined
      ? "The curve has fewer than two numbers, or none above 0."
      : `The curve has ${JSON.stringify(wrong)}, which is no number of 0 or more.`,
    {
      allowed: ["2 or more numbers at equal distances from midnight to midnight, of which only the proportions count"],
      exitCode: 2,
    },
  );
}
