/** HTTP to one management API: connections, time-outs, retries of what may be retried, answers as JSON. Knows no kinds of objects. */
import { setTimeout as sleep } from "node:timers/promises";
import { Agent } from "undici";
import { WarrenError } from "../topology/errors.js";
import { BrokerError, connectionFault, isConnectionFault, notRabbit, statusFault, shownAddress, type Asked } from "./faults.js";

export interface Endpoint {
  /** `http://host:15672` or `https://host:15671`; a path, if any, is the management plugin's prefix. Credentials in it are not used. */
  readonly endpoint: string;
  readonly username: string;
  readonly password: string;
  /** Certificate authorities to trust, PEM. @default those of the system */
  readonly ca?: string;
  /** Client certificate, PEM. */
  readonly cert?: string;
  /** Its key, PEM. */
  readonly key?: string;
  /** Longest wait for a connection. @default 5000 */
  readonly connectTimeoutMs?: number;
  /** Longest wait for an answer, and between two pieces of it. @default 60000 */
  readonly answerTimeoutMs?: number;
}

export type Method = "GET" | "PUT" | "POST" | "DELETE";

export interface Answer {
  readonly status: number;
  /** `undefined` for an empty one. */
  readonly body: unknown;
  readonly etag: string | undefined;
}

/** Requests at a time; the rest waits. */
const CONNECTIONS = 8;
const TRIES = 3;
const PAUSE_MS = 200;

export class Transport {
  /** As in messages: without credentials, without a slash at the end. */
  readonly endpoint: string;
  readonly username: string;
  readonly #authorization: string;
  readonly #agent: Agent;
  readonly #origin: string;
  readonly #prefix: string;

  constructor(options: Endpoint) {
    let url: URL;
    try {
      url = new URL(options.endpoint);
    } catch {
      throw new WarrenError(`"${shownAddress(options.endpoint)}" is no URL.`, { remedy: "write http://host:15672", exitCode: 2 });
    }
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      throw new WarrenError(`The management API has no ${url.protocol}// address.`, { allowed: ["http://", "https://"], exitCode: 2 });
    }
    this.#origin = url.origin;
    this.#prefix = url.pathname.replace(/\/+$/, "");
    this.endpoint = this.#origin + this.#prefix;
    this.username = options.username;
    this.#authorization = `Basic ${Buffer.from(`${options.username}:${options.password}`).toString("base64")}`;
    const { ca, cert, key, connectTimeoutMs = 5000, answerTimeoutMs = 60_000 } = options;
    // An Agent of one's own goes past proxies in the environment: a broker's credentials are not for them.
    this.#agent = new Agent({
      connections: CONNECTIONS,
      headersTimeout: answerTimeoutMs,
      bodyTimeout: answerTimeoutMs,
      connect: { timeout: connectTimeoutMs, ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) },
    });
  }

  /**
   * `path` is encoded and starts with `/api/`. Throws a BrokerError for no answer, for a status from 400 up, and for what is no JSON. Only GET is
   * tried again, when the connection failed or the broker did: another request may have been done without its answer having come.
   * A list fails in the broker (500) if one of its items is removed meanwhile: `rabbit_mgmt_wm_users` looks up each user that it has listed.
   */
  async send(method: Method, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const asked: Asked = { endpoint: this.endpoint, username: this.username, method, path };
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(asked, method, body, headers);
      } catch (error) {
        const fault = error instanceof WarrenError ? error : connectionFault(error, asked);
        const passes = error instanceof BrokerError ? error.kind === "failed" : isConnectionFault(error);
        if (method !== "GET" || attempt === TRIES || !passes) throw fault;
        await sleep(PAUSE_MS * attempt);
      }
    }
  }

  async #once(asked: Asked, method: Method, body: unknown, headers: Readonly<Record<string, string>>): Promise<Answer> {
    // The path goes out as it is; a URL would have its dots and escapes rewritten.
    const response = await this.#agent.request({
      origin: this.#origin,
      path: this.#prefix + asked.path,
      method,
      headers: {
        authorization: this.#authorization,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.body.text();
    const status = response.statusCode;
    const etag = response.headers["etag"];
    if (status >= 400) throw statusFault(status, text, asked);
    if (status >= 300 && status !== 304) throw notRabbit(asked, `it redirects (${status})`);
    return { status, body: text === "" ? undefined : parse(text, asked), etag: typeof etag === "string" ? etag : undefined };
  }

  /** Closes the connections; for a process that goes on without this broker. */
  async close(): Promise<void> {
    await this.#agent.close();
  }
}

function parse(text: string, asked: Asked): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw notRabbit(asked, "its answer is no JSON");
  }
}
