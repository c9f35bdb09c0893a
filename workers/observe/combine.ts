/** Several observers in one; what one of them throws reaches neither the worker nor the others. */
import { type Observer, silent } from "./observer.js";

/** Told once for each observer that throws. */
export type FaultReport = (event: keyof Observer, fault: unknown) => void;

const warn: FaultReport = (event, fault) => {
  const text = fault instanceof Error ? fault.message : String(fault);
  process.emitWarning(`an observer of the worker threw in ${event}() and goes on without harm; this is said once: ${text}`, {
    code: "WARREN_OBSERVER",
  });
};

type Call = (...parameters: unknown[]) => void;
type Tracer = <T>(first: string, second: string, headers: Record<string, unknown>, work: () => T, facts?: unknown) => T;

const plain = [
  "connection",
  "published",
  "republished",
  "buffered",
  "received",
  "processed",
  "deadLettered",
  "inFlight",
  "requested",
  "consumer",
] as const satisfies readonly (keyof Observer)[];

/** Those that have this event, and not `silent`'s way to ignore it; each bound to its observer, and contained. */
function listeners(observers: readonly Partial<Observer>[], event: keyof Observer): { observer: Partial<Observer>; call: Call }[] {
  return observers.flatMap((observer) => {
    const method = observer[event] as Call | undefined;
    return method === undefined || method === silent[event] ? [] : [{ observer, call: method.bind(observer) }];
  });
}

/** Tells all of them, in order; one that throws is reported once by `report`. Those that have nothing to say to an event cost nothing. */
export function combine(observers: readonly Partial<Observer>[], report: FaultReport = warn): Observer {
  const reported = new WeakSet<Partial<Observer>>();
  const faulty = (observer: Partial<Observer>, event: keyof Observer, fault: unknown): void => {
    if (reported.has(observer)) return;
    reported.add(observer);
    try {
      report(event, fault);
    } catch {
      // Whoever reports may be the one that is broken.
    }
  };

  const combined: Record<string, unknown> = { ...silent };
  for (const event of plain) {
    const told = listeners(observers, event).map(({ observer, call }): Call => (a, b, c, d, e, f) => {
      try {
        call(a, b, c, d, e, f);
      } catch (fault) {
        faulty(observer, event, fault);
      }
    });
    if (told.length === 1) combined[event] = told[0];
    if (told.length > 1) {
      combined[event] = (a: unknown, b: unknown, c: unknown, d: unknown, e: unknown, f: unknown) => {
        for (const call of told) call(a, b, c, d, e, f);
      };
    }
  }
  for (const event of ["tracePublish", "traceProcess"] as const) {
    for (const { observer, call } of listeners(observers, event).reverse()) {
      const inner = combined[event] as Tracer;
      combined[event] = contained(call as unknown as Tracer, inner, (fault) => faulty(observer, event, fault));
    }
  }
  return combined as unknown as Observer;
}

/** All of them in one. Only the events that an observer has are told to it; a throwing one is named once in a process warning. */
export function all(...observers: readonly Partial<Observer>[]): Observer {
  return combine(observers);
}

/** The work of one call, which runs once however often it is asked for, and whose result or error is kept. */
class Once<T> {
  state: "waiting" | "returned" | "threw" = "waiting";
  result: unknown;

  constructor(
    private readonly inner: Tracer,
    private readonly first: string,
    private readonly second: string,
    private readonly headers: Record<string, unknown>,
    private readonly work: () => T,
    private readonly facts: unknown,
  ) {}

  run(): T {
    if (this.state === "waiting") {
      try {
        // Before it runs: whoever asks again from inside does not start it again.
        this.state = "returned";
        this.result = this.inner(this.first, this.second, this.headers, this.work, this.facts);
      } catch (error) {
        this.state = "threw";
        this.result = error;
      }
    }
    if (this.state === "threw") throw this.result;
    return this.result as T;
  }
}

/** `outer` around `inner`: whatever `outer` does, the work runs exactly once, and its own result or error is what comes out. */
function contained(outer: Tracer, inner: Tracer, faulty: (fault: unknown) => void): Tracer {
  return <T>(first: string, second: string, headers: Record<string, unknown>, work: () => T, facts?: unknown): T => {
    const once = new Once(inner, first, second, headers, work, facts);
    try {
      const given: unknown = outer(first, second, headers, () => once.run(), facts);
      if (given !== once.result && given instanceof Promise) swallow(given, once.result, faulty);
    } catch (fault) {
      if (once.state !== "threw" || fault !== once.result) faulty(fault);
    }
    return once.run();
  };
}

/** A promise of the observer's own: nobody waits for it, so its failure would end the process. The work's own failure is not the observer's. */
function swallow(given: Promise<unknown>, result: unknown, faulty: (fault: unknown) => void): void {
  given.catch(async (fault: unknown) => {
    const own: unknown = await Promise.resolve(result).catch((error: unknown) => error);
    if (own !== fault) faulty(fault);
  });
}
