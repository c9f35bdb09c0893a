/** One client at one task: the queue made ready, the processes run, the broker's CPU read before and after. */
import type { BenchBroker } from "./broker.js";
import type { Client } from "./clients.js";
import type { Figures } from "./figures.js";
import { perfTest } from "./perf-test.js";
import { ClientProcess } from "./process.js";
import type { Result, Role, Task } from "./task.js";

export const taskNames = ["publish", "consume", "end-to-end", "latency", "rpc"] as const;
export type TaskName = (typeof taskNames)[number];

export interface Cell {
  readonly task: TaskName;
  readonly queueType: "classic" | "quorum";
  readonly bytes: number;
}

export interface Times {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export const WINDOW = 1000;
export const PREFETCH = 300;
/** Messages a second where only the latency counts. */
export const PACE = 1000;
/** Requests at a time. */
export const CONCURRENCIES = [1, 32] as const;

/** Name of a cell in the table. */
export const nameOf = ({ task, queueType, bytes }: Cell): string => `${task} ${queueType} ${bytes}`;

/** What a consumer finds in its queue. The large ones are fewer: they fill the disk. */
const backlog = (bytes: number, own: boolean): number => (bytes > 4096 ? 8_000 : own ? 150_000 : 40_000);

const can = ({ rpc, own }: Client, { task, bytes }: Cell): boolean =>
  task === "rpc" ? rpc : !own || (bytes === 100 && task !== "latency");

/** The figures by the name of their cell; nothing if the client has no such task. */
export async function measure(client: Client, cell: Cell, broker: BenchBroker, times: Times): Promise<ReadonlyMap<string, Figures>> {
  if (!can(client, cell)) return new Map();
  const { task, queueType, bytes } = cell;
  const queue = task === "rpc" ? "requests" : "work";
  await broker.fresh(queue, queueType);
  try {
    const todo = (role: Role, more: Partial<Task> = {}): Task => ({
      ...{ role, url: broker.url(), queue, queueType, bytes, window: WINDOW, prefetch: PREFETCH, concurrency: 1, rate: 0, messages: 0 },
      ...times,
      ...more,
    });
    if (task === "consume") await broker.fill(queue, backlog(bytes, client.own), bytes);
    if (client.own) {
      const role = task === "end-to-end" ? "both" : task === "consume" ? "consume" : "publish";
      const rates = await perfTest(client.command, todo("publish"), role);
      return new Map([[nameOf(cell), { ...rates, cpu: undefined, brokerCpu: undefined, rssMb: undefined }]]);
    }
    switch (task) {
      case "publish":
      case "consume": {
        const before = await broker.cpuMicros();
        const { result } = ClientProcess.start(
          client.name,
          client.command,
          todo(task, task === "consume" ? { messages: backlog(bytes, false) } : {}),
        );
        const done = await result;
        return new Map([[nameOf(cell), figures(done, [], (await broker.cpuMicros()) - before)]]);
      }
      case "end-to-end":
      case "latency":
        return new Map([[nameOf(cell), await through(client, broker, todo, task === "latency" ? PACE : 0)]]);
      case "rpc":
        return await requests(client, broker, todo);
    }
  } finally {
    await broker.drop(queue);
  }
}

type Todo = (role: Role, more?: Partial<Task>) => Task;

/** A publisher and a consumer at the same time; the consumer says what came through, and how old it was. */
async function through(client: Client, broker: BenchBroker, todo: Todo, rate: number): Promise<Figures> {
  const consumer = ClientProcess.start(client.name, client.command, todo("consume"));
  let publisher: ClientProcess | undefined;
  try {
    await consumer.ready;
    const before = await broker.cpuMicros();
    const task = todo("publish", { rate });
    // It goes on until the consumer has its time.
    publisher = ClientProcess.start(client.name, client.command, { ...task, measureMs: task.measureMs + 500 });
    const [consumed, published] = await Promise.all([consumer.result, publisher.result]);
    return figures(consumed, [published], (await broker.cpuMicros()) - before);
  } finally {
    consumer.kill();
    publisher?.kill();
  }
}

/** One process answers, another asks: one at a time, then many. */
async function requests(client: Client, broker: BenchBroker, todo: Todo): Promise<ReadonlyMap<string, Figures>> {
  const answerer = ClientProcess.start(client.name, client.command, todo("answer"), 120_000);
  try {
    await answerer.ready;
    const found = new Map<string, Figures>();
    for (const concurrency of CONCURRENCIES) {
      const before = await broker.cpuMicros();
      const asked = await ClientProcess.start(client.name, client.command, todo("request", { concurrency })).result;
      found.set(`rpc ${concurrency}`, figures(asked, [], (await broker.cpuMicros()) - before));
    }
    answerer.stop();
    await answerer.result;
    return found;
  } finally {
    answerer.kill();
  }
}

function figures({ perSecond, p50, p99, messages, ...own }: Result, others: readonly Result[], brokerMicros: number): Figures {
  return {
    ...{ perSecond, p50, p99, brokerCpu: brokerMicros / Math.max(1, messages) },
    cpu: [own, ...others].reduce((sum, { cpuMicrosPerMessage }) => sum + cpuMicrosPerMessage, 0),
    rssMb: Math.max(own.rssMb, ...others.map(({ rssMb }) => rssMb)),
  };
}
