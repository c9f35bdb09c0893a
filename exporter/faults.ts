/** What cannot be seen just now: told once when it begins, when it becomes another one, and when it is over. */
import { withoutCredentials } from "../broker/faults.js";

export class Faults {
  readonly #now = new Map<string, string>();

  constructor(private readonly log: (line: string) => void) {}

  /** What the look brings, or `undefined` if it failed. */
  async during<T>(what: string, look: () => Promise<T>): Promise<T | undefined> {
    try {
      const seen = await look();
      if (this.#now.delete(what)) this.log(`${what}: seen again`);
      return seen;
    } catch (error) {
      const why = withoutCredentials(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
      if (this.#now.get(what) !== why) this.log(`${what}: ${why}`);
      this.#now.set(what, why);
      return undefined;
    }
  }
}
