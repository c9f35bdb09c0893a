/** CGCG's messaging, as its API uses it: over RabbitMQ, or none at all. */
import { randomUUID } from "node:crypto";
import type { cgcg } from "../../../topology/systems/cgcg.js";
import type { Bus } from "../../bus.js";
import { away, messagingError, QueueError, TaskError } from "./errors.js";
import { advanced, isOver, type Results, type StatusMessage, type Task } from "./results.js";

export type Cgcg = typeof cgcg;
export type ApiBus = Bus<Cgcg, "api">;

export interface Submission {
  readonly task_id?: string | undefined;
  readonly task_name: string;
  readonly args: unknown[];
  readonly kwargs: Record<string, unknown>;
}

export interface QueueInfo {
  readonly messages: number;
  readonly consumers: number;
}

export interface Messaging {
  /** `false`: it is switched off, and does nothing. */
  readonly enabled: boolean;
  /** Whether the broker is there now. */
  connected(): boolean;
  /** The task's id, or `null` where messaging is switched off. */
  submit(task: Submission): Promise<string | null>;
  status(taskId: string): Task;
  active(): readonly Task[];
  revoke(taskId: string): Promise<Task>;
  /** The message's id, or `null`. */
  publish(queue: string, message: Record<string, unknown>): Promise<string | null>;
  /** The broker's name for it, or `null`. */
  declare(queue: string): Promise<string | null>;
  info(queue: string): Promise<QueueInfo>;
  purge(queue: string): Promise<number>;
}

const unknownTask = (taskId: string): TaskError =>
  new TaskError(404, "no-task", `There is no task "${taskId}".`, "it may be too long ago; submit it: POST /rabbitmq/tasks/submit");
const noQueue = (queue: string): QueueError =>
  new QueueError(404, "no-queue", `There is no queue "${queue}".`, "declare it: POST /rabbitmq/queues/declare");

/** Switched off: what would be sent is nothing, and nothing is there. */
export const noMessaging: Messaging = {
  enabled: false,
  connected: () => false,
  submit: async () => null,
  status: (taskId) => {
    throw unknownTask(taskId);
  },
  active: () => [],
  revoke: async (taskId) => {
    throw unknownTask(taskId);
  },
  publish: async () => null,
  declare: async () => null,
  info: async (queue) => {
    throw noQueue(queue);
  },
  purge: async () => 0,
};

/** Milliseconds for a confirm: somebody waits for the answer. */
const CONFIRM_WITHIN = 3000;

export class RabbitMessaging implements Messaging {
  readonly enabled = true;

  constructor(
    private readonly bus: () => ApiBus | undefined,
    private readonly results: Results,
    private readonly now: () => number = Date.now,
  ) {}

  connected(): boolean {
    return this.bus() !== undefined;
  }

  async submit({ task_id = randomUUID(), task_name, args, kwargs }: Submission): Promise<string> {
    const bus = this.#bus();
    const at = this.now();
    const before = this.results.get(task_id);
    // Known before anybody works on it: its first status may be faster than the confirm.
    if (!before) this.results.put({ task_id, task_name, status: "PENDING", submitted: at, changed: at });
    try {
      await bus.publish(
        "task.submit",
        { task_id, task_name, args, kwargs },
        { messageId: task_id, correlationId: task_id, timeout: CONFIRM_WITHIN },
      );
      return task_id;
    } catch (error) {
      const told = messagingError(error, "the task", task_id);
      const mayHaveArrived = (told as { readonly code?: string }).code === "unconfirmed";
      if (!before && !mayHaveArrived) this.results.remove(task_id);
      throw told;
    }
  }

  status(taskId: string): Task {
    const task = this.results.get(taskId);
    if (!task) throw unknownTask(taskId);
    return task;
  }

  active(): readonly Task[] {
    return this.results.active();
  }

  async revoke(taskId: string): Promise<Task> {
    const task = this.status(taskId);
    if (isOver(task.status) && task.status !== "REVOKED")
      throw new TaskError(409, "over", `Task "${taskId}" is over: ${task.status}.`, "nothing is left to revoke");
    await this.#tell(taskId);
    const revoked = advanced(task, { status: "REVOKED" }, this.now());
    if (revoked) this.results.put(revoked);
    return revoked ?? task;
  }

  async publish(queue: string, message: Record<string, unknown>): Promise<string> {
    const messageId = randomUUID();
    try {
      await this.#bus().publish("direct", message, { key: { queue }, messageId, timeout: CONFIRM_WITHIN });
      return messageId;
    } catch (error) {
      const told = messagingError(error, "the message", messageId);
      throw told instanceof QueueError ? noQueue(queue) : told;
    }
  }

  async declare(queue: string): Promise<string> {
    return this.#do(() => this.#bus().declareInstance("direct", { queue }), queue);
  }

  async info(queue: string): Promise<QueueInfo> {
    const name = `direct.${queue}`;
    const found = (await this.#do(() => this.#bus().queues([name]), queue))[name];
    if (!found) throw noQueue(queue);
    return found;
  }

  async purge(queue: string): Promise<number> {
    return this.#do(() => this.#bus().purge(`direct.${queue}`), queue);
  }

  /** What a worker says of a task. A worker that starts one which was revoked did not hear of it: it is told again. */
  async heard(message: StatusMessage): Promise<void> {
    const { task_id, status } = message;
    const task = this.results.get(task_id);
    if (!task) return;
    const next = advanced(task, message, this.now());
    if (next) this.results.put(next);
    else if (task.status === "REVOKED" && status === "STARTED") await this.#tell(task_id).catch(() => undefined);
  }

  #bus(): ApiBus {
    const bus = this.bus();
    if (!bus) throw away();
    return bus;
  }

  async #tell(task_id: string): Promise<void> {
    try {
      await this.#bus().publish("task.revoke", { task_id }, { timeout: CONFIRM_WITHIN });
    } catch (error) {
      const told = messagingError(error, "the revocation", task_id);
      // No worker runs: none will start it either, for it is told again when one does.
      if (!(told instanceof QueueError)) throw told;
    }
  }

  async #do<R>(work: () => Promise<R>, queue: string): Promise<R> {
    try {
      return await work();
    } catch (error) {
      const told = messagingError(error, `what comes to "${queue}"`, queue);
      throw told instanceof QueueError && told.code === "no-queue" ? noQueue(queue) : told;
    }
  }
}
