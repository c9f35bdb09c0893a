/** Writes of one turn of the event loop go out as one: amqplib writes every frame by itself, and a system call costs more than a copy. */
import type { ChannelModel } from "amqplib";
import type { Socket } from "node:net";

/** The socket below a connection. */
export const socketOf = (connection: ChannelModel): Socket => (connection.connection as unknown as { readonly stream: Socket }).stream;

/** What is gathered goes out at once when it is this much, in bytes. */
const ENOUGH = 256 * 1024;
/** Larger chunks are not worth a copy. */
const LARGE = 16 * 1024;

/** From now on a socket gathers what is written in a turn, and sends it at its end. */
export function corkByTurn(socket: Socket): void {
  const write = socket.write.bind(socket);
  let gathered: Buffer[] = [];
  let bytes = 0;
  let full = false;
  // Before the others that wait for it: they write at once, and would be told that there is still no room.
  socket.prependListener("drain", () => (full = false));
  const flush = (): void => {
    const [first] = gathered;
    if (!first) return;
    const all = gathered.length === 1 ? first : Buffer.concat(gathered, bytes);
    gathered = [];
    bytes = 0;
    if (!write(all)) full = true;
  };
  socket.write = (chunk: Buffer) => {
    if (gathered.length === 0) process.nextTick(flush);
    gathered.push(chunk);
    bytes += chunk.length;
    if (bytes >= ENOUGH || chunk.length >= LARGE) flush();
    return !full;
  };
  const end = socket.end.bind(socket) as (...all: unknown[]) => Socket;
  socket.end = (...all: unknown[]) => {
    flush();
    return end(...all);
  };
}
