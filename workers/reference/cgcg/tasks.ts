/** The task worker: functions by name, with progress, time-outs, retries by the ladder, and revocation while they run. */
import { park, retry, type Outcome } from "../../consume/outcomes.js";
import type { Bus, DeliveryOf } from "../../bus.js";
import type { Cgcg } from "./messaging.js";
import type { StatusMessage } from "./results.js";

export interface TaskContext {
  readonly taskId: string;
  /** 1, 2, ... */
  readonly attempt: number;
  /** Aborted when it is revoked, takes too long, or the worker stops. */
  readonly signal: AbortSignal;
  /** How far it is, from 0 to 1. */
  readonly progress: (part: number) => Promise<void>;
}

export interface TaskFunction {
  run(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>, context: TaskContext): unknown;
  /** Milliseconds; then it is over, with TIMEOUT. @default the worker's */
  readonly timeout?: number;
}

/** By task name. */
export type Registry = Readonly<Record<string, TaskFunction>>;

class Over extends Error {
  constructor(
    readonly status: "REVOKED" | "TIMEOUT",
    message: string,
  ) {
    super(message);
  }
}

interface Options {
  readonly registry: Registry;
  /** Rungs of the ladder. */
  readonly rungs: number;
  /** Milliseconds for a task that does not say. @default 300000 */
  readonly timeout?: number;
}

type TaskBus = Pick<Bus<Cgcg, "worker">, "publish">;

/** Revocations that are remembered: of tasks that may come later. */
const REMEMBERED = 100_000;

export class TaskRunner {
  readonly #running = new Map<string, AbortController>();
  readonly #revoked = new Set<string>();

  constructor(
    private readonly bus: TaskBus,
    private readonly options: Options,
  ) {}

  revoke(taskId: string): void {
    this.#revoked.add(taskId);
    if (this.#revoked.size > REMEMBERED) this.#revoked.delete(this.#revoked.values().next().value as string);
    this.#running.get(taskId)?.abort(new Over("REVOKED", "the task was revoked"));
  }

  /** Handles a delivery of `tasks`. Statuses are confirmed by the broker before the task is acked: none is lost, one may come twice. */
  async handle({ body, attempt, signal }: Pick<DeliveryOf<Cgcg, "tasks">, "body" | "attempt" | "signal">): Promise<Outcome | undefined> {
    const { task_id, task_name, args, kwargs } = body;
    const say = async (status: StatusMessage["status"], more: Partial<StatusMessage> = {}): Promise<void> => {
      await this.bus.publish("task.status", { task_id, status, ...more }, { correlationId: task_id });
    };
    const over = async (status: StatusMessage["status"], error: string): Promise<Outcome> => {
      await say(status, { error });
      return park(error);
    };
    if (this.#revoked.has(task_id)) return this.#revokedNow(say);
    const { registry, rungs, timeout = 300_000 } = this.options;
    const task = Object.hasOwn(registry, task_name) ? registry[task_name] : undefined;
    if (!task) return over("FAILURE", `there is no task function "${task_name}"; there are: ${Object.keys(registry).join(", ")}`);
    try {
      await say("STARTED");
      const result = await this.#run(task.timeout ?? timeout, signal, task_id, (own) =>
        task.run(args, kwargs, {
          taskId: task_id,
          attempt,
          signal: own,
          progress: (part) => say("PROGRESS", { progress: Math.min(1, Math.max(0, part)) }),
        }),
      );
      await say("SUCCESS", { progress: 1, ...(result === undefined ? {} : { result }) });
      return undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof Over) return await (error.status === "TIMEOUT" ? over("TIMEOUT", reason) : this.#revokedNow(say));
      // The worker stops: another one begins it anew.
      if (signal.aborted) throw error;
      await say(attempt > rungs ? "FAILURE" : "RETRY", { error: reason });
      return retry(reason);
    }
  }

  async #revokedNow(say: (status: "REVOKED") => Promise<void>): Promise<undefined> {
    await say("REVOKED");
    return undefined;
  }

  /** A function that does not heed its signal is left behind: what it gives back later is nothing any more. */
  async #run(timeout: number, stopping: AbortSignal, taskId: string, work: (signal: AbortSignal) => unknown): Promise<unknown> {
    const controller = new AbortController();
    this.#running.set(taskId, controller);
    const stop = (): void => controller.abort(stopping.reason);
    stopping.addEventListener("abort", stop, { once: true });
    const timer = setTimeout(() => controller.abort(new Over("TIMEOUT", `the task took longer than ${timeout} ms`)), timeout);
    const { signal } = controller;
    try {
      const ended = new Promise<never>((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
      );
      return await Promise.race([(async () => work(signal))(), ended]);
    } finally {
      clearTimeout(timer);
      stopping.removeEventListener("abort", stop);
      this.#running.delete(taskId);
    }
  }
}
