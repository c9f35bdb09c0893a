/** What a client library under test has to be able to do, and what it is told. */

/** The same for all, and short, so that a trial is over in seconds. */
export interface Settings {
  /** Of the broker, as it is at the start of the process; more than one with a cluster. */
  readonly urls: readonly string[];
  /** The addresses as they are now: for libraries that can be told to ask again before they connect. */
  readonly presentUrls: () => readonly string[];
  /** PEM of the authority that signed the broker's certificate, with `amqps:`. */
  readonly ca?: string;
  readonly queue: string;
  /** With which every declaration has to agree. */
  readonly queueArguments: Readonly<Record<string, string | number>>;
  readonly prefetch: number;
  readonly heartbeatSeconds: number;
  /** Before the first attempt to come back, and at most between two. */
  readonly reconnectMs: number;
  readonly reconnectMaxMs: number;
  /** After which a publish without an answer has failed. */
  readonly publishTimeoutMs: number;
  /** After which a handler without an end has failed. */
  readonly handlerTimeoutMs: number;
  /** A folder of this trial, where a store may lie. */
  readonly folder: string;
}

/** What the library itself says of a message, at the moment at which it does. */
export interface Reports {
  readonly confirmed: (id: string) => void;
  readonly failed: (id: string, error: unknown) => void;
  readonly returned: (id: string) => void;
  /** What a log would have. */
  readonly log: (text: unknown) => void;
}

/** Of a message that was delivered. */
export interface Handler {
  /** Does what the message asks for. May throw at once, reject, never end, block, or end the process. */
  readonly work: (content: Buffer) => Promise<void>;
  /** Lets the effect take place: comes after `work`, and before the acknowledgement. */
  readonly effect: (content: Buffer) => void;
}

export interface Publisher {
  /** `nowhere`: to where no queue is bound. What becomes of it goes to the reports. */
  publish(id: string, content: Buffer, to: "queue" | "nowhere"): void;
}

/** A connection of the library, as an application holds it. */
export interface Client {
  publisher(reports: Reports): Promise<Publisher>;
  consume(handler: Handler, reports: Reports): Promise<void>;
  /** What its documentation says to do at SIGTERM. Without it the process just ends, as Node has it. */
  close?(): Promise<void>;
}

/** An effect that took place. */
export interface Effect {
  readonly id: string;
  readonly at: number;
}

export interface Subject {
  readonly name: string;
  /** The npm package whose version is measured. */
  readonly module: string;
  /** How it is set up, and after which part of its documentation. */
  readonly settings: string;
  /** Where messages come in that the test publishes itself. @default the queue, through the default exchange */
  readonly entrance?: { readonly exchange: string; readonly routingKey: string };
  /** What the broker is given, for the management API; the queue for work is `work`, that for dead letters `dead`. @default those two */
  readonly definitions?: (vhost: string, queueArguments: Settings["queueArguments"]) => unknown;
  /** Where effects are kept, if not in the file that handlers write to: a reader of those beyond the first `from`, in their order. */
  readonly effects?: (folder: string) => (from: number) => readonly Effect[];
  open(settings: Settings, reports: Reports): Promise<Client>;
}

/** What the body of a message says. */
export interface Order {
  readonly id: string;
  /**
   * How the handler behaves: rejects, throws before it returns a promise, or ends the process, every time; never ends, or blocks the event loop for `ms`,
   * the first time that any handler of the trial sees the message. Without it, the work takes `ms`.
   */
  readonly act?: "reject" | "throw" | "crash" | "hang" | "block";
  readonly ms?: number;
}
