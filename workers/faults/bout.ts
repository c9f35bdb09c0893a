/** One client under test in one trial: its vhost and queue, the proxies before it, its processes, and the ledger of its messages. */
import { connect, type ConfirmChannel, type ChannelModel } from "amqplib";
import { existsSync, mkdtempSync, openSync, readSync, closeSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Proxy } from "../../testing/proxy.js";
import { FILES, type Command, type Job, type Role } from "./protocol.js";
import { ChannelKiller } from "./frames.js";
import type { Ground } from "./ground.js";
import { verdict, type Entry, type Verdict } from "./ledger.js";
import { Worker } from "./run.js";
import type { Scenario, Side } from "./scenarios.js";
import type { Effect, Order, Subject } from "./subject.js";

export interface Outcome {
  readonly subject: string;
  readonly verdict: Verdict;
  readonly crashes: number;
  /** What the processes said as they died. */
  readonly lastWords: readonly string[];
  readonly ends: readonly { readonly ms: number; readonly by: string }[];
  readonly logs: readonly string[];
  /** Connections that were tried from the first fault to the healing. */
  readonly attempts: number;
  /** The most in any tenth of a second of these. */
  readonly attemptsAtOnce: number;
  readonly peakMegabytes: number;
  /** Poison that lies where it belongs. */
  readonly poisonDead: number;
  readonly poison: number;
}

const QUEUE = "work";
const DEAD = "dead";
const DELIVERY_LIMIT = 4;
const DEFAULTS = {
  ...{ prefetch: 10, heartbeatSeconds: 2, reconnectMs: 500, reconnectMaxMs: 2_000 },
  ...{ publishTimeoutMs: 3_000, handlerTimeoutMs: 2_000 },
};
const NOWHERE = { host: "127.0.0.1", port: 1 };
const at = encodeURIComponent;

/** A process, and the proxies through which it comes to the broker: one for each node. */
interface Seat {
  readonly roles: readonly Role[];
  readonly proxies: readonly Proxy[];
  /** Where it reads its addresses: each process has its own proxies. */
  readonly urlsFile: string;
  readonly worker: Worker;
}

export class Bout {
  healedAt: number | undefined;
  faultAt: number | undefined;
  paused = false;
  readonly #entries: Entry[] = [];
  readonly #poison = new Set<string>();
  readonly #answered = new Set<string>();
  readonly #confirmed = new Set<string>();
  readonly #sentAt = new Map<string, number>();
  readonly #processed = new Set<string>();
  readonly #killer = new ChannelKiller();
  readonly #proxies: Proxy[] = [];
  readonly #seats: Seat[] = [];
  readonly #attempts: number[] = [];
  #counted = 0;
  #password = randomBytes(12).toString("hex");
  #next = 0;
  #read = 0;
  readonly #kept: ((from: number) => readonly Effect[]) | undefined;
  #keptRead = 0;
  #rest = "";
  #own: { readonly connection: ChannelModel; readonly channel: ConfirmChannel } | undefined;
  #sampler: NodeJS.Timeout | undefined;

  private constructor(
    private readonly ground: Ground,
    private readonly scenario: Scenario,
    readonly subject: Subject,
    private readonly vhost: string,
    private readonly folder: string,
  ) {
    this.#kept = subject.effects?.(folder);
  }

  /** Resolves when its processes are connected. */
  static async start(ground: Ground, scenario: Scenario, subject: Subject, child: string): Promise<Bout> {
    const vhost = `warren-faults-${randomBytes(6).toString("hex")}`;
    const bout = new Bout(ground, scenario, subject, vhost, mkdtempSync(join(tmpdir(), "warren-bout-")));
    try {
      await bout.#prepare(child);
      return bout;
    } catch (error) {
      await bout.remove();
      throw error;
    }
  }

