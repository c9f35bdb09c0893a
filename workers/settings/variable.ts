/** A variable of the environment: its name, what it means, what it may be, and how it is read. One value, so that text and parser cannot differ. */
import { z } from "zod";
import { bytes, duration, DURATION_EXAMPLES, milliseconds, size, SIZE_EXAMPLES } from "../../topology/durations.js";

export interface Variable<T = unknown> {
  readonly meaning: string;
  /** As somebody would write it; "" where none is set. */
  readonly default: string;
  readonly allowed: string;
  /** Never printed. */
  readonly secret: boolean;
  /** What applies where it says more than the range. */
  readonly note: string | undefined;
  readonly schema: z.ZodType<T, string>;
}

interface Words {
  readonly meaning: string;
  readonly default?: string;
  readonly note?: string;
}

type Optional<W extends Words, T> = W extends { readonly default: string } ? T : T | undefined;

/** Gives a variable its schema. Empty means not set, as in `${NAME:-}` of a compose file. */
function variable<T, const W extends Words>(
  words: W,
  allowed: string,
  schema: z.ZodType<T, string>,
  secret = false,
): Variable<Optional<W, T>> {
  const { meaning, default: initial = "", note } = words;
  return { meaning, default: initial, allowed, secret, note, schema: schema };
}

const WHOLE = /^\d+$/;
const DECIMAL = /^\d+(\.\d+)?$/;

interface Range {
  readonly min: number;
  readonly max: number;
  readonly unit?: string;
}

const numbers = (form: RegExp, { min, max }: Range): z.ZodType<number, string> =>
  z.string().regex(form).transform(Number).pipe(z.number().min(min).max(max));
const spelled = ({ min, max, unit }: Range, kind: string): string => `${min}-${max}${unit === undefined ? "" : ` ${unit}`} (${kind})`;

export const whole = <const W extends Words & Range>(words: W): Variable<Optional<W, number>> =>
  variable(words, spelled(words, "whole number"), numbers(WHOLE, words));

export const decimal = <const W extends Words & Range>(words: W): Variable<Optional<W, number>> =>
  variable(words, spelled(words, "decimals allowed"), numbers(DECIMAL, words));

const YES = ["true", "1", "yes", "on"];
const NO = ["false", "0", "no", "off"];

export const truth = <const W extends Words>(words: W): Variable<Optional<W, boolean>> =>
  variable(
    words,
    [...YES, ...NO].join(", "),
    z
      .string()
      .toLowerCase()
      .pipe(z.enum([...YES, ...NO]))
      .transform((word) => YES.includes(word)),
  );

export const oneOf = <const V extends string, const W extends Words>(values: readonly V[], words: W): Variable<Optional<W, V>> =>
  variable(words, values.join(", "), z.string().toLowerCase().pipe(z.enum(values)) as unknown as z.ZodType<V, string>);

export const text = <const W extends Words & { readonly allowed?: string; readonly secret?: boolean }>(
  words: W,
): Variable<Optional<W, string>> => variable(words, words.allowed ?? "any text", z.string(), words.secret);

/** Either with its unit, or as RabbitMQ takes it. */
const measured = (read: (text: string) => number | undefined, { min, max }: Range): z.ZodType<number, string> =>
  z
    .string()
    .transform((given) => (WHOLE.test(given) ? Number(given) : (read(given) ?? NaN)))
    .pipe(z.number().min(min).max(max));

/** In milliseconds. */
export const time = <const W extends Words & Range>(words: W): Variable<Optional<W, number>> =>
  variable(
    words,
    `${duration(words.min)} to ${duration(words.max)}, as milliseconds or with a unit: ${DURATION_EXAMPLES}`,
    measured(milliseconds, words),
  );

/** In bytes. */
export const amount = <const W extends Words & Range>(words: W): Variable<Optional<W, number>> =>
  variable(words, `${size(words.min)} to ${size(words.max)}, as bytes or with a unit: ${SIZE_EXAMPLES}`, measured(bytes, words));
