/** Runs cases side by side where they do not touch each other's queues. Pure: what a case does is its caller's. */

export interface Task {
  /** @default none: it runs beside every other */
  readonly touches?: readonly string[] | "everything" | undefined;
  readonly run: () => Promise<void>;
}

const NOTHING: readonly string[] = [];

/**
 * Starts tasks in their order, at most so many at a time; one whose queues are in use waits, and others go before it. One that touches
 * everything waits until nothing runs that touches anything, and nothing that touches anything starts before it is done.
 */
export async function schedule(tasks: readonly Task[], atATime: number): Promise<void> {
  const waiting = [...tasks];
  const running = new Set<Task>();
  const used = new Set<string>();
  let alone = false;

  const free = ({ touches = NOTHING }: Task): boolean => {
    if (alone) return touches.length === 0;
    return touches === "everything" ? used.size === 0 : !touches.some((queue) => used.has(queue));
  };
  const start = async (task: Task): Promise<void> => {
    const { touches = NOTHING } = task;
    if (touches === "everything") alone = true;
    else for (const queue of touches) used.add(queue);
    running.add(task);
    try {
      await task.run();
    } finally {
      running.delete(task);
      if (touches === "everything") alone = false;
      else for (const queue of touches) used.delete(queue);
    }
  };

  const active = new Set<Promise<void>>();
  while (waiting.length > 0 || active.size > 0) {
    for (let index = 0; index < waiting.length && running.size < atATime;) {
      const task = waiting[index];
      // What touches everything must not wait for ever behind what comes after it.
      const blocked = waiting.slice(0, index).some((before) => before.touches === "everything") && (task?.touches ?? NOTHING).length > 0;
      if (!task || blocked || !free(task)) {
        index++;
        continue;
      }
      waiting.splice(index, 1);
      const promise: Promise<void> = start(task).finally(() => active.delete(promise));
      active.add(promise);
    }
    if (active.size > 0) await Promise.race(active);
  }
}
