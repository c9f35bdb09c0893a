/** A TCP proxy for tests that breaks connections in the ways in which networks do. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export type Direction = "toBroker" | "toClient";

/** What the proxy does with what comes by: `slow` delays by `latencyMs` and lets `bytesPerSecond` through, each way. */
export type Mode =
  | { readonly kind: "pass" }
  | { readonly kind: "hang"; readonly directions: readonly Direction[] }
  | { readonly kind: "slow"; readonly bytesPerSecond: number; readonly latencyMs: number }
  | { readonly kind: "refuse" };

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Sees every chunk that the client sends, before it goes on: for tests that have to know what a connection is for. */
export type Watcher = (link: Link, chunk: Buffer) => void;

/** Bytes a direction holds before its source is told to wait. */
const HELD_BYTES = 64 * 1024;
const PASS: Mode = { kind: "pass" };

/** One way of a connection: what came in waits here until the mode lets it out. */
class Flow {
  readonly #queue: { readonly due: number; readonly chunk: Buffer | undefined }[] = [];
  #bytes = 0;
  #lastDue = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly direction: Direction,
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly mode: () => Mode,
  ) {
    to.on("drain", () => this.#flowOrWait());
  }

  get #held(): boolean {
    const mode = this.mode();
    return mode.kind === "hang" && mode.directions.includes(this.direction);
  }

  /** `undefined` is the end of the stream. */
  push(chunk: Buffer | undefined): void {
    const mode = this.mode();
    const now = performance.now();
    if (mode.kind !== "slow" || chunk === undefined) {
      this.#queue.push({ due: mode.kind === "slow" ? this.#lastDue : 0, chunk });
      this.#bytes += chunk?.length ?? 0;
    } else {
      const piece = Math.max(1, Math.floor(mode.bytesPerSecond / 20));
      let sent = Math.max(now, this.#lastDue - mode.latencyMs);
      for (let at = 0; at < chunk.length; at += piece) {
        const part = chunk.subarray(at, at + piece);
        sent += (part.length * 1000) / mode.bytesPerSecond;
        this.#lastDue = sent + mode.latencyMs;
        this.#queue.push({ due: this.#lastDue, chunk: part });
        this.#bytes += part.length;
      }
    }
    this.pump();
  }

  /** Writes what may go out now. To be called when the mode changes. */
  pump(): void {
    clearTimeout(this.#timer);
    while (!this.#held) {
      const next = this.#queue[0];
      if (!next) break;
      const wait = next.due - performance.now();
      if (wait > 0 && this.mode().kind === "slow") {
        this.#timer = setTimeout(() => this.pump(), wait);
        break;
      }
      this.#queue.shift();
      if (next.chunk === undefined) this.to.end();
      else {
        this.#bytes -= next.chunk.length;
        if (!this.to.destroyed) this.to.write(next.chunk);
      }
    }
    this.#flowOrWait();
  }

  #flowOrWait(): void {
    if (this.#held || this.#bytes > HELD_BYTES || this.to.writableNeedDrain) this.from.pause();
    else this.from.resume();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** A connection of a client, and its other half to the broker. */
export class Link {
  readonly #toBroker: Flow;
  readonly #toClient: Flow;
  /** A side that is gone while the other, who cannot know it, is still there. */
  #halfGone = false;

  constructor(
    readonly number: number,
    private readonly client: Socket,
    private readonly broker: Socket,
    private readonly mode: () => Mode,
    watch: Watcher | undefined,
    gone: () => void,
  ) {
    this.#toBroker = new Flow("toBroker", client, broker, mode);
    this.#toClient = new Flow("toClient", broker, client, mode);
    for (const socket of [client, broker]) socket.setNoDelay(true);
    client.on("data", (chunk: Buffer) => {
      watch?.(this, chunk);
      this.#toBroker.push(chunk);
    });
    broker.on("data", (chunk: Buffer) => this.#toClient.push(chunk));
    client.on("end", () => this.#toBroker.push(undefined));
    broker.on("end", () => this.#toClient.push(undefined));
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      socket.on("error", () => undefined);
      socket.on("close", (failed) => {
        if (this.mode().kind === "hang") this.#halfGone = true;
        else if (failed) other.destroy();
        if (client.destroyed && broker.destroyed) {
          this.#toBroker.stop();
          this.#toClient.stop();
          gone();
        }
      });
    }
    this.pump();
  }

  /** Sends the broker something that the client never said. */
  inject(bytes: Buffer): void {
    if (!this.broker.destroyed) this.broker.write(bytes);
  }

  pump(): void {
    if (this.mode().kind !== "hang" && this.#halfGone) return this.cut();
    this.#toBroker.pump();
    this.#toClient.pump();
  }

  cut(): void {
    this.client.destroy();
    this.broker.destroy();
  }

  reset(): void {
    this.client.resetAndDestroy();
    this.broker.resetAndDestroy();
  }
}

/** Starts at `pass`. A mode holds for what is open and for what is opened under it, until another one or `heal()`. */
export class Proxy {
  /** Connections accepted so far. */
  accepted = 0;
  /** Connections turned away by `refuse` so far. */
  refused = 0;
  #mode: Mode = PASS;
  readonly #links = new Set<Link>();

  private constructor(
    private readonly server: Server,
    private readonly target: () => Address,
    private readonly watch: Watcher | undefined,
  ) {
    server.on("connection", (client) => this.#accept(client));
  }

  /** Listens on a free port of loopback. `target` is asked anew for every connection, for a broker that comes back elsewhere. */
  static async start(target: () => Address, watch?: Watcher): Promise<Proxy> {
    const server = createServer({ allowHalfOpen: true });
    const proxy = new Proxy(server, target, watch);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Open now. */
  get links(): readonly Link[] {
    return [...this.#links];
  }

  /** Everything is as if nothing had been; what a hang held back goes on its way. */
  heal(): void {
    this.#become(PASS);
  }

  /** Closes both sides of every connection, properly. New ones pass. */
  cut(): void {
    for (const link of this.#links) link.cut();
  }

  /** Ends every connection by RST, both ways. New ones pass. */
  reset(): void {
    for (const link of this.#links) link.reset();
  }

  /** Nothing passes and nothing is closed: neither side can know. New connections are accepted and hang as well. */
  hang(): void {
    this.#become({ kind: "hang", directions: ["toBroker", "toClient"] });
  }

  hangToBroker(): void {
    this.#become({ kind: "hang", directions: ["toBroker"] });
  }

  hangToClient(): void {
    this.#become({ kind: "hang", directions: ["toClient"] });
  }

  slow(bytesPerSecond: number, latencyMs: number): void {
    this.#become({ kind: "slow", bytesPerSecond, latencyMs });
  }

  /** New connections are turned away by RST; those that are open stay. */
  refuse(): void {
    this.#become({ kind: "refuse" });
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.reset();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  #become(mode: Mode): void {
    this.#mode = mode;
    for (const link of this.#links) link.pump();
  }

  #accept(client: Socket): void {
    if (this.#mode.kind === "refuse") {
      this.refused += 1;
      client.on("error", () => undefined);
      client.resetAndDestroy();
      return;
    }
    this.accepted += 1;
    const broker = connect({ ...this.target(), allowHalfOpen: true });
    const link: Link = new Link(
      this.accepted,
      client,
      broker,
      () => this.#mode,
      this.watch,
      () => this.#links.delete(link),
    );
    this.#links.add(link);
  }
}
