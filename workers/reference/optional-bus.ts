/** A bus that a service can do without: it connects beside the service's work, for as long as that takes. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Bus } from "../bus.js";
import { WorkerError } from "../errors.js";
import type { AnyTopology, ServiceName } from "../types.js";
import type { ServiceContext } from "./service.js";

export interface OptionalBus<T extends AnyTopology, S extends ServiceName<T>> {
  /** Connected now, and not held back by an alarm; else `undefined`. */
  usable(): Bus<T, S> | undefined;
}

/** Milliseconds between attempts, beyond those that connecting makes itself. */
const AGAIN_MS = 1000;

/** Connects in the background; `onOpen` runs once, when it is connected. A broker that cannot be reached is no fault; wrong credentials are. */
export function optionalBus<T extends AnyTopology, S extends ServiceName<T>>(
  context: ServiceContext<T, S>,
  onOpen: (bus: Bus<T, S>) => Promise<unknown>,
): OptionalBus<T, S> {
  const ended = new AbortController();
  let bus: Bus<T, S> | undefined;
  context.onStop(() => ended.abort());
  const open = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      try {
        const opened = await context.connect();
        await onOpen(opened);
        bus = opened;
        return;
      } catch (error) {
        if (ended.signal.aborted) return;
        if (!(error instanceof WorkerError && error.code === "unreachable")) throw error;
        context.log.warn({ event: "bus.away", err: error }, "the broker cannot be reached; going on without it");
        await sleep(AGAIN_MS, undefined, { signal: ended.signal }).catch(() => undefined);
      }
    }
  };
  open().catch(context.fail);
  return { usable: () => (bus?.health().connections.publish === "open" ? bus : undefined) };
}
