/** A real broker for live tests: its addresses, and vhosts that are gone after the test. */
import { randomBytes } from "node:crypto";
import { inject, onTestFinished } from "vitest";
import { callBroker, type LiveBroker } from "./broker-api.js";

export type { LiveBroker } from "./broker-api.js";

declare module "vitest" {
  interface ProvidedContext {
    readonly liveBrokers: readonly LiveBroker[];
  }
}

/** The broker that `testing/live-setup.ts` found or started for this process; `WARREN_TEST_MANAGEMENT` and `WARREN_TEST_AMQP` name another. */
export function liveBroker(): Promise<LiveBroker> {
  // The declared type leaves out that a project without the setup file provides nothing.
  const brokers = inject("liveBrokers") as readonly LiveBroker[] | undefined;
  // Counted from 1; one of its processes at a time has a number.
  const broker = brokers?.[(Number(process.env["VITEST_POOL_ID"] ?? 1) - 1) % brokers.length];
  if (broker) return Promise.resolve(broker);
  return Promise.reject(
    new Error("No broker for live tests: the vitest project of this file has to name testing/live-setup.ts as globalSetup."),
  );
}

/** A name that nothing else on the broker has: `warren-test-...`. */
export const scratchName = (label = "test"): string => `warren-${label}-${randomBytes(6).toString("hex")}`;

/**
 * Calls the management API as the administrator of the live broker and returns the body: for arranging and looking, apart from the code
 * under test. `path` starts with `/api/`. Throws for every answer from 400 up, except one to `DELETE` of what is gone.
 */
export async function brokerApi(method: "GET" | "PUT" | "POST" | "DELETE", path: string, body?: unknown): Promise<unknown> {
  return callBroker(await liveBroker(), method, path, body);
}

export interface ScratchVhost extends LiveBroker {
  readonly vhost: string;
  /** `amqpUrl` with this vhost. */
  readonly vhostUrl: string;
}

/**
 * A new vhost with a name of its own in which the administrator may do everything. It is removed after the test; outside of a test
 * (in `beforeAll`) pass what keeps the removal for `afterAll`: `await scratchVhost((remove) => (removal = remove))`.
 */
export async function scratchVhost(after: (remove: () => Promise<void>) => void = onTestFinished): Promise<ScratchVhost> {
  const broker = await liveBroker();
  const vhost = scratchName();
  const at = `/api/vhosts/${encodeURIComponent(vhost)}`;
  after(async () => {
    await brokerApi("DELETE", `${at}/deletion/protection`);
    await brokerApi("DELETE", at);
  });
  await brokerApi("PUT", at);
  await brokerApi("PUT", `/api/permissions/${encodeURIComponent(vhost)}/${encodeURIComponent(broker.username)}`, {
    configure: ".*",
    write: ".*",
    read: ".*",
  });
  return { ...broker, vhost, vhostUrl: `${broker.amqpUrl}/${encodeURIComponent(vhost)}` };
}

/** The environment in which the command finds the live broker. */
export const commandEnvironment = ({ managementUrl, username, password }: LiveBroker): Record<string, string> => ({
  WARREN_BROKER_URL: managementUrl,
  WARREN_BROKER_USERNAME: username,
  WARREN_BROKER_PASSWORD: password,
});
