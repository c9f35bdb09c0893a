import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Proxy } from "./proxy.js";

/** Long enough for what passes to have passed. */
const MOMENT = 60;

let echo: Server;
let atEcho: Socket[];
let proxy: Proxy;
let clients: Socket[];

beforeEach(async () => {
  [atEcho, clients] = [[], []];
  echo = createServer((socket) => {
    atEcho.push(socket);
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  proxy = await Proxy.start(() => ({ host: "127.0.0.1", port: (echo.address() as AddressInfo).port }));
});
afterEach(async () => {
  for (const socket of [...clients, ...atEcho]) socket.destroy();
  await proxy.close();
  await new Promise<void>((resolve) => echo.close(() => resolve()));
});

interface Client {
  readonly socket: Socket;
  got: string;
  /** `no`, `properly`, or the code of an error. */
  closed: string;
}

async function open(): Promise<Client> {
  const socket = connect(proxy.port, "127.0.0.1");
  clients.push(socket);
  const client: Client = { socket, got: "", closed: "no" };
  socket.on("data", (chunk: Buffer) => (client.got += chunk.toString()));
  socket.on("error", (error: NodeJS.ErrnoException) => (client.closed = error.code ?? "error"));
  socket.on("close", () => (client.closed = client.closed === "no" ? "properly" : client.closed));
  await once(socket, "connect");
  return client;
}

async function say(client: Client, text: string): Promise<void> {
  client.socket.write(text);
  await sleep(MOMENT);
}

it("passes everything on in order, large or small, and counts connections", async () => {
  const [one, two] = [await open(), await open()];
  const large = Array.from({ length: 40_000 }, (_, index) => `${index};`).join("");
  one.socket.write(large);
  two.socket.write("small");
  await expect.poll(() => one.got.length).toBe(large.length);
  expect(one.got).toBe(large);
  expect(two.got).toBe("small");
  expect([proxy.accepted, proxy.links.length]).toEqual([2, 2]);
  one.socket.end();
  await expect.poll(() => [proxy.accepted, proxy.links.length, one.closed]).toEqual([2, 1, "properly"]);
});

it("cuts both sides, and lets new connections through", async () => {
  const client = await open();
  await say(client, "a");
  proxy.cut();
  await expect.poll(() => client.closed).toBe("properly");
  await expect.poll(() => atEcho[0]?.destroyed).toBe(true);
  const again = await open();
  await say(again, "b");
  expect(again.got).toBe("b");
});

it("resets by RST", async () => {
  const client = await open();
  await say(client, "a");
  proxy.reset();
  await expect.poll(() => client.closed).toBe("ECONNRESET");
  await expect.poll(() => atEcho[0]?.destroyed).toBe(true);
});

it("hangs with both sides open, and heals without losing a byte", async () => {
  const client = await open();
  await say(client, "a");
  proxy.hang();
  await say(client, "b");
  const later = await open();
  await say(later, "c");
  expect([client.got, client.closed, later.got, later.closed]).toEqual(["a", "no", "", "no"]);
  proxy.heal();
  await expect.poll(() => [client.got, later.got]).toEqual(["ab", "c"]);
});

it("hangs in one direction", async () => {
  const client = await open();
  await say(client, "a");
  const seen: string[] = [];
  atEcho[0]?.on("data", (chunk: Buffer) => seen.push(chunk.toString()));
  proxy.hangToClient();
  await say(client, "b");
  expect([client.got, seen]).toEqual(["a", ["b"]]);
  proxy.hangToBroker();
  await say(client, "c");
  expect([client.got, seen]).toEqual(["ab", ["b"]]);
  proxy.heal();
  await expect.poll(() => [client.got, seen]).toEqual(["abc", ["b", "c"]]);
});

it.each(["end", "reset"] as const)(
  "a side that goes away (%s) while the proxy hangs is not noticed by the other before it heals",
  async (how) => {
    const client = await open();
    await say(client, "a");
    proxy.hang();
    if (how === "end") client.socket.end();
    else client.socket.resetAndDestroy();
    await sleep(MOMENT);
    expect([atEcho[0]?.readableEnded, atEcho[0]?.destroyed]).toEqual([false, false]);
    proxy.heal();
    await expect.poll(() => atEcho[0]?.destroyed).toBe(true);
  },
);

it("slows down to a rate with a latency", async () => {
  const client = await open();
  proxy.slow(20_000, 50);
  const began = performance.now();
  client.socket.write("x".repeat(4_000));
  await expect.poll(() => client.got.length, { timeout: 3_000, interval: 5 }).toBeGreaterThan(0);
  const first = performance.now() - began;
  await expect.poll(() => client.got.length, { timeout: 3_000, interval: 5 }).toBe(4_000);
  const all = performance.now() - began;
  // There and back: two latencies; at 20,000 bytes a second 4,000 take 200 ms.
  expect(first).toBeGreaterThan(95);
  expect(all).toBeGreaterThan(290);
  expect(all).toBeLessThan(1_500);
  client.socket.write("y".repeat(40_000));
  await sleep(MOMENT);
  proxy.heal();
  await expect.poll(() => client.got.length, { timeout: 1_000 }).toBe(44_000);
  expect(client.got).toBe("x".repeat(4_000) + "y".repeat(40_000));
});

it("refuses new connections and keeps the old ones", async () => {
  const client = await open();
  proxy.refuse();
  const turnedAway = connect(proxy.port, "127.0.0.1");
  clients.push(turnedAway);
  const errors: (string | undefined)[] = [];
  turnedAway.on("error", (error: NodeJS.ErrnoException) => errors.push(error.code));
  await expect.poll(() => turnedAway.destroyed).toBe(true);
  expect(errors).toEqual(["ECONNRESET"]);
  await say(client, "a");
  expect([client.got, proxy.accepted, proxy.refused]).toEqual(["a", 1, 1]);
  proxy.heal();
  await say(await open(), "b");
  expect(proxy.accepted).toBe(2);
});

it("a broker that is not there closes the client's connection", async () => {
  const nowhere = await Proxy.start(() => ({ host: "127.0.0.1", port: 1 }));
  const socket = connect(nowhere.port, "127.0.0.1");
  clients.push(socket);
  socket.on("error", () => undefined);
  await once(socket, "close");
  await expect.poll(() => nowhere.links.length).toBe(0);
  await nowhere.close();
});

it("shows what the client says and can say more in its name", async () => {
  const seen: string[] = [];
  const watched = await Proxy.start(
    () => ({ host: "127.0.0.1", port: (echo.address() as AddressInfo).port }),
    (link, chunk) => {
      seen.push(`${link.number}:${chunk.toString()}`);
      link.inject(Buffer.from("!"));
    },
  );
  const socket = connect(watched.port, "127.0.0.1");
  clients.push(socket);
  let got = "";
  socket.on("data", (chunk: Buffer) => (got += chunk.toString()));
  socket.write("a");
  await expect.poll(() => got).toBe("!a");
  expect(seen).toEqual(["1:a"]);
  socket.destroy();
  await watched.close();
});
