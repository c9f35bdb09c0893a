/** Tries a limit: opens as many of something as it allows, and one more. */
import { setTimeout as sleep } from "node:timers/promises";
import { Broken, Untried } from "./probe.js";

/** No more are opened to try a limit. */
const MANY = 200;
/** The broker counts a new connection a moment after it has let it in. */
const TRIES = 5;

export interface LimitTrial<T> {
  /** By the topology. */
  readonly declared: number;
  /** On the broker; `undefined`: there is no limit. */
  readonly limited: number | undefined;
  /** Throws if it is refused. */
  readonly open: () => Promise<T>;
  readonly close: (one: T) => Promise<void>;
  /** Milliseconds between opening the last that is allowed and the one that is not. */
  readonly pause: number;
}

export interface Opened {
  /** So many at a time were let in; one more than declared stands for any number. */
  readonly count: number;
  /** Why the next was not; `undefined` if it was let in. */
  readonly refusal?: string;
}

/** The client library does not pass on why a connection was refused that was let in so far (530). */
const isRefusal = (text: string): boolean => /got <ConnectionClose|NOT.ALLOWED|\blimit\b/is.test(text);

/** Closes all of them again. Throws an Untried if they are too many to open, and the broker has the limit that is declared. */
export async function openUntilRefused<T>({ declared, limited, open, close, pause }: LimitTrial<T>): Promise<Opened> {
  if (declared > MANY) {
    if (limited === undefined || limited < 0 || limited > declared) return { count: declared + 1 };
    if (limited < declared) return { count: limited, refusal: `the broker's limit is ${limited}` };
    throw new Untried(`the broker has the limit of ${declared}; more than ${MANY} are not opened to try it`);
  }
  const all: T[] = [];
  const next = async (): Promise<string | undefined> => {
    try {
      all.push(await open());
      return undefined;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (!isRefusal(text)) throw error;
      return text;
    }
  };
  try {
    while (all.length < declared) {
      const refusal = await next();
      if (refusal !== undefined) return { count: all.length, refusal };
    }
    for (let attempt = 1; ; attempt++) {
      await sleep(pause);
      const refusal = await next();
      if (refusal !== undefined) return { count: declared, refusal };
      if (attempt === TRIES) return { count: all.length };
      const last = all.pop();
      if (last !== undefined) await close(last);
    }
  } finally {
    for (const one of all) await close(one);
  }
}

/** Throws a Broken if it is not as declared. */
export function wrongCount(whose: string, what: string, declared: number, { count, refusal }: Opened): void {
  if (count > declared) throw new Broken(`${whose} gets more than ${declared} ${what} at a time, and the topology allows ${declared}`);
  if (count < declared)
    throw new Broken(`${whose} gets only ${count} ${what} at a time, and the topology allows ${declared} (${refusal ?? "no reason"})`);
}
