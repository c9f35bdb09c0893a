/** Whose fault it is when an entry could not be published: the entry's, or the way's. */

/** Nothing changes these but a change of the program. */
const HOPELESS: ReadonlySet<unknown> = new Set(["invalid", "too-large"]);
/** The broker or the connection: it passes, and says nothing about the entry. */
const PASSING: ReadonlySet<unknown> = new Set(["timeout", "buffer-full", "rate-limited", "breaker-open", "closed"]);

/**
 * By the code of a PublishError. `passing`: nothing can be published at present; no attempt of the entry. `full`: the broker answers, and a queue of this
 * entry's takes no more (`nacked`); no attempt of it either. `hopeless`: parked at once. `counts`: all else.
 */
export function kindOf(error: unknown): "passing" | "full" | "counts" | "hopeless" {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  if (code === "nacked") return "full";
  return PASSING.has(code) ? "passing" : HOPELESS.has(code) ? "hopeless" : "counts";
}

/** What is kept of an error: its code and first line. */
export function reasonOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const line = (typeof message === "string" ? message : String(error)).split("\n", 1)[0]!;
  return typeof code === "string" ? `${code}: ${line}` : line;
}

/** Milliseconds before attempt number `attempt` + 1: 1 s, 2 s, 4 s, ... at most a minute. */
export const patience = (attempt: number): number => Math.min(1000 * 2 ** (attempt - 1), 60_000);