  async #prepare(child: string): Promise<void> {
    await this.ground.api("PUT", `/api/vhosts/${at(this.vhost)}`);
    await this.ground.api("PUT", `/api/users/${this.vhost}`, { password: this.#password, tags: "" });
    const everything = { configure: ".*", write: ".*", read: ".*" };
    await this.ground.api("PUT", `/api/permissions/${at(this.vhost)}/${this.vhost}`, everything);
    await this.ground.api("PUT", `/api/permissions/${at(this.vhost)}/${new URL(this.ground.amqpUrl).username}`, everything);
    await this.makeQueue();
    const { together, clients = 1 } = this.scenario;
    const roles: (readonly Role[])[] = together ? [["publish", "consume"]] : [["publish"], ["consume"]];
    for (const each of roles) {
      const starting = this.ground.addresses.map((_, node) =>
        Proxy.start(() => this.ground.addresses[node] ?? NOWHERE, this.#killer.watch),
      );
      const proxies = await Promise.all(starting);
      this.#proxies.push(...proxies);
      const urlsFile = join(this.folder, `${each.join("-")}.urls.json`);
      this.#writeUrls({ proxies, urlsFile });
      const job = this.#job(each, each.includes("consume") ? clients : 1, urlsFile);
      const worker = new Worker(
        child,
        job,
        (report) => this.#note(report),
        () => each.includes("publish") && this.#giveUp(),
      );
      this.#seats.push({ roles: each, proxies, urlsFile, worker });
    }
    this.#sampler = setInterval(() => this.#sample(), 100);
    await until(20_000, `${this.subject.name} to be ready`, () => this.ready).catch((error: unknown) => {
      throw new Error(
        `${String(error)}: ${this.#workers.map(({ crashes, logs }) => [...logs, ...crashes.map(({ said }) => said)].join("\n")).join("\n")}`,
      );
    });
  }

  #writeUrls({ proxies, urlsFile }: Pick<Seat, "proxies" | "urlsFile">): void {
    const { protocol } = new URL(this.ground.amqpUrl);
    const urls = proxies.map(({ port }) => `${protocol}//${this.vhost}:${this.#password}@127.0.0.1:${port}/${at(this.vhost)}`);
    writeFileSync(urlsFile, JSON.stringify(urls));
  }

  #job(roles: readonly Role[], clients: number, urlsFile: string): Job {
    const { ca } = this.ground;
    return {
      ...{ subject: this.subject.name, roles, clients, urlsFile },
      settings: {
        ...DEFAULTS,
        ...this.scenario.settings,
        ...{ queue: QUEUE, queueArguments: this.#arguments(), folder: this.folder },
        ...(ca === undefined ? {} : { ca }),
      },
    };
  }

  #arguments(): Record<string, string | number> {
    return {
      "x-queue-type": "quorum",
      "x-delivery-limit": DELIVERY_LIMIT,
      "x-dead-letter-exchange": DEAD,
      ...this.scenario.queueArguments,
    };
  }

