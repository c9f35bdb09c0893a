/** One AMQP connection that comes back by itself. What stands on it is set up anew each time; what waiting does not mend ends it. */
import type { Channel, ChannelModel } from "amqplib";
import { fatal, refusalOf, WorkerError } from "../errors.js";
import type { ConnectionState } from "../observe/health-state.js";
import type { Observer } from "../observe/observer.js";
import { shown, type Address, type Credentials, type Tls } from "./address.js";
import { pause, waitBefore, within, type Backoff } from "./backoff.js";
import { corkByTurn, socketOf } from "./cork.js";
import { isTlsFault, openConnection } from "./open.js";

/*
 * idle -> connecting -> open -> connecting ...   lost connections come back
 *                    -> failed                   refused credentials, attempts used up at the start
 * any  -> closed                                 by close()
 */
export type LinkState = "idle" | "connecting" | "open" | "closed" | "failed";

export interface LinkOptions {
  /** Tried in turn. */
  readonly addresses: readonly Address[];
  readonly vhost: string;
  /** Asked before every attempt, so that new ones are taken without a restart. */
  readonly credentials: () => Promise<Credentials>;
  /** Whether another answer may come from `credentials`: then a refusal is no end. */
  readonly refreshes: boolean;
  readonly tls: () => Promise<Tls | undefined>;
  /** Seconds. Two missed ones end the connection: a peer that is gone without a word is noticed. @default 10 */
  readonly heartbeat: number;
  /** Milliseconds. @default 10000 */
  readonly connectTimeout: number;
  readonly backoff: Backoff;
  /** At the start; afterwards it tries for ever. */
  readonly attempts: number;
  /** Shown in the broker's list of connections. */
  readonly name: string;
  readonly purpose: "publish" | "consume";
  readonly observer: Observer;
}

/** What lives on a link. */
export interface Tenant {
  /** Makes its channels. What it throws as a `WorkerError` fails the link. */
  open(connection: ChannelModel): Promise<void>;
  /** The connection is gone. */
  lost(reason: string): void;
  /** It will not come back. */
  failed(fault: WorkerError): void;
  /** An alarm stops publishers (memory, disk), or is over. */
  blocked?(reason: string | undefined): void;
}

/** Milliseconds that a vhost may be refused that was open before. */
const PATIENCE = 60_000;

export class Link {
  #state: LinkState = "idle";
  #connection: ChannelModel | undefined;
  #blocked: string | undefined;
  #fault: WorkerError | undefined;
  #next = 0;
  /** The vhost is refused since then. */
  #refusedSince: number | undefined;
  readonly #stop = new AbortController();
  readonly #tenants = new Set<Tenant>();
  #running: Promise<void> | undefined;

  constructor(private readonly options: LinkOptions) {}

  get state(): LinkState {
    return this.#state;
  }

  /** For the bus's health. */
  get health(): ConnectionState {
    return this.#state === "idle" ? "unused" : this.#state;
  }

  get blocked(): string | undefined {
    return this.#blocked;
  }

  get fault(): WorkerError | undefined {
    return this.#fault;
  }

  /** Resolves once it is open and all that stands on it is. Throws a `WorkerError`. */
  async start(): Promise<void> {
    const opened = new Promise<void>((resolve, reject) => {
      this.#running = this.#run(resolve, reject);
    });
    await opened;
  }

