/** A server on loopback that answers as told, for faults that a real broker does not give on demand. */
import { createServer as createTcpServer, type Socket } from "node:net";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { onTestFinished } from "vitest";

export interface FakeBroker {
  readonly url: string;
  /** `GET /api/overview`, in order of arrival. */
  readonly requests: string[];
}

async function listen(server: Server, sockets: Set<Socket>): Promise<string> {
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Speaks HTTP: `answer` gets each request. Closed after the test. */
export async function fakeBroker(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<FakeBroker> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  return { url: `http://${await listen(server, new Set())}`, requests };
}

/** Speaks TCP: whatever comes, it answers `reply` and closes, as RabbitMQ does at its AMQP port. Closed after the test. */
export async function fakeListener(reply: string): Promise<string> {
  const server = createTcpServer((socket) => socket.once("data", () => socket.end(reply)));
  return `http://${await listen(server, new Set())}`;
}

/** An answer as the management API gives it. */
export const json = (status: number, body: unknown): ((request: IncomingMessage, response: ServerResponse) => void) => {
  return (_, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body === undefined ? "" : JSON.stringify(body));
  };
};

const LISTS = [
  ...["vhosts", "users", "permissions", "topic_permissions", "parameters", "global_parameters"],
  ...["policies", "exchanges", "queues", "bindings"],
];

/** A broker that holds what these definitions say, for what reads it whole. */
export const holding = (definitions: object): ((request: IncomingMessage, response: ServerResponse) => void) => {
  const all = { rabbitmq_version: "4.3.6", ...Object.fromEntries(LISTS.map((list) => [list, []])), ...definitions };
  return (request, response) => json(200, request.url?.startsWith("/api/definitions") ? all : [])(request, response);
};
