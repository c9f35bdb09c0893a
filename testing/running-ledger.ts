/** A topology of a trial's own, into which it writes and from which it reads all the time: what became of each message is written down. */
import { setTimeout as sleep } from "node:timers/promises";
import { topology } from "../topology/define.js";
import { connect } from "../workers/index.js";
import type { Entry } from "../workers/faults/ledger.js";

/** To be provisioned beside what is tried. */
export const ledgerTopology = topology({
  name: "ledger",
  queues: {
    entries: { type: "quorum", maxLength: 1_000_000, deliveryLimit: 20, deadLetterTo: { queue: "dead" } },
    dead: { type: "quorum" },
  },
  messages: { entry: { to: { queue: "entries" } } },
  services: { writer: { publishes: ["entry"] }, reader: { consumes: ["entries"] } },
});

export interface LedgerPlace {
  /** Of the nodes, without credentials and vhost: `amqp://127.0.0.1:5672`. */
  readonly nodes: readonly string[];
  readonly passwords: Readonly<Record<string, string>>;
  /** Certificate authorities, PEM. */
  readonly ca?: string;
}

/** Milliseconds between two messages. */
const PAUSE_MS = 10;

export class RunningLedger {
  readonly entries: Entry[] = [];
  /** Milliseconds. */
  longestGap = 0;
  #last = Date.now();
  #over = false;
  #number = 0;
  #running: Promise<void> = Promise.resolve();
  #close: () => Promise<void> = async () => undefined;

  static async begin({ nodes, passwords, ca }: LedgerPlace): Promise<RunningLedger> {
    const book = new RunningLedger();
    const urls = (service: string): string[] =>
      nodes.map((node) => {
        const url = new URL("/ledger", node);
        url.username = `ledger.${service}`;
        url.password = passwords[url.username] ?? "";
        return url.href;
      });
    const common = { backoff: { min: 50, max: 500 }, ...(ca === undefined ? {} : { tls: { ca } }) };
    const reader = await connect(ledgerTopology, { service: "reader", url: urls("reader"), ...common });
    const writer = await connect(ledgerTopology, { service: "writer", url: urls("writer"), ...common });
    await reader.consume("entries", ({ messageId = "" }) => book.#note("effect", messageId));
    book.#running = book.#write((id) => writer.publish("entry", { id }, { messageId: id }));
    book.#close = async () => {
      await writer.close();
      // What is there still is taken.
      for (let seen = -1; seen !== book.entries.length; await sleep(2000)) seen = book.entries.length;
      await reader.close();
    };
    return book;
  }

  /** The time up to now does not count. */
  forget(): void {
    this.longestGap = 0;
    this.#last = Date.now();
  }

  async end(): Promise<void> {
    this.#over = true;
    await this.#running;
    await this.#close();
  }

  #note(kind: Entry["kind"], id: string): void {
    this.entries.push({ kind, id, at: Date.now() });
  }

  async #write(publish: (id: string) => Promise<unknown>): Promise<void> {
    const flying = new Set<Promise<void>>();
    while (!this.#over) {
      const id = `entry-${++this.#number}`;
      this.#note("sent", id);
      const one = publish(id)
        .then(() => {
          this.#note("confirmed", id);
          this.longestGap = Math.max(this.longestGap, Date.now() - this.#last);
          this.#last = Date.now();
        })
        .catch(() => this.#note("failed", id))
        .finally(() => flying.delete(one));
      flying.add(one);
      await sleep(PAUSE_MS);
    }
    await Promise.all(flying);
  }
}
