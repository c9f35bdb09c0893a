/** A system on a live broker with its reference services running in this process: what their live tests have in common. */
import { onTestFinished } from "vitest";
import { connect, type Bus, type ConnectOptions } from "../workers/index.js";
import { runService, type Run, type RunOptions } from "../workers/reference/run.js";
import type { Services } from "../workers/reference/service.js";
import type { AnyTopology, ServiceName } from "../workers/types.js";
import { workerGround, type WorkerGround } from "./worker-live.js";

export interface SystemGround<T extends AnyTopology> extends WorkerGround {
  readonly topology: T;
  run<S extends ServiceName<T>>(service: S, environment?: Record<string, string>, more?: Partial<RunOptions<T, S>>): Promise<Run>;
  /** As a service, without its handlers. */
  bus<S extends ServiceName<T>>(service: S, more?: Partial<ConnectOptions<S>>): Promise<Bus<T, S>>;
}

const NEAR = { heartbeat: 5, attempts: 3, drainDeadline: 2000, backoff: { min: 50, max: 300 } } as const;

export async function systemGround<T extends AnyTopology>(topology: T, services: Services<T>): Promise<SystemGround<T>> {
  const ground = await workerGround(topology);
  return {
    ...ground,
    run: async (service, environment = {}, more = {}) => {
      const run = await runService({
        topology: ground.topology,
        service,
        start: services[service],
        connect: { ...NEAR, url: ground.url(service) },
        environment: { WARREN_API_PORT: "0", ...environment },
        http: { host: "127.0.0.1", port: 0 },
        ...more,
      });
      onTestFinished(() => run.stop());
      return run;
    },
    bus: async (service, more = {}) => {
      const bus = await connect(ground.topology, { ...NEAR, url: ground.url(service), ...more, service });
      onTestFinished(() => bus.close());
      return bus;
    },
  };
}

/** The same queues with other rungs. */
export function withRetry<T extends AnyTopology>(topology: T, retry: readonly string[], names = Object.keys(topology.queues ?? {})): T {
  const queues = Object.fromEntries(
    Object.entries(topology.queues ?? {}).map(([name, queue]) => [
      name,
      "retry" in queue && names.includes(name) ? { ...queue, retry } : queue,
    ]),
  );
  return { ...topology, queues };
}

export interface HttpAnswer {
  readonly status: number;
  // A test looks into JSON of the outside world.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

/** Calls an API of a service. */
export async function http(method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<HttpAnswer> {
  const answer = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
}
