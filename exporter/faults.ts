/** What cannot be seen just now: told once when it begins, when it becomes another one, and when it is over. */
import { withoutCredentials } from "../broker/faults.js";

/** After so long a look that has not ended brings nothing. */
const HANGS_MS = 60_000;

export class Faults {
  readonly #now = new Map<string, string>();

  constructor(private readonly log: (line: string) => void) {}

  /** What the look brings, or `undefined` if it failed. `tell` hears whether it did, and of one that hangs that it does not. */
  async during<T>(what: string, look: () => Promise<T>, tell: (up: boolean) => void = () => undefined): Promise<T | undefined> {
    const hanging = setTimeout(() => tell(false), HANGS_MS);
    hanging.unref();
    try {
      const seen = await look();
      tell(true);
      if (this.#now.delete(what)) this.log(`${what}: seen again`);
      return seen;
    } catch (error) {
      tell(false);
      const why = withoutCredentials(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
      if (this.#now.get(what) !== why) this.log(`${what}: ${why}`);
      this.#now.set(what, why);
      return undefined;
    } finally {
      clearTimeout(hanging);
    }
  }
}
