/** What is corked arrives whole and in order, also on a socket that is full now and then. */
import { once } from "node:events";
import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../testing/until.js";
import { corkByTurn } from "./cork.js";

/** A socket with little room, and what the other side got of it. */
async function pair(): Promise<{ socket: Socket; received: () => Buffer }> {
  const chunks: Buffer[] = [];
  const server = createServer((other) => other.on("data", (chunk) => chunks.push(chunk))).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" });
  await once(socket, "connect");
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  return { socket, received: () => Buffer.concat(chunks) };
}

test("a writer that waits for room, as amqplib does, gets on when there is some", async () => {
  const { socket, received } = await pair();
  const total = 4000;
  const line = (n: number): Buffer => Buffer.from(`${String(n).padStart(7)}${"-".repeat(992)}\n`);
  let next = 0;
  // amqplib waits for the same event, and began to before the socket was corked.
  const write = (): void => {
    while (next < total) if (!socket.write(line(next++))) return;
  };
  socket.on("drain", write);
  corkByTurn(socket);
  write();
  await until(() => received().length === total * 1000);
  expect(received().equals(Buffer.concat(Array.from({ length: total }, (_, n) => line(n))))).toBe(true);
});

test("writes of one turn go out as one, and before the socket ends", async () => {
  const { socket, received } = await pair();
  let writes = 0;
  const write = socket.write.bind(socket);
  socket.write = (chunk: Buffer) => {
    writes++;
    return write(chunk);
  };
  corkByTurn(socket);
  for (let n = 0; n < 100; n++) socket.write(Buffer.from("0123456789"));
  await until(() => received().length === 1000);
  expect(writes).toBe(1);
  socket.write(Buffer.from("the last"));
  socket.end();
  await until(() => received().length === 1008);
});
