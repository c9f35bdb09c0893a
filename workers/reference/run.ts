/** Runs one service until it is told to stop, or its bus fails: connected, watched, and ended in order. */
import type { Logger } from "pino";
import { Registry } from "prom-client";
import type { Bus } from "../bus.js";
import { connect, type ConnectOptions } from "../connect.js";
import { WorkerError } from "../errors.js";
import {
  all,
  assess,
  healthServer,
  logged,
  logger,
  metrics,
  tracing,
  type Health,
  type HealthServer,
  type HealthServerOptions,
} from "../observe/index.js";
import type { AnyTopology, ServiceName } from "../types.js";
import type { Environment, ServiceContext, StartService } from "./service.js";

export interface RunOptions<T extends AnyTopology, S extends ServiceName<T>> {
  readonly topology: T;
  readonly service: S;
  readonly start: StartService<T, S>;
  /** `connectOptions(settings(process.env))`, or what a test has. */
  readonly connect: Omit<ConnectOptions<S>, "service" | "observer">;
  readonly environment?: Environment;
  readonly enabled?: boolean | undefined;
  /** @default false */
  readonly managementEnabled?: boolean;
  readonly concurrency?: number | undefined;
  /** Where health and metrics are served. @default nowhere */
  readonly http?: { readonly host: string; readonly port: number };
  /** When a consumer without messages, whose queue has some, counts as stuck. In milliseconds. @default never */
  readonly maxAge?: HealthServerOptions["maxAge"];
  /** Milliseconds that what is begun has to come to its end. @default 30000 */
  readonly drainDeadline?: number;
  /** @default silent */
  readonly log?: Logger;
}

export interface Run {
  /** Of health and metrics. */
  readonly healthUrl: string | undefined;
  /** Of the service's own API. */
  readonly url: string | undefined;
  /** Rejects when the service can do no more. Never resolves. */
  readonly failed: Promise<never>;
  readonly health: () => Health;
  /** Ends it: servers, consumers, what is published, stores. Can be called twice. */
  stop(): Promise<void>;
}

/** Milliseconds for what has nothing left to wait for. */
const MOMENT = 1000;

type Work = () => Promise<unknown> | void;

/** Resolves when the service serves. Throws what its start throws, after taking everything back. */
export async function runService<T extends AnyTopology, S extends ServiceName<T>>(options: RunOptions<T, S>): Promise<Run> {
  const { topology, service, environment = {}, drainDeadline = 30_000, enabled, managementEnabled = false, concurrency } = options;
  const log = options.log ?? logger({ level: "silent", service, topology });
  const registry = new Registry();
  const observer = all(metrics({ registry, service, topology }), tracing({ topology }), logged(log));
  let bus: Bus<T, S> | undefined;
  let stopping: Promise<void> | undefined;
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => undefined);
  const onStop: Work[] = [];
  const onEnd: Work[] = [];

  const health = (): Health =>
    bus?.health() ??
    assess(
      {
        connections: { publish: "unused", consume: "unused" },
        consumers: [],
        publishing: { blocked: false, buffered: 0, unconfirmed: 0 },
      },
      stopping !== undefined,
    );
  const counted = async (): Promise<Record<string, { messages: number; consumers?: number }>> => {
    const { consumes = [], manages = [] } = topology.services[service] ?? {};
    const counts = (await bus?.queues([...consumes, ...manages])) ?? {};
    // Dead letters wait for people: nobody has to consume them.
    return Object.fromEntries(
      Object.entries(counts).map(([name, { messages, consumers }]) => [
        name,
        consumes.includes(name) ? { messages, consumers } : { messages },
      ]),
    );
  };
  const each = async (works: readonly Work[], until: number): Promise<void> => {
    for (const work of works)
      try {
        await within(work, until);
      } catch (error) {
        log.warn({ event: "service.end", err: error }, "something did not end as it should");
      }
  };
  let server: HealthServer | undefined;
  const stop = async (): Promise<void> => {
    const until = Date.now() + drainDeadline;
    await each(onStop.reverse(), until);
    await bus?.close({ deadline: Math.max(0, until - Date.now()) });
    await each(onEnd.reverse(), Date.now() + MOMENT);
    await server?.close();
  };

  const context: ServiceContext<T, S> = {
    ...{ topology, service, log, environment, enabled, managementEnabled, concurrency },
    connect: async () => {
      const opened = await connect(topology, { ...options.connect, service, observer });
      if (stopping) {
        await opened.close({ deadline: 0 });
        throw new WorkerError("closed", "The service stops.");
      }
      bus = opened;
      void opened.failed.catch(fail);
      return opened;
    },
    onStop: (work) => void onStop.push(work),
    onEnd: (work) => void onEnd.push(work),
    fail,
  };
  try {
    if (options.http)
      server = await healthServer({
        ...options.http,
        ...{ health, metrics: registry, queues: counted },
        ...(options.maxAge === undefined ? {} : { maxAge: options.maxAge }),
      });
    const serving = await options.start(context);
    return {
      healthUrl: server?.url,
      url: serving?.url,
      failed,
      health,
      stop: () => (stopping ??= stop()),
    };
  } catch (error) {
    await (stopping ??= stop());
    throw error;
  }
}

async function within(work: Work, until: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.max(0, until - Date.now()))));
  await Promise.race([Promise.resolve(work()), late]).finally(() => clearTimeout(timer));
}
