/** Writes of one turn of the event loop go out as one: amqplib writes every frame by itself, and a system call costs more than a copy. */
import type { ChannelModel } from "amqplib";
import type { Socket } from "node:net";

/** The socket below a connection. */
export const socketOf = (connection: ChannelModel): Socket => (connection.connection as unknown as { readonly stream: Socket }).stream;

/** What is gathered goes out at once when it is this much, in bytes. */
const ENOUGH = 64 * 1024;
/** Larger chunks are not worth a copy. */
const LARGE = 16 * 1024;

/** What a socket gathers, until the end of the turn. */
export class Cork {
  /** Where `take` gives room. */
  buffer = Buffer.allocUnsafeSlow(ENOUGH);
  #from = 0;
  #to = 0;
  #scheduled = false;
  /** The socket takes no more for now; it says "drain" when it does. */
  full = false;

  constructor(private readonly write: (chunk: Buffer) => boolean) {}

  /** Room for so many bytes (`Cork.most` at most), to be filled at once: where in `buffer` it begins. */
  take(bytes: number): number {
    if (this.#to + bytes > ENOUGH) {
      this.flush();
      // What was given away may be on its way still.
      this.buffer = Buffer.allocUnsafeSlow(ENOUGH);
      this.#from = this.#to = 0;
    }
    if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(this.#turn);
    }
    const at = this.#to;
    this.#to += bytes;
    return at;
  }

  static readonly most = ENOUGH;

  add(chunk: Buffer): void {
    if (chunk.length < LARGE) {
      // Before the buffer is read: it may be another one then.
      const at = this.take(chunk.length);
      chunk.copy(this.buffer, at);
    } else {
      this.flush();
      if (!this.write(chunk)) this.full = true;
    }
  }

  flush(): void {
    if (this.#from === this.#to) return;
    const part = this.buffer.subarray(this.#from, this.#to);
    this.#from = this.#to;
    if (!this.write(part)) this.full = true;
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    this.flush();
  };
}

const corks = new WeakMap<Socket, Cork>();

/** What a corked socket gathers. */
export const corkOf = (socket: Socket): Cork | undefined => corks.get(socket);

/** From now on a socket gathers what is written in a turn, and sends it at its end. */
export function corkByTurn(socket: Socket): void {
  const cork = new Cork(socket.write.bind(socket));
  corks.set(socket, cork);
  // Before the others that wait for it: they write at once, and would be told that there is still no room.
  socket.prependListener("drain", () => (cork.full = false));
  socket.write = (chunk: Buffer) => {
    cork.add(chunk);
    return !cork.full;
  };
  const end = socket.end.bind(socket) as (...all: unknown[]) => Socket;
  socket.end = (...all: unknown[]) => {
    cork.flush();
    return end(...all);
  };
}
