/** Hands the trace of the delivery that is being handled on to what its handler publishes, where no SDK does it. */
import { AsyncLocalStorage } from "node:async_hooks";
import { context, createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import type { Carried } from "./trace-headers.js";

const KEY = createContextKey("trace of the delivery that is handled");

/** Whether somebody has registered a context manager: without one, what `with` sets is nowhere to be found. */
function hasContextManager(): boolean {
  const probe = ROOT_CONTEXT.setValue(KEY, true);
  return context.with(probe, () => context.active() === probe);
}

export interface Carrier {
  run<T>(trace: Carried | undefined, work: () => T): T;
  current(): Carried | undefined;
}

/** Uses the context manager of the API if there is one, and one of its own if not. */
export function carrier(): Carrier {
  // Made with the first trace: as long as nobody sends any, promises stay as cheap as they are.
  let own: AsyncLocalStorage<Carried | undefined> | undefined;
  const current = (): Carried | undefined => (context.active().getValue(KEY) as Carried | undefined) ?? own?.getStore();
  return {
    current,
    run(trace, work) {
      // A delivery without a trace must not get that of a delivery around it.
      if (trace === undefined && current() === undefined) return work();
      if (hasContextManager()) return context.with(context.active().setValue(KEY, trace), work);
      own ??= new AsyncLocalStorage<Carried | undefined>();
      return own.run(trace, work);
    },
  };
}
