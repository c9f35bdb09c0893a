/** The post office: WebSocket clients write to services, and what services write to a client finds it. */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { apiError } from "../http.js";
import { Mailboxes, type MailboxLimits } from "./mailboxes.js";
import type { Letter, Member } from "./member.js";
import { clientOf } from "./tokens.js";

const word = z.string().regex(/^[^.#*\s]+$/, "one word without dots");
/** What a client sends. `id` comes back with the answer. */
const Frame = z.object({
  id: z.string().max(100).optional(),
  recipient: word,
  type: z.string(),
  content: z.unknown(),
  request: z.boolean().default(false),
  timeout: z.int().min(1).max(300_000).optional(),
});

export interface PostOfficeOptions {
  /** Signs the clients' tokens. */
  readonly secret: string;
  readonly mailboxes?: Partial<MailboxLimits>;
  /** Milliseconds between looks whether a client is still there. @default 30000 */
  readonly heartbeat?: number;
}

const PROTOCOL = "stage7";
const PATH = "/ws";
/** Bytes of one frame of a client. */
const MAX_FRAME = 1024 * 1024;
/** Bytes that a client may leave unread before it counts as gone. */
const MAX_UNREAD = 4 * 1024 * 1024;
/** Another connection of the same client took its place. */
const REPLACED = 4000;

/**
 * `ws://host/ws`, with a client's token as the second WebSocket protocol (`new WebSocket(url, ["stage7", token])`) or as
 * `Authorization: Bearer`. A client sends `{ id, recipient, type, content, request? }` and gets `{ kind: "accepted" | "reply" | "error", id, ... }`;
 * messages come as `{ kind: "message", type, sender, content }`. What comes while it is away waits, with bounds.
 */
export class PostOffice {
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME, handleProtocols: () => PROTOCOL });
  readonly #clients = new Map<string, WebSocket>();
  readonly #alive = new WeakSet<WebSocket>();
  readonly #timer: NodeJS.Timeout;
  readonly mailboxes: Mailboxes;

  constructor(
    private readonly options: PostOfficeOptions,
    private readonly member: () => Member,
  ) {
    this.mailboxes = new Mailboxes(options.mailboxes);
    this.#timer = setInterval(() => this.#beat(), options.heartbeat ?? 30_000).unref();
  }

  attach(server: Server): void {
    server.on("upgrade", (request, socket: Duplex, head) => this.#upgrade(request, socket, head));
  }

  /** A service's message: to its client, if it names one. `false`: nobody of that name was here lately. */
  deliver({ clientId, type, sender, content }: Letter): boolean {
    if (clientId === undefined) return false;
    const text = JSON.stringify({ kind: "message", type, sender, content });
    const client = this.#clients.get(clientId);
    if (!client) return this.mailboxes.hold(clientId, text);
    this.#write(clientId, client, text);
    return true;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const client of this.#clients.values()) client.close(1001, "the post office closes");
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      setTimeout(() => {
        for (const client of this.#clients.values()) client.terminate();
        resolve();
      }, 500).unref();
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const [, token = ""] = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((each) => each.trim());
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const clientId = clientOf(this.options.secret, bearer ?? token);
    const refusal =
      new URL(request.url ?? "/", "http://localhost").pathname !== PATH
        ? "404 Not Found"
        : clientId === undefined
          ? "401 Unauthorized"
          : undefined;
    if (clientId === undefined || refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal ?? "401 Unauthorized"}\r\nConnection: close\r\n\r\n`);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (client) => this.#welcome(clientId, client));
  }

  #welcome(clientId: string, client: WebSocket): void {
    this.#clients.get(clientId)?.close(REPLACED, "connected elsewhere");
    this.#clients.set(clientId, client);
    this.#alive.add(client);
    client.on("pong", () => this.#alive.add(client));
    client.on("error", () => client.terminate());
    client.on("message", (data: Buffer) => void this.#receive(clientId, client, data));
    client.on("close", () => {
      if (this.#clients.get(clientId) !== client) return;
      this.#clients.delete(clientId);
      this.mailboxes.left(clientId);
    });
    for (const text of this.mailboxes.take(clientId)) this.#write(clientId, client, text);
  }

  #write(clientId: string, client: WebSocket, text: string): void {
    if (client.bufferedAmount > MAX_UNREAD) {
      client.terminate();
      this.mailboxes.left(clientId);
      this.mailboxes.hold(clientId, text);
      return;
    }
    client.send(text, (error) => {
      if (!error) return;
      // It went this very moment: the message waits for its return.
      this.mailboxes.left(clientId);
      this.mailboxes.hold(clientId, text);
    });
  }

  async #receive(clientId: string, client: WebSocket, data: Buffer): Promise<void> {
    let id: string | undefined;
    const answer = (body: object): void => client.send(JSON.stringify({ ...body, ...(id === undefined ? {} : { id }) }), () => undefined);
    try {
      const raw = parsed(data);
      const given = (raw as { readonly id?: unknown } | undefined)?.id;
      if (typeof given === "string" && given.length <= 100) id = given;
      const frame = Frame.safeParse(raw);
      if (!frame.success) {
        const fault = frame.error.issues.map(({ path, message }) => `${path.join(".") || "the frame"}: ${message}`).join("; ");
        return answer({
          kind: "error",
          error: { code: "invalid", message: fault, remedy: "send { id, recipient, type, content, request? }" },
        });
      }
      const { recipient, type, content, request, timeout } = frame.data;
      const letter = { type, content, clientId };
      if (!request) return answer({ kind: "accepted", ...(await this.member().send(recipient, letter)) });
      const { reply, by } = await this.member().request(recipient, letter, timeout);
      answer({ kind: "reply", type: reply.type, sender: reply.sender, content: reply.content, by });
    } catch (error) {
      answer({ kind: "error", ...apiError(error).body });
    }
  }

  #beat(): void {
    for (const client of this.#clients.values()) {
      if (!this.#alive.delete(client)) client.terminate();
      else client.ping(() => undefined);
    }
  }
}

function parsed(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString("utf8"));
  } catch {
    return undefined;
  }
}
