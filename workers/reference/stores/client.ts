/** Speaks to a store over HTTP: every call has a time-out, and every failure is an error that says whether trying again may help. */
import { Pool } from "undici";
import { WorkerError } from "../../errors.js";
import type { Count, StoredRecord } from "./journal.js";

/** A call that failed. `lasting`: the store understood it and refuses; the same again would be refused again. */
export class StoreError extends Error {
  override readonly name = "StoreError";

  constructor(
    readonly store: string,
    fault: string,
    readonly lasting: boolean,
    cause?: unknown,
  ) {
    super(`${store}: ${fault}`, cause === undefined ? undefined : { cause });
  }
}

export interface StoreClientOptions {
  /** What it is called in errors. */
  readonly name: string;
  /** `http://127.0.0.1:7001` */
  readonly url: string;
  /** Milliseconds for one call: more than a busy machine stands still, for a queue without a ladder has no second try. @default 10000 */
  readonly timeout?: number;
}

/** Given up when this aborts too: a handler's signal. */
interface Call {
  readonly signal?: AbortSignal;
}

export class StoreClient {
  readonly #pool: Pool;
  readonly #timeout: number;

  constructor(private readonly options: StoreClientOptions) {
    if (!URL.canParse(options.url) || !/^https?:$/.test(new URL(options.url).protocol))
      throw new WorkerError("wrong-use", `The address of ${options.name} is "${options.url}".`, { remedy: "write http://host:port" });
    this.#timeout = options.timeout ?? 10_000;
    this.#pool = new Pool(new URL(options.url).origin, { connections: 64, connect: { timeout: this.#timeout } });
  }

  async put(collection: string, id: string, value: unknown, call?: Call): Promise<void> {
    await this.#call("PUT", `${at(collection)}/${encodeURIComponent(id)}`, value, call);
  }

  /** All of them, or none. */
  async putAll(collection: string, records: readonly StoredRecord[], call?: Call): Promise<void> {
    if (records.length > 0) await this.#call("POST", at(collection), { records }, call);
  }

  async get(collection: string, id: string, call?: Call): Promise<unknown> {
    const record = await this.#call("GET", `${at(collection)}/${encodeURIComponent(id)}`, undefined, call, true);
    return (record as StoredRecord | undefined)?.value;
  }

  async list(collection: string, call?: Call): Promise<readonly StoredRecord[]> {
    return ((await this.#call("GET", at(collection), undefined, call)) as { readonly records: readonly StoredRecord[] }).records;
  }

  async remove(collection: string, id: string, call?: Call): Promise<void> {
    await this.#call("DELETE", `${at(collection)}/${encodeURIComponent(id)}`, undefined, call);
  }

  async counts(): Promise<Readonly<Record<string, Count>>> {
    return (await this.#call("GET", "/counts", undefined)) as Record<string, Count>;
  }

  /** What a parser or a model makes of it. */
  async run(name: string, input: unknown, call?: Call): Promise<unknown> {
    const answer = await this.#call("POST", `/functions/${encodeURIComponent(name)}`, { input }, call);
    return (answer as { readonly result: unknown }).result;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #call(method: "GET" | "PUT" | "POST" | "DELETE", path: string, body: unknown, call: Call = {}, orNone = false): Promise<unknown> {
    const late = AbortSignal.timeout(this.#timeout);
    const { name } = this.options;
    let status: number;
    let text: string;
    try {
      const answer = await this.#pool.request({
        ...{ method, path },
        signal: call.signal ? AbortSignal.any([late, call.signal]) : late,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      });
      status = answer.statusCode;
      text = await answer.body.text();
    } catch (error) {
      throw new StoreError(name, late.aborted ? `no answer within ${this.#timeout} ms` : reason(error), false, error);
    }
    if (status === 404 && orNone) return undefined;
    if (status >= 400) throw new StoreError(name, `answered ${status}${said(text)}`, status < 500 && status !== 408 && status !== 429);
    return JSON.parse(text) as unknown;
  }
}

const at = (collection: string): string => `/collections/${encodeURIComponent(collection)}`;

const reason = (error: unknown): string => {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  return code === "ECONNREFUSED" ? "nobody listens there" : (message ?? String(error));
};

function said(text: string): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    return typeof error === "string" ? `: ${error}` : "";
  } catch {
    return "";
  }
}
