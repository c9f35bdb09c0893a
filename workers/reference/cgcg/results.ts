/** What is known of tasks: an interface, the rules that hold for every store, and one in memory. */
import type { z } from "zod";
import type { cgcg } from "../../../topology/systems/cgcg.js";

export type StatusMessage = z.infer<(typeof cgcg)["messages"]["task.status"]["schema"]>;
export type TaskStatus = StatusMessage["status"];

export interface Task {
  readonly task_id: string;
  readonly task_name: string;
  readonly status: TaskStatus;
  readonly progress?: number | undefined;
  readonly result?: unknown;
  readonly error?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly submitted: number;
  readonly changed: number;
}

/*
 * PENDING -> STARTED -> PROGRESS ... -> SUCCESS | FAILURE | TIMEOUT
 *                    -> RETRY -> STARTED ...
 * any but an end -> REVOKED
 */
const ENDS: ReadonlySet<TaskStatus> = new Set<TaskStatus>(["SUCCESS", "FAILURE", "REVOKED", "TIMEOUT"]);
export const isOver = (status: TaskStatus): boolean => ENDS.has(status);

export interface Results {
  get(taskId: string): Task | undefined;
  /** Those that are not over, the oldest first. */
  active(): readonly Task[];
  put(task: Task): void;
  remove(taskId: string): void;
  /** Forgets what ended before this time, and tasks of which nobody heard since. */
  forget(before: number): void;
}

/** What a status makes of a task: an end is final, whatever comes late or twice. `undefined`: nothing. */
export function advanced(task: Task, { status, progress, result, error }: Omit<StatusMessage, "task_id">, now: number): Task | undefined {
  if (isOver(task.status)) return undefined;
  // A worker's word on how far it is holds until it tries again.
  const kept = status === "PROGRESS" || (status === "STARTED" && task.status === "PROGRESS") ? task.progress : undefined;
  const reached = progress ?? kept;
  const { task_id, task_name, submitted } = task;
  return {
    ...{ task_id, task_name, submitted, status, changed: now },
    ...(reached === undefined ? {} : { progress: reached }),
    ...(result === undefined ? {} : { result }),
    ...(error === undefined ? {} : { error }),
  };
}

/** Keeps at most `max` tasks; then the oldest go, those that are over first. */
export function memoryResults(max = 100_000): Results {
  const tasks = new Map<string, Task>();
  const makeRoom = (): void => {
    if (tasks.size <= max) return;
    const oldest = [...tasks.values()].find(({ status }) => isOver(status)) ?? tasks.values().next().value;
    if (oldest) tasks.delete(oldest.task_id);
  };
  return {
    get: (taskId) => tasks.get(taskId),
    active: () => [...tasks.values()].filter(({ status }) => !isOver(status)),
    put: (task) => {
      tasks.set(task.task_id, task);
      makeRoom();
    },
    remove: (taskId) => void tasks.delete(taskId),
    forget: (before) => {
      for (const { task_id, changed } of tasks.values()) if (changed < before) tasks.delete(task_id);
    },
  };
}
