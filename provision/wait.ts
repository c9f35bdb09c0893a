/** Waits until a broker that is starting answers. */
import { setTimeout as sleep } from "node:timers/promises";
import { BrokerError } from "../broker/faults.js";
import type { Management } from "../broker/management.js";
import { WarrenError } from "../topology/errors.js";

const PAUSE_MS = 250;

/** How a broker can answer while it starts: not at all, by halves, or not knowing yet the users that it is about to import. */
export type Starting = BrokerError["kind"];

export interface WaitOptions {
  readonly seconds: number;
  /** What may pass; anything else is thrown at once. */
  readonly passing: readonly Starting[];
  readonly remedy: string;
}

/** Throws a WarrenError with the last fault if the broker does not answer in time. */
export async function untilItAnswers(
  broker: Pick<Management, "overview" | "endpoint">,
  { seconds, passing, remedy }: WaitOptions,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      await broker.overview();
      return;
    } catch (error) {
      if (!(error instanceof BrokerError) || !passing.includes(error.kind)) throw error;
      if (Date.now() > deadline) {
        throw new WarrenError(`The broker at ${broker.endpoint} is not ready after ${seconds} seconds: ${error.fault}`, {
          remedy,
          cause: error,
        });
      }
    }
    await sleep(PAUSE_MS);
  }
}
