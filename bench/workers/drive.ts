/** Carries out a task with one of the clients for Node: the loops, the clock and the counting are the same for all. */
import { setTimeout as sleep } from "node:timers/promises";
import { createInterface } from "node:readline";
import { nowMicros, textOf, type Body, type Result, type Task } from "./task.js";

export type Done = (error?: unknown) => void;

/** A client library, as its documentation says to use it. */
export interface Connected {
  /** Gives what publishes one body; `done` comes with its confirm. */
  publisher(): Promise<(body: Body, done: Done) => void>;
  /** Acknowledges by hand what the handler has returned from. */
  consume(handler: (body: Body) => void): Promise<void>;
  /** Over direct reply-to. Missing: the library has nothing for it. */
  requester?(): Promise<(body: Body) => Promise<Body>>;
  answer?(handler: (body: Body) => Body): Promise<void>;
}

/** Marks what is counted between the warm-up and the end. */
class Meter {
  #total = 0;
  #counted = 0;
  #since = 0;
  #cpu: NodeJS.CpuUsage | undefined;
  readonly #times: number[] = [];

  get total(): number {
    return this.#total;
  }
  begin(): void {
    this.#counted = this.#total;
    this.#since = performance.now();
    this.#cpu = process.cpuUsage();
  }
  get begun(): boolean {
    return this.#cpu !== undefined;
  }
  count(): void {
    this.#total++;
  }
  /** Counts one, with its latency in milliseconds. */
  timed(ms: number): void {
    this.#total++;
    if (this.#cpu) this.#times.push(ms);
  }
  result(): Result {
    const seconds = (performance.now() - this.#since) / 1000;
    const { user, system } = process.cpuUsage(this.#cpu);
    const messages = this.#total - this.#counted;
    const times = Float64Array.from(this.#times).sort();
    const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
    return {
      perSecond: messages / seconds,
      cpuMicrosPerMessage: (user + system) / Math.max(1, messages),
      rssMb: process.memoryUsage.rss() / 1e6,
      p50: at(0.5),
      p99: at(0.99),
      messages: this.#total,
    };
  }
}

const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

function fail(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/** Keeps the window full, or the rate, until the meter has its time. */
async function publish(client: Connected, task: Task, meter: Meter): Promise<void> {
  const send = await client.publisher();
  const text = textOf(task.bytes);
  let unconfirmed = 0;
  let over = false;
  let allowed = task.rate > 0 ? 0 : Infinity;
  const one = (): void => {
    unconfirmed++;
    allowed--;
    send({ id: nowMicros(), text }, done);
  };
  const pump = (): void => {
    while (!over && unconfirmed < task.window && allowed >= 1) one();
  };
  const done: Done = (error) => {
    if (error) fail(error);
    unconfirmed--;
    meter.count();
    if (!over && allowed >= 1) one();
  };
  const began = performance.now();
  let given = 0;
  const pace =
    task.rate > 0
      ? setInterval(() => {
          const due = Math.floor(((performance.now() - began) / 1000) * task.rate);
          allowed += due - given;
          given = due;
          pump();
        }, 2)
      : undefined;
  say({ ready: true });
  pump();
  await sleep(task.warmUpMs);
  meter.begin();
  await sleep(task.measureMs);
  over = true;
  clearInterval(pace);
}

/** Until its time is over, counted from the first message, or the messages are. */
async function consume(client: Connected, task: Task, meter: Meter): Promise<void> {
  let first: () => void = () => undefined;
  let last: () => void = () => undefined;
  const started = new Promise<void>((resolve) => (first = resolve));
  const all = new Promise<void>((resolve) => (last = resolve));
  const warm = task.messages / 4;
  await client.consume(({ id }) => {
    if (meter.total === 0) first();
    meter.timed((nowMicros() - id) / 1000);
    if (task.messages === 0) return;
    if (!meter.begun && meter.total >= warm) meter.begin();
    if (meter.total === task.messages) last();
  });
  say({ ready: true });
  await started;
  await Promise.race([all, sleep(task.warmUpMs)]);
  if (!meter.begun) meter.begin();
  await Promise.race([all, sleep(task.measureMs)]);
}

async function request(client: Connected, task: Task, meter: Meter): Promise<void> {
  const ask = await client.requester?.();
  if (!ask) throw new Error("this client has no requests");
  const text = textOf(task.bytes);
  let over = false;
  const loop = async (): Promise<void> => {
    while (!over) {
      const id = nowMicros();
      const reply = await ask({ id, text });
      if (reply.id !== id) throw new Error(`asked ${id}, and ${reply.id} was answered`);
      meter.timed((nowMicros() - id) / 1000);
    }
  };
  say({ ready: true });
  const loops = Promise.all(Array.from({ length: task.concurrency }, loop));
  loops.catch(fail);
  await sleep(task.warmUpMs);
  meter.begin();
  await sleep(task.measureMs);
  over = true;
}

/** Runs the task that stands in the first line of the input, prints its result, and ends the process. */
export function drive(connect: (task: Task) => Promise<Connected>): void {
  const input = createInterface(process.stdin);
  const ended = new Promise<void>((resolve) => input.once("close", resolve));
  const run = async (task: Task): Promise<void> => {
    const client = await connect(task);
    const meter = new Meter();
    switch (task.role) {
      case "publish":
        await publish(client, task, meter);
        break;
      case "consume":
        await consume(client, task, meter);
        break;
      case "request":
        await request(client, task, meter);
        break;
      case "answer":
        meter.begin();
        await client.answer?.((body) => (meter.count(), body));
        say({ ready: true });
        await ended;
        break;
      case "both": {
        let consumed = 0;
        await client.consume(() => void consumed++);
        await publish(client, task, meter);
        if (consumed === 0) throw new Error("nothing was consumed");
        break;
      }
    }
    say(meter.result());
    process.exit(0);
  };
  input.once("line", (line) => void run(JSON.parse(line) as Task).catch(fail));
}
