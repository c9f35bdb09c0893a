/** A client's process: told its task, watched until it is ready, and asked for its result. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { endWithUs } from "../../lab/signals.js";
import type { Command } from "./peers.js";
import type { Result, Task } from "./task.js";

/** What a start and an end may take beyond the task itself. */
const SPARE_MS = 30_000;

export class ClientProcess {
  #said = "";
  #ready: () => void = () => undefined;
  readonly result: Promise<Result>;
  /** Resolves when it consumes, or is about to publish; rejects when it ends before. */
  readonly ready: Promise<void>;

  private constructor(
    private readonly child: ChildProcess,
    name: string,
    task: Task,
    limit: number,
  ) {
    const isReady = new Promise<void>((resolve) => (this.#ready = resolve));
    const forget = endWithUs(child);
    this.result = new Promise((resolve, reject) => {
      let result: Result | undefined;
      const timer = setTimeout(() => child.kill("SIGKILL"), limit);
      if (child.stdout)
        createInterface(child.stdout).on("line", (line) => {
          const value = JSON.parse(line) as Result | { readonly ready: true };
          if ("ready" in value) this.#ready();
          else result = value;
        });
      child.stderr?.on("data", (text: Buffer) => (this.#said = (this.#said + String(text)).slice(-2000)));
      child.on("error", reject);
      child.on("close", () => {
        clearTimeout(timer);
        forget();
        if (result) resolve(result);
        else
          reject(
            new Error(`${name} (${task.role}, ${task.bytes} B, ${task.queueType}) gave no result: ${this.#said.trim() || "it was ended"}`),
          );
      });
    });
    this.ready = Promise.race([isReady, this.result.then(() => undefined)]);
    // Whoever waits for one of them hears of it there.
    this.result.catch(() => undefined);
    this.ready.catch(() => undefined);
    child.stdin?.on("error", () => undefined);
    child.stdin?.write(`${JSON.stringify(task)}\n`);
  }

  /** `limit`: milliseconds until it is ended, if not by its task's own time. */
  static start(name: string, [program, ...args]: Command, task: Task, limit = task.warmUpMs + task.measureMs + SPARE_MS): ClientProcess {
    return new ClientProcess(spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] }), name, task, limit);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Ends a task that has no time of its own. */
  stop(): void {
    this.child.stdin?.end();
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }
}
