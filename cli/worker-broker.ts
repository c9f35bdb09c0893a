/** Where a verb that is a worker connects, as the variables that a worker reads: `--broker`, then the environment, then the dev stack. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { brokerAddress, readEndpoint } from "../broker/address.js";
import { WarrenError } from "../topology/errors.js";
import { nearest } from "../topology/nearest.js";
import { amqpUrlOf } from "./amqp-target.js";
import type { Console } from "./output.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface WorkerBroker {
  readonly broker?: string;
  readonly amqp?: string;
}

/** Any of them names a broker. */
const NAMED = ["RABBITMQ_URL", "RABBITMQ_URLS", "RABBITMQ_HOST"] as const;
const TLS = {
  WARREN_BROKER_CA_FILE: "RABBITMQ_CA_FILE",
  WARREN_BROKER_CERT_FILE: "RABBITMQ_CERT_FILE",
  WARREN_BROKER_KEY_FILE: "RABBITMQ_KEY_FILE",
};

/**
 * The environment with a broker in it. On the dev stack the user is `user`, whose password is an output of the stack, or without one the
 * administrator. Throws a WarrenError (exit code 2).
 */
export function workerEnvironment(given: WorkerBroker, user: string | undefined, console: Console): Environment {
  const { environment, cwd } = console;
  const isSet = (name: string): boolean => Boolean(environment[name]?.trim());
  if (given.broker === undefined && NAMED.some(isSet)) return environment;
  const hasUser = ["RABBITMQ_USERNAME", "RABBITMQ_USER", "RABBITMQ_USERNAME_FILE"].some(isSet);
  const named = given.broker ?? environment["WARREN_BROKER_URL"];
  const endpoint = named === undefined ? readEndpoint(cwd) : undefined;
  // Nothing is said: the defaults of the settings.
  if (named === undefined && !endpoint) return environment;
  // An address may leave the user to other variables.
  const bare = endpoint?.amqpUrl ?? (named !== undefined && /^amqps?:\/\/[^@]*$/.test(named) ? named : undefined);
  if (bare !== undefined && hasUser) return { ...without(environment), RABBITMQ_URL: bare };
  const address = brokerAddress({ url: given.broker, environment, directory: cwd });
  const amqp = new URL(amqpUrlOf(address, given.amqp));
  const { username, password } = address.management;
  const own = endpoint && user !== undefined ? { username: user, password: devPassword(user, cwd) } : { username, password };
  amqp.username = encodeURIComponent(own.username);
  amqp.password = encodeURIComponent(own.password);
  if (address.vhost !== undefined) amqp.pathname = `/${encodeURIComponent(address.vhost)}`;
  const tls = Object.fromEntries(Object.entries(TLS).flatMap(([from, to]) => (environment[from] ? [[to, environment[from]]] : [])));
  return { ...without(environment), ...tls, RABBITMQ_URL: amqp.href };
}

/** Other names of a broker and a user would contradict. */
const without = (environment: Environment): Environment => {
  const { RABBITMQ_URL: _url, RABBITMQ_URLS: _urls, RABBITMQ_HOST: _host, ...rest } = environment;
  return rest;
};

/** A user's password, which the dev stack's state keeps. Throws a WarrenError (exit code 2). */
export function devPassword(user: string, directory: string): string {
  const program = join(directory, "lab", "start.mjs");
  const remedy = `set it: RABBITMQ_USERNAME=${user} RABBITMQ_PASSWORD=... (npm run -s pulumi -- stack output passwords --show-secrets --json)`;
  const fault = (why: string): WarrenError =>
    new WarrenError(`The password of "${user}" on the dev stack cannot be had: ${why}.`, { remedy, exitCode: 2 });
  if (!existsSync(program)) throw fault("this is no checkout of Warren");
  const args = [program, "exec", "pulumi", "stack", "output", "passwords", "--show-secrets", "--json"];
  const answer = spawnSync(process.execPath, args, { cwd: directory, encoding: "utf8", timeout: 120_000 });
  let passwords: Readonly<Record<string, string>>;
  try {
    passwords = JSON.parse(answer.stdout) as Record<string, string>;
  } catch {
    throw fault(`the stack has no outputs${answer.status === 0 ? "" : ` (exit code ${answer.status ?? "none"})`}`);
  }
  const password = Object.hasOwn(passwords, user) ? passwords[user] : undefined;
  if (password !== undefined) return password;
  const near = nearest(user, Object.keys(passwords));
  throw fault(
    `it has no such user${near === undefined ? "" : `; there is "${near}"`}. Which systems are up is said by: npm run up -- --all`,
  );
}
