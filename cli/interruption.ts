/** The end of a process that has something to take back first: a verb says so, and is told instead of ended. */

type Stop = (why: string) => void;
const running = new Set<Stop>();
let code: number | undefined;

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Of the signal that ended a verb, as shells have it: 130 for Ctrl-C. */
export const signalCode = (): number | undefined => code;

/** Tells every verb that asked to be told. `false` if none did. */
export function interrupt(why: string): boolean {
  for (const stop of running) stop(why);
  return running.size > 0;
}

export interface Interruption {
  readonly signal: AbortSignal;
  /** From here on signals end the process again. */
  readonly end: () => void;
}

/** Until `end` a signal aborts with `reason(name)` instead of ending the process; the second one ends it. */
export function interruption(reason: (why: string) => Error): Interruption {
  const controller = new AbortController();
  const stop: Stop = (why) => controller.abort(reason(why));
  const onSignal = (name: NodeJS.Signals): void => {
    code = SIGNALS[name as keyof typeof SIGNALS];
    stop(name);
  };
  running.add(stop);
  const names = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[];
  for (const name of names) process.once(name, onSignal);
  return {
    signal: controller.signal,
    end: () => {
      running.delete(stop);
      for (const name of names) process.off(name, onSignal);
    },
  };
}
