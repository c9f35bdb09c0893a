/** The process of a store: `node --import tsx workers/reference/stores/main.ts --port 7001 --file data.jsonl`. Prints its address when it listens. */
import { parseArgs } from "node:util";
import { storeServer } from "./server.js";

const { values } = parseArgs({
  options: {
    host: { type: "string" },
    port: { type: "string", default: "0" },
    file: { type: "string" },
    delay: { type: "string", default: "0" },
    "failure-rate": { type: "string", default: "0" },
    adjustable: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  const { host, port, file, delay, "failure-rate": failureRate, adjustable } = values;
  const store = await storeServer({
    port: Number(port),
    adjustable,
    behaviour: { delay: Number(delay), failureRate: Number(failureRate) },
    ...(host === undefined ? {} : { host }),
    ...(file === undefined ? {} : { file }),
  });
  process.stdout.write(`${store.url}\n`);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void store.close());
}

main().catch((error: unknown) => {
  process.stderr.write(`the store cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