  async makeQueue(): Promise<void> {
    const vhost = at(this.vhost);
    const definitions = this.subject.definitions?.(this.vhost, this.scenario.queueArguments ?? {});
    if (definitions !== undefined) return void (await this.ground.api("POST", "/api/definitions", definitions));
    await this.ground.api("PUT", `/api/exchanges/${vhost}/${DEAD}`, { type: "fanout", durable: true });
    await this.ground.api("PUT", `/api/queues/${vhost}/${DEAD}`, { durable: true, arguments: { "x-queue-type": "quorum" } });
    await this.ground.api("POST", `/api/bindings/${vhost}/e/${DEAD}/q/${DEAD}`, { routing_key: "" });
    await this.ground.api("PUT", `/api/queues/${vhost}/${QUEUE}`, { durable: true, arguments: this.#arguments() });
  }

  async deleteQueue(): Promise<void> {
    await this.ground.api("DELETE", `/api/queues/${at(this.vhost)}/${QUEUE}`);
  }

  /** A new password for its user, whose connections are closed. */
  async changePassword(): Promise<void> {
    this.#password = randomBytes(12).toString("hex");
    await this.ground.api("PUT", `/api/users/${this.vhost}`, { password: this.#password, tags: "" });
    for (const seat of this.#seats) this.#writeUrls(seat);
    await this.ground.api("DELETE", `/api/connections/username/${this.vhost}`);
  }

  get ready(): boolean {
    return this.#seats.every(({ worker }) => worker.ready);
  }

  proxies(side: Side): readonly Proxy[] {
    return side === "both" ? this.#proxies : this.#seat(side).proxies;
  }

  killChannel(of: "consume" | "publish"): void {
    this.#killer.kill(
      this.#proxies.flatMap(({ links }) => links),
      of,
    );
  }

  signal(signal: "SIGTERM" | "SIGKILL", to: "publisher" | "consumer"): void {
    this.#seat(to).worker.signal(signal);
  }

  #seat(side: "publisher" | "consumer"): Seat {
    const seat = this.#seats.find(({ roles }) => roles.includes(side === "publisher" ? "publish" : "consume"));
    if (!seat) throw new Error("The processes are not there yet.");
    return seat;
  }

  get #workers(): readonly Worker[] {
    return this.#seats.map(({ worker }) => worker);
  }

  /** Hands messages to the publisher. Nothing happens while its process is not there. */
  publish(count: number, to: "queue" | "nowhere" = "queue"): void {
    const publisher = this.#seat("publisher").worker;
    if (count === 0 || !publisher.ready) return;
    const { workMs } = this.scenario;
    const orders: Command["publish"] = Array.from({ length: count }, () => ({
      ...{ id: `m-${(this.#next += 1)}`, to },
      ...(workMs === undefined ? {} : { ms: workMs }),
    }));
    for (const { id } of orders) this.#note({ kind: "sent", id, at: Date.now() });
    publisher.publish(orders);
  }

  /** Publishes past the client under test: confirmed when it resolves. */
  async order(orders: readonly Omit<Order, "id">[]): Promise<void> {
    const { channel } = (this.#own ??= await this.#connect());
    await Promise.all(
      orders.map(async (order) => {
        const id = `o-${(this.#next += 1)}`;
        if (order.act === "reject" || order.act === "throw" || order.act === "crash") this.#poison.add(id);
        this.#note({ kind: "sent", id, at: Date.now() });
        await new Promise<void>((resolve, reject) => {
          const { exchange, routingKey } = this.subject.entrance ?? { exchange: "", routingKey: QUEUE };
          const options = { messageId: id, persistent: true };
          channel.publish(exchange, routingKey, Buffer.from(JSON.stringify({ id, ...order })), options, (error) =>
            error ? reject(error as Error) : resolve(),
          );
        });
        this.#note({ kind: "confirmed", id, at: Date.now() });
      }),
    );
  }

  /** Messages that are not answered, or are confirmed and not processed. */
  get open(): number {
    let open = 0;
    for (const id of this.#sentAt.keys())
      if (!this.#poison.has(id) && (!this.#answered.has(id) || (this.#confirmed.has(id) && !this.#processed.has(id)))) open += 1;
    return open;
  }

  /** Whether something sent after the healing was confirmed, and something processed. */
  get recovered(): boolean {
    const { healedAt } = this;
    if (healedAt === undefined) return false;
    const some = (ids: ReadonlySet<string>, own: boolean): boolean => {
      for (const id of ids) if ((own || id.startsWith("m-")) && (this.#sentAt.get(id) ?? 0) >= healedAt) return true;
      return false;
    };
    return some(this.#confirmed, false) && some(this.#processed, true);
  }

  /** Ends everything, looks what lies in the queues, and judges. */
  async finish(): Promise<Outcome> {
    clearInterval(this.#sampler);
    await Promise.all(this.#workers.map((worker) => worker.stop()));
    for (const proxy of this.#proxies) await proxy.close();
    this.#readEffects();
    await this.#takeRest();
    const entries = this.#entries;
    const healing = this.healedAt === undefined ? {} : { healedAt: this.healedAt };
    const dead = new Set(entries.flatMap(({ kind, id }) => (kind === "dead" ? [id] : [])));
    return {
      subject: this.subject.name,
      // The times are those of the client: what the test published itself was confirmed to the test.
      verdict: {
        ...verdict(entries, { ...healing, poison: this.#poison }),
        publishMs: verdict(
          entries.filter(({ id }) => id.startsWith("m-")),
          healing,
        ).publishMs,
      },
      crashes: this.#workers.reduce((sum, { crashes }) => sum + crashes.length, 0),
      lastWords: this.#workers.flatMap(({ crashes }) => crashes.map(({ by, said }) => `${by}: ${said.trim()}`)),
      ends: this.#workers.flatMap(({ ends }) => ends),
      logs: this.#workers.flatMap(({ logs }) => logs),
      attempts: this.#attempts.reduce((sum, count) => sum + count, 0),
      attemptsAtOnce: Math.max(0, ...this.#attempts),
      peakMegabytes: Math.round(Math.max(...this.#workers.map(({ peakBytes }) => peakBytes)) / 1024 / 1024),
      poison: this.#poison.size,
      poisonDead: [...this.#poison].filter((id) => dead.has(id)).length,
    };
  }

  async remove(): Promise<void> {
    clearInterval(this.#sampler);
    await Promise.all(this.#workers.map((worker) => worker.stop()));
    await Promise.all(this.#proxies.map((proxy) => proxy.close().catch(() => undefined)));
    await this.#own?.connection.close().catch(() => undefined);
    await this.ground.api("DELETE", `/api/vhosts/${at(this.vhost)}`);
    await this.ground.api("DELETE", `/api/users/${this.vhost}`);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The test's own connection was lost with the broker's. */
  forgetOwn(): void {
    this.#own = undefined;
  }

  async #connect(): Promise<{ connection: ChannelModel; channel: ConfirmChannel }> {
    const { amqpUrl, ca } = this.ground;
    const connection = await connect(`${amqpUrl}/${at(this.vhost)}`, ca === undefined ? {} : { ca: [Buffer.from(ca)] });
    const own = { connection, channel: await connection.createConfirmChannel() };
    for (const one of [own.connection, own.channel]) one.on("error", () => undefined);
    connection.on("close", () => {
      if (this.#own === own) this.#own = undefined;
    });
    return own;
  }

  /** Nobody is there any more who could be told what became of its messages. */
  #giveUp(): void {
    for (const id of this.#sentAt.keys()) this.#answered.add(id);
  }

  #note(entry: Entry): void {
    this.#entries.push(entry);
    if (entry.kind === "sent") this.#sentAt.set(entry.id, entry.at);
    else if (entry.kind === "effect") this.#processed.add(entry.id);
    else if (entry.kind !== "delivered") this.#answered.add(entry.id);
    if (entry.kind === "confirmed") this.#confirmed.add(entry.id);
    if (entry.kind === "returned") this.#processed.add(entry.id);
  }

  #sample(): void {
    this.#readEffects();
    const count = this.#proxies.reduce((sum, { accepted, refused }) => sum + accepted + refused, 0);
    if (this.faultAt !== undefined && this.healedAt === undefined) this.#attempts.push(count - this.#counted);
    this.#counted = count;
  }

  /** What came since the last time. */
  #readEffects(): void {
    for (const effect of this.#kept?.(this.#keptRead) ?? []) {
      this.#note({ kind: "effect", ...effect });
      this.#keptRead += 1;
    }
    const file = join(this.folder, FILES.effects);
    if (!existsSync(file)) return;
    const handle = openSync(file, "r");
    const chunk = Buffer.alloc(64 * 1024);
    for (let got; (got = readSync(handle, chunk, 0, chunk.length, this.#read)) > 0; this.#read += got) {
      const lines = (this.#rest + chunk.toString("latin1", 0, got)).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) {
        const [time = "", kind = "", id = ""] = line.split(" ");
        if (kind === "delivered" || kind === "effect") this.#note({ kind, id, at: Number(time) });
      }
    }
    closeSync(handle);
  }

  /** Takes everything that lies in the queues, once the broker has noticed that the consumers are gone. */
  async #takeRest(): Promise<void> {
    const own = (this.#own ??= await this.#connect());
    const queues = (await this.ground.api("GET", `/api/queues/${at(this.vhost)}?disable_stats=true&enable_queue_totals=false`)) as {
      readonly name: string;
    }[];
    for (const { name } of queues) {
      // A queue that was deleted in the trial may be named still.
      const count = async (): Promise<number> => (await own.channel.checkQueue(name)).consumerCount;
      const deadline = Date.now() + 10_000;
      while ((await count()) > 0 && Date.now() < deadline) await sleep(50);
      for (let empty = 0; empty < 3;) {
        const message = await own.channel.get(name, { noAck: true });
        if (message === false) {
          empty += 1;
          await sleep(60);
          continue;
        }
        const { id } = JSON.parse(message.content.toString()) as Order;
        this.#entries.push({ kind: name === DEAD ? "dead" : "left", id, at: Date.now() });
      }
    }
  }
}

export async function until(ms: number, what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + ms; !holds(); await sleep(20))
    if (Date.now() > deadline) throw new Error(`Waited ${ms} ms for ${what}`);
}