  /** Sets up something more, now and after every reconnect. */
  async add(tenant: Tenant): Promise<void> {
    if (this.#fault) throw this.#fault;
    if (this.#state === "closed") throw closed();
    this.#tenants.add(tenant);
    const connection = this.#connection;
    if (!connection) return;
    try {
      await tenant.open(connection);
    } catch (error) {
      if (error instanceof WorkerError) {
        this.#tenants.delete(tenant);
        throw error;
      }
      // The connection went meanwhile: it opens with the next one.
    }
  }

  /** Something that may end its channel, on one of its own. Throws what the broker says, or that there is no connection now. */
  async use<R>(work: (channel: Channel) => Promise<R>): Promise<R> {
    if (!this.#connection) throw new Error("There is no connection to the broker now.");
    const channel = await this.#connection.createChannel();
    channel.on("error", () => undefined);
    try {
      return await work(channel);
    } finally {
      await channel.close().catch(() => undefined);
    }
  }

  remove(tenant: Tenant): void {
    this.#tenants.delete(tenant);
  }

  /** Ends for good, whatever is on it. */
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    if (this.#state !== "failed") this.#state = "closed";
    this.#stop.abort();
    const connection = this.#connection;
    this.#connection = undefined;
    // A peer that does not answer gets no more than a moment.
    if (connection)
      await within(
        2000,
        connection.close().catch(() => undefined),
      ).finally(() => socketOf(connection).destroy());
    // A socket that was only silent may never say that it is gone.
    await within(1000, this.#running);
    this.options.observer.connection(this.options.purpose, "closed");
  }

  async #run(opened: () => void, refused: (fault: WorkerError) => void): Promise<void> {
    const { observer, purpose, attempts, backoff } = this.options;
    let everOpen = false;
    let attempt = 0;
    let lostAt: number | undefined;
    const fail = (fault: WorkerError): void => {
      this.#state = "failed";
      this.#fault = fault;
      observer.connection(purpose, "failed", { reason: fault.message });
      for (const tenant of this.#tenants) tenant.failed(fault);
      refused(fault);
    };
    while (!this.#stop.signal.aborted) {
      this.#state = "connecting";
      observer.connection(purpose, "connecting", { attempt: attempt + 1 });
      try {
        const connection = await this.#connect();
        const ended = this.#watch(connection);
        this.#connection = connection;
        for (const tenant of [...this.#tenants]) await Promise.race([tenant.open(connection), ended.then(gone)]);
        this.#state = "open";
        observer.connection(purpose, "open", lostAt === undefined ? {} : { downMs: Date.now() - lostAt });
        everOpen = true;
        attempt = 0;
        this.#refusedSince = undefined;
        opened();
        const reason = await ended;
        this.#leave(connection, reason);
        if (this.#stop.signal.aborted) return;
        lostAt = Date.now();
        observer.connection(purpose, "lost", { reason });
      } catch (error) {
        if (this.#stop.signal.aborted) return refused(closed());
        const reason = (error as Error).message;
        if (this.#connection) this.#leave(this.#connection, reason);
        const fault = this.#fatal(error, everOpen);
        if (fault) return fail(fault);
        observer.connection(purpose, "lost", { reason, attempt: attempt + 1 });
        if (!everOpen && attempt + 1 >= attempts)
          return fail(
            new WorkerError("unreachable", `No broker could be used at ${this.options.addresses.map(shown).join(", ")}: ${reason}`, {
              remedy: "check the address, the port and that the broker is running; RABBITMQ_CONNECTION_ATTEMPTS says how often it is tried",
              cause: error,
            }),
          );
      }
      await pause(waitBefore(attempt++, backoff), this.#stop.signal);
    }
    refused(closed());
  }

  async #connect(): Promise<ChannelModel> {
    const { addresses, credentials, vhost, tls, heartbeat, connectTimeout, name } = this.options;
    const address = addresses[this.#next++ % addresses.length];
    if (!address) throw new WorkerError("wrong-use", "No address of a broker is given.", { remedy: "set RABBITMQ_URL" });
    const options = { address, vhost, credentials: await credentials(), tls: await tls(), heartbeat, timeout: connectTimeout, name };
    const connection = await openConnection(options);
    if (this.#stop.signal.aborted) {
      await connection.close().catch(() => undefined);
      throw closed();
    }
    corkByTurn(socketOf(connection));
    return connection;
  }

  /** Resolves with the reason when a connection is gone. */
  #watch(connection: ChannelModel): Promise<string> {
    const { observer, purpose } = this.options;
    return new Promise((resolve) => {
      let reason = "the broker closed the connection";
      connection.on("error", (error: Error) => (reason = error.message));
      connection.on("close", (error?: Error) => resolve(error?.message ?? reason));
      connection.on("blocked", (why: string) => {
        this.#blocked = why;
        observer.connection(purpose, "blocked", { reason: why });
        for (const tenant of this.#tenants) tenant.blocked?.(why);
      });
      connection.on("unblocked", () => this.#unblock());
    });
  }

  #unblock(): void {
    if (this.#blocked === undefined) return;
    this.#blocked = undefined;
    this.options.observer.connection(this.options.purpose, "unblocked");
    for (const tenant of this.#tenants) tenant.blocked?.(undefined);
  }

  #leave(connection: ChannelModel, reason: string): void {
    this.#connection = undefined;
    // Nothing more may go out on it, also if the other side is only silent.
    socketOf(connection).destroy();
    this.#unblock();
    for (const tenant of this.#tenants) tenant.lost(reason);
  }

  #fatal(error: unknown, everOpen: boolean): WorkerError | undefined {
    if (error instanceof WorkerError) return error;
    const refusal = refusalOf(error);
    const where = `The broker at ${this.options.addresses.map(shown).join(", ")} refuses the connection to vhost "${this.options.vhost}"`;
    // A limit of connections may count those that are just lost.
    if (refusal?.code === 530 && everOpen) {
      this.#refusedSince ??= Date.now();
      return Date.now() - this.#refusedSince < PATIENCE ? undefined : fatal(refusal, where);
    }
    // Passwords may have changed on the broker before they did here.
    if (refusal && !(everOpen && this.options.refreshes)) return fatal(refusal, where);
    if (!everOpen && isTlsFault(error))
      return new WorkerError("tls", `${where}: ${(error as Error).message}`, {
        remedy: "check RABBITMQ_CA_FILE, RABBITMQ_CERT_FILE, RABBITMQ_KEY_FILE and the host's name in the certificate",
        cause: error,
      });
    return undefined;
  }
}

const gone = (reason: string): never => {
  throw new Error(reason);
};

export const closed = (): WorkerError => new WorkerError("closed", "The bus is closed.");
