/** A day's curve: how many messages a second come at which time. */

export const DAY = 86_400;
/** Seconds after midnight of the assumed curve's highest point. */
const TOP = 14 * 3600;
/** What comes in the stillest minute of the assumed curve, as a share of the mean. */
const NIGHT = 0.25;

/** Messages a second at a second of the day. */
export type Curve = (second: number) => number;

export interface Day {
  readonly curve: Curve;
  readonly rate: number;
  readonly peak: number;
  readonly lowest: number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const hillAt = (second: number, steepness: number): number => ((1 + Math.cos((2 * Math.PI * (second - TOP)) / DAY)) / 2) ** steepness;

const STEPS = 288;
const hillMean = (steepness: number): number => mean(Array.from({ length: STEPS }, (_, step) => hillAt((step * DAY) / STEPS, steepness)));

/** One hill with that mean and that top. */
function hill(rate: number, peak: number): Day {
  if (peak <= rate) return { curve: () => rate, rate, peak: rate, lowest: rate };
  const lowest = rate * NIGHT;
  const wanted = (rate - lowest) / (peak - lowest);
  let [low, high] = [0, 10_000];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (hillMean(middle) > wanted) low = middle;
    else high = middle;
  }
  return { curve: (second) => lowest + (peak - lowest) * hillAt(second, high), rate, peak, lowest };
}

/** Straight lines between the given values, and from the last one back to the first. */
function drawn(shape: readonly number[], rate: number | undefined, peak: number | undefined): Day {
  const [highest, average] = [Math.max(...shape), mean(shape)];
  const scale = rate !== undefined ? rate / average : (peak ?? 1) / highest;
  const curve: Curve = (second) => {
    const place = ((((second % DAY) + DAY) % DAY) / DAY) * shape.length;
    const index = Math.floor(place) % shape.length;
    const [from, to] = [shape[index] ?? 0, shape[(index + 1) % shape.length] ?? 0];
    return scale * (from + (to - from) * (place - Math.floor(place)));
  };
  return { curve, rate: scale * average, peak: scale * highest, lowest: scale * Math.min(...shape) };
}

/** The curve of a day with that mean and that highest value; a shape brings its own proportion of the two. */
export function day(
  given:
    | { readonly rate: number; readonly peak: number }
    | { readonly shape: readonly number[]; readonly rate?: number; readonly peak?: number },
): Day {
  return "shape" in given ? drawn(given.shape, given.rate, given.peak) : hill(given.rate, given.peak);
}
