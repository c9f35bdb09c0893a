/** Chance that is the same for the same seed: numbers, waiting times, handler times. */

/** Standard normal, by the polar method; and uniform, exponential. */
export interface Random {
  /** In [0, 1). */
  readonly uniform: () => number;
  /** With mean 1. */
  readonly exponential: () => number;
  readonly normal: () => number;
}

/** Mulberry32: 2^32 numbers before it repeats, fast, and good enough for queues. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square === 0 || square >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * scale;
      return x * scale;
    }
  };
  return { uniform, exponential: () => -Math.log(1 - uniform()), normal };
}
