/** Lets so many lines of a class through per second, and says how many it left out. */

/** More classes than this within one second count as one together. */
const CLASSES = 500;

export class Throttle {
  private seen = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  /** `report` is called at the end of a second, for each class of which some were left out; "" stands for those beyond the 500th. */
  constructor(
    private readonly perSecond: number,
    private readonly report: (kind: string, leftOut: number) => void,
  ) {}

  /** Whether one more of this class may be said now. */
  allow(kind: string): boolean {
    const key = this.seen.size < CLASSES || this.seen.has(kind) ? kind : "";
    const count = (this.seen.get(key) ?? 0) + 1;
    this.seen.set(key, count);
    // It must not keep a process alive that is done.
    this.timer ??= setTimeout(() => this.flush(), 1_000).unref();
    return count <= this.perSecond;
  }

  /** Ends the second early: reports what was left out so far. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { seen } = this;
    this.seen = new Map();
    for (const [kind, count] of seen) if (count > this.perSecond) this.report(kind, count - this.perSecond);
  }
}
