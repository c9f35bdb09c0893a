/** What runs of a whole stack share: a checkout of their own, a clock, and waiting for what has to become true. */
import { symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Clone } from "./clone.js";

/** Milliseconds for what takes some scrapes. */
const WAIT_MS = 75_000;

export class Trial {
  readonly clone = new Clone();
  readonly #began = Date.now();

  constructor() {
    symlinkSync(join(resolve(__dirname, ".."), "node_modules"), join(this.clone.directory, "node_modules"));
  }

  /** What goes on; results are for the standard output. */
  readonly tell = (text: string): void => console.error(`${((Date.now() - this.#began) / 1000).toFixed(0).padStart(4)}s  ${text}`);

  /** The passwords that were generated, by user. */
  async passwords(): Promise<Readonly<Record<string, string>>> {
    const { stdout } = await this.clone.npm("pulumi", "--", "stack", "output", "passwords", "--show-secrets", "--json");
    return JSON.parse(stdout.slice(stdout.search(/^\{/m))) as Record<string, string>;
  }

  /** Throws after so many milliseconds. What fails does not hold yet. */
  async until(what: string, holds: () => Promise<boolean | undefined>, ms = WAIT_MS): Promise<void> {
    for (const deadline = Date.now() + ms; Date.now() < deadline; await sleep(500)) if (await holds().catch(() => false)) return;
    throw new Error(`${what}: not within ${ms / 1000} seconds`);
  }
}
