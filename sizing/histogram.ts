/** Percentiles of many times in little room: buckets that grow by 1 %, so that a percentile is 1 % too high at most. */

const GROWTH = Math.log(1.01);
/** Seconds below which times are all the same. */
const LEAST = 1e-4;
/** Enough for 10^14 seconds. */
const BUCKETS = 4200;

export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;
  #highest = 0;
  #sum = 0;

  add(value: number, count = 1): void {
    const bucket = value <= LEAST ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(value / LEAST) / GROWTH));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    this.#total += count;
    this.#sum += value * count;
    if (value > this.#highest) this.#highest = value;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = this.#highest = this.#sum = 0;
  }

  get total(): number {
    return this.#total;
  }

  get max(): number {
    return this.#highest;
  }

  get mean(): number {
    return this.#total === 0 ? 0 : this.#sum / this.#total;
  }

  /** The value that this share of all stays below; 0 if there is none. */
  percentile(share: number): number {
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen > 0 && seen >= share * this.#total) return bucket === 0 ? 0 : Math.min(this.#highest, LEAST * Math.exp(bucket * GROWTH));
    }
    return 0;
  }
}
