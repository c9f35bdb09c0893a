/** What the page asks of its server. The token is kept for this tab, and goes with each request in a header: no other site can make a browser send it. */
import type { AlertsEvent, DriftEvent, LiveEvent, StatusEvent } from "../protocol.js";

const KEPT = "warren-ui-token";

/** Of the address, out of which it is taken so that it stays in no history; else of this tab. */
export function takeToken(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) {
    sessionStorage.setItem(KEPT, given);
    history.replaceState(null, "", location.pathname);
  }
  return given ?? sessionStorage.getItem(KEPT) ?? undefined;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Events {
  readonly live: LiveEvent;
  readonly drift: DriftEvent;
  readonly alerts: AlertsEvent;
  readonly status: StatusEvent;
}

export type OnEvent = <E extends keyof Events>(event: E, data: Events[E]) => void;

export class Api {
  constructor(private readonly token: string) {}

  get<T>(path: string, query: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Promise<T> {
    const search = new URLSearchParams(query).toString();
    return this.#ask(`${path}${search === "" ? "" : `?${search}`}`, signal ? { signal } : {});
  }

  post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    const init = { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    return this.#ask(path, signal ? { ...init, signal } : init);
  }

  /** Server-sent events until they end; rejects if they cannot begin. (An `EventSource` sends no header.) */
  async events(path: string, onEvent: OnEvent): Promise<void> {
    const answer = await this.#fetch(path, {});
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (!reader) return;
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
        if (event !== undefined && data !== undefined) onEvent(event as keyof Events, JSON.parse(data) as never);
      }
    }
  }

  async #ask<T>(path: string, init: RequestInit): Promise<T> {
    return (await (await this.#fetch(path, init)).json()) as T;
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const answer = await fetch(path, { ...init, headers: { ...init.headers, authorization: `Bearer ${this.token}` } });
    if (answer.ok) return answer;
    const { error } = (await answer.json().catch(() => ({}))) as { error?: string };
    throw new ApiError(answer.status, error ?? `the server answers ${answer.status}`);
  }
}
