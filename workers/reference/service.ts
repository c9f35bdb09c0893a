/** What a service is, and what it is given when it runs: its bus, its log, its variables, and two moments of its end. */
import { readFileSync } from "node:fs";
import type { Logger } from "pino";
import type { Bus } from "../bus.js";
import { WorkerError } from "../errors.js";
import type { AnyTopology, ServiceName } from "../types.js";
import { StoreClient } from "./stores/index.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ServiceContext<T extends AnyTopology, S extends ServiceName<T>> {
  readonly topology: T;
  readonly service: S;
  /** Connects; its health is the worker's from then on. Throws a `WorkerError`. */
  connect(): Promise<Bus<T, S>>;
  readonly log: Logger;
  readonly environment: Environment;
  /** `RABBITMQ_ENABLED`, `undefined` where it is not set. */
  readonly enabled: boolean | undefined;
  /** `RABBITMQ_MANAGEMENT_ENABLED` */
  readonly managementEnabled: boolean;
  /** Handlers of one consumer at a time. */
  readonly concurrency: number | undefined;
  /** When it is to stop, before consumers drain: servers take no more. */
  readonly onStop: (work: () => Promise<unknown> | void) => void;
  /** When the bus is closed: stores are let go. */
  readonly onEnd: (work: () => Promise<unknown> | void) => void;
  /** Something without which the service cannot go on. */
  readonly fail: (error: Error) => void;
}

/** Starts a service; resolves when it serves. */
export type StartService<T extends AnyTopology, S extends ServiceName<T>> = (context: ServiceContext<T, S>) => Promise<Serving | void>;

export interface Serving {
  /** Of an HTTP API of its own. */
  readonly url?: string;
}

/** A start for each service of a topology. */
export type Services<T extends AnyTopology> = { readonly [S in ServiceName<T>]: StartService<T, S> };

/** A variable that has to be set. Throws a `WorkerError`. */
export function needed(environment: Environment, name: string, meaning: string, example: string): string {
  const value = environment[name]?.trim();
  if (value) return value;
  throw new WorkerError("wrong-use", `${name} is not set: ${meaning}.`, { remedy: `for example ${name}=${example}` });
}

/**
 * A secret: the value of the variable, or the one line of the file that `NAME_FILE` names, which no list of variables shows. `undefined` where neither
 * is set. Throws a `WorkerError`, in which nothing of it stands.
 */
export function secretOf(environment: Environment, name: string): string | undefined {
  const value = environment[name]?.trim() || undefined;
  const file = environment[`${name}_FILE`]?.trim();
  if (!file) return value;
  const wrong = (why: string, remedy: string): WorkerError => new WorkerError("wrong-use", `${name}_FILE ${why}.`, { remedy });
  if (value !== undefined) throw wrong(`is set, and ${name} as well`, "leave one of them out");
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown fault";
    throw wrong(`is ${JSON.stringify(file)}, which cannot be read (${code})`, "name a file that the worker's user may read");
  }
  if (text !== "") return text;
  throw wrong(`is ${JSON.stringify(file)}, which is empty`, "write the secret into the file");
}

/** A secret that has to be there. Throws a `WorkerError`. */
export const neededSecret = (environment: Environment, name: string, meaning: string): string =>
  secretOf(environment, name) ?? needed(environment, name, meaning, `$(openssl rand -hex 32), or ${name}_FILE=/run/secrets/name`);

/** Whole number of a variable. Throws a `WorkerError`. */
export function wholeNumber(environment: Environment, name: string, initial: number, { min, max }: { min: number; max: number }): number {
  const text = environment[name]?.trim();
  if (!text) return initial;
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new WorkerError("wrong-use", `${name} is ${JSON.stringify(text)}; allowed: ${min} to ${max}.`, {
    remedy: `correct it, or leave it out for ${initial}`,
  });
}

/** Where a service's own HTTP API listens: `WARREN_API_HOST` (127.0.0.1), `WARREN_API_PORT` (8080; 0: a free one). */
export const apiAddress = (environment: Environment): { readonly host: string; readonly port: number } => ({
  host: environment["WARREN_API_HOST"]?.trim() || "127.0.0.1",
  port: wholeNumber(environment, "WARREN_API_PORT", 8080, { min: 0, max: 65_535 }),
});

/** The store whose address is in a variable, let go at the end. Throws a `WorkerError`. */
export function storeOf<T extends AnyTopology, S extends ServiceName<T>>(
  { environment, onEnd }: ServiceContext<T, S>,
  variable: string,
  name: string,
): StoreClient {
  const store = new StoreClient({ name, url: needed(environment, variable, `the address of ${name}`, "http://127.0.0.1:7001") });
  onEnd(() => store.close());
  return store;
}

/** The option of a consumer for `WARREN_CONCURRENCY`. */
export const handling = ({ concurrency }: { readonly concurrency: number | undefined }): { readonly concurrency?: number } =>
  concurrency === undefined ? {} : { concurrency };
