/** The reference worker's task functions. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Registry } from "./tasks.js";

const MAX_SECONDS = 3600;

export const functions: Registry = {
  /** Gives back what it was given. */
  echo: { run: (args, kwargs) => ({ args, kwargs }) },
  /** The sum of its arguments. */
  sum: {
    run: (args) => {
      if (!args.every((each) => typeof each === "number")) throw new Error("sum takes numbers");
      return { sum: args.reduce((sum: number, each) => sum + each, 0) };
    },
  },
  /** Takes `seconds`, and says ten times how far it is. */
  wait: {
    run: async (_args, { seconds = 1 }, { signal, progress }) => {
      if (typeof seconds !== "number" || !(seconds >= 0 && seconds <= MAX_SECONDS)) throw new Error(`seconds: 0 to ${MAX_SECONDS}`);
      for (let step = 1; step <= 10; step++) {
        await sleep(seconds * 100, undefined, { signal });
        await progress(step / 10);
      }
      return { waited: seconds };
    },
    timeout: MAX_SECONDS * 1000,
  },
};
