// The test projects: "unit" needs nothing but Node, "live" needs Docker and an engine, "e2e" uses the ports of the dev stack too; "kubernetes" needs the lab's Kubernetes programs. The last two run one file after the other, as "live" does unless WARREN_LIVE_WORKERS says more.
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./testing/longest-first.mjs";

const ignored = ["**/node_modules/**", "dist/**", ".warren/**"];
/** The package's own name resolves to its source, as it does for the program and the compiler. */
const fromSource = {
  resolve: { conditions: ["warren-source"] },
  ssr: { resolve: { conditions: ["warren-source"], externalConditions: ["warren-source"] } },
};
/** Live tests at a time, each process with a broker of its own: tests that wait leave room for others. `npm test` sets it; one where a single file is run. */
const liveWorkers = Number(process.env["WARREN_LIVE_WORKERS"] || 1);
const minutes = (count: number): number => count * 60_000;

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        ...fromSource,
        test: {
          name: "unit",
          // Without it, one less than there are cores.
          maxWorkers: availableParallelism(),
          setupFiles: ["testing/seed.ts"],
          include: ["**/*.test.ts"],
          exclude: [...ignored, "**/*.live.test.ts", "**/*.e2e.test.ts", "**/*.k8s.test.ts"],
          // Some start the command, or load the whole package from its sources: seconds, and more where others are at work.
          testTimeout: minutes(1),
        },
      },
      {
        ...fromSource,
        test: {
          name: "live",
          setupFiles: ["testing/seed.ts"],
          globalSetup: ["testing/live-setup.ts"],
          include: ["**/*.live.test.ts"],
          exclude: ignored,
          pool: "forks",
          maxWorkers: liveWorkers,
          fileParallelism: liveWorkers > 1,
          testTimeout: minutes(10),
          hookTimeout: minutes(10),
          // Machines of CI stand still for seconds now and then. What needed a second try is printed with it, as `(retry x1)`.
          retry: process.env["CI"] ? 1 : 0,
        },
      },
      {
        ...fromSource,
        test: {
          name: "e2e",
          include: ["**/*.e2e.test.ts"],
          exclude: ignored,
          pool: "forks",
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: minutes(20),
          hookTimeout: minutes(20),
        },
      },
      {
        ...fromSource,
        test: {
          // Not one of `npm test`: a machine that has none of the programs builds for a quarter of an hour first.
          name: "kubernetes",
          include: ["**/*.k8s.test.ts"],
          exclude: ignored,
          pool: "forks",
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: minutes(10),
          hookTimeout: minutes(30),
        },
      },
    ],
  },
});
