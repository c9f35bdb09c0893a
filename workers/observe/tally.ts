/**
 * Counters, gauges and histograms that cost an addition per event: the values stand in plain objects which the caller keeps, and
 * become a metric of prom-client when somebody reads them. (A child that prom-client's `labels()` gives hashes its labels at every call.)
 */
import type { Metric, Registry } from "prom-client";

export type LabelSet = Readonly<Record<string, string>>;

/** One line of a counter. */
export interface Tally {
  value: number;
}

interface Row {
  labels: Record<string, string | number>;
  value: number;
  metricName?: string;
}

/** What the registry asks of a metric: `name`, `help`, `type`, `aggregator`, `get()`, `reset()`. */
abstract class Family {
  readonly aggregator = "sum";
  abstract readonly type: "counter" | "gauge" | "histogram";

  constructor(
    /** Not fixed: a registry in OpenMetrics' format takes the `_total` off. */
    public name: string,
    readonly help: string,
  ) {}

  protected abstract rows(): Row[];
  abstract reset(): void;

  async get() {
    return { name: this.name, help: this.help, type: this.type, aggregator: this.aggregator, values: this.rows() };
  }
}

const keyOf = (labels: LabelSet): string => JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));

export class CounterFamily extends Family {
  readonly type = "counter";
  private readonly lines = new Map<string, { labels: LabelSet; tally: Tally }>();

  /** The line with these labels, at 0 if it is new. Keep it: looking it up is the expensive part. */
  line(labels: LabelSet): Tally {
    const key = keyOf(labels);
    let line = this.lines.get(key);
    if (line === undefined) this.lines.set(key, (line = { labels, tally: { value: 0 } }));
    return line.tally;
  }

  protected rows(): Row[] {
    return [...this.lines.values()].map(({ labels, tally }) => ({ labels, value: tally.value }));
  }

  reset(): void {
    for (const { tally } of this.lines.values()) tally.value = 0;
  }
}

/** One set of buckets. */
export class Distribution {
  sum = 0;
  count = 0;
  /** How many fell into each bucket alone; the last is what is above every bound. */
  readonly counts: number[];

  constructor(readonly bounds: readonly number[]) {
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    // Not a number, or endless: it would spoil the sum for good.
    if (!Number.isFinite(value)) return;
    const { bounds } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] as number)) at += 1;
    this.counts[at] = (this.counts[at] as number) + 1;
    this.sum += value;
    this.count += 1;
  }

  reset(): void {
    this.counts.fill(0);
    this.sum = this.count = 0;
  }
}

export class HistogramFamily extends Family {
  readonly type = "histogram";
  private readonly lines = new Map<string, { labels: LabelSet; distribution: Distribution }>();

  constructor(
    name: string,
    help: string,
    readonly bounds: readonly number[],
  ) {
    super(name, help);
  }

  line(labels: LabelSet): Distribution {
    const key = keyOf(labels);
    let line = this.lines.get(key);
    if (line === undefined) this.lines.set(key, (line = { labels, distribution: new Distribution(this.bounds) }));
    return line.distribution;
  }

  protected rows(): Row[] {
    const rows: Row[] = [];
    for (const { labels, distribution } of this.lines.values()) {
      let below = 0;
      this.bounds.forEach((bound, at) => {
        below += distribution.counts[at] ?? 0;
        rows.push({ labels: { le: bound, ...labels }, value: below, metricName: `${this.name}_bucket` });
      });
      rows.push({ labels: { le: "+Inf", ...labels }, value: distribution.count, metricName: `${this.name}_bucket` });
      rows.push({ labels: { ...labels }, value: distribution.sum, metricName: `${this.name}_sum` });
      rows.push({ labels: { ...labels }, value: distribution.count, metricName: `${this.name}_count` });
    }
    return rows;
  }

  reset(): void {
    for (const { distribution } of this.lines.values()) distribution.reset();
  }
}

/** What a computed metric is at the moment of reading. */
export type Source = () => Iterable<readonly [LabelSet, number]>;

/** Values that are worked out when they are read. Where two sources (or one, twice) give the same labels, `merge` decides; by default the sum. */
export class ComputedFamily extends Family {
  private readonly sources: Source[] = [];

  constructor(
    name: string,
    help: string,
    readonly type: "counter" | "gauge" = "gauge",
    private readonly merge: (a: number, b: number) => number = (a, b) => a + b,
  ) {
    super(name, help);
  }

  add(source: Source): void {
    this.sources.push(source);
  }

  protected rows(): Row[] {
    const rows = new Map<string, Row>();
    for (const source of this.sources) {
      for (const [labels, value] of source()) {
        const key = keyOf(labels);
        const row = rows.get(key);
        if (row === undefined) rows.set(key, { labels, value });
        else row.value = this.merge(row.value, value);
      }
    }
    return [...rows.values()];
  }

  reset(): void {
    // Nothing is kept here.
  }
}

/** The family of that name in this registry; several workers in one process share it, and differ by their labels. */
export function family<F extends Family>(registry: Registry, fresh: F): F {
  const there: unknown = registry.getSingleMetric(fresh.name);
  if (there !== undefined && there instanceof fresh.constructor) return there as F;
  // Throws if somebody else has a metric of that name. The registry calls the methods above alone; its types ask for its own classes.
  registry.registerMetric(fresh as unknown as Metric);
  return fresh;
}
