/** What the verbs that publish have in common: whom they speak as, to which broker, and what a message's key is made of. */
import { Option, type Command } from "commander";
import { WarrenError } from "../topology/errors.js";
import type { Topology } from "../topology/model.js";
import { isWord, placeholders } from "../topology/names.js";
import { nearest } from "../topology/nearest.js";
import { target } from "../topology/permissions.js";
import { connect, WorkerError, type Bus } from "../workers/index.js";
import { connectOptions, settings } from "../workers/settings.js";
import type { AnyTopology } from "../workers/types.js";
import { asWarrenError } from "./amqp-target.js";
import { visible, type Console } from "./output.js";
import { oneOf, options } from "./verb.js";
import { workerEnvironment, type WorkerBroker } from "./worker-broker.js";

export interface PublishingOptions extends WorkerBroker {
  readonly body?: string;
  readonly key?: Readonly<Record<string, string>>;
  readonly service?: string;
  readonly topology?: string;
  readonly json?: boolean;
}

const word = (text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => {
  const at = text.indexOf("=");
  if (at > 0) return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
  throw new WarrenError(`--key is "${visible(text)}".`, { allowed: ["word=value, for each {word} of the message's key"], exitCode: 2 });
};

/** Adds the options of a verb that publishes. */
export function publishing(command: Command): Command {
  const broker = options.broker();
  broker.description = "the broker (default: RABBITMQ_URL and its like, WARREN_BROKER_URL, then the dev stack as its administrator)";
  return command
    .addOption(new Option("--key <word=value>", "for a {word} of the message's key; again for another").argParser(word))
    .addOption(new Option("--service <name>", "as this service (default: the first that publishes the message)"))
    .addOption(broker)
    .addOption(new Option("--amqp <url>", "its AMQP address, where --broker names the management API: amqp://host:5672"))
    .addOption(options.vhost())
    .addOption(options.json());
}

/** A message of the topology. Throws a WarrenError (exit code 2). */
export function messageOf(topology: Topology, name: string): NonNullable<Topology["messages"]>[string] {
  const known = new Map(Object.entries(topology.messages ?? {}));
  return oneOf("message", name, known, nearest(name, known.keys()));
}

/** What `--key` says for the words of the message's key. Throws a WarrenError (exit code 2) for one that is missing or none. */
export function requireKey(topology: Topology, name: string, given: Readonly<Record<string, string>> = {}): void {
  const { key } = target(topology, messageOf(topology, name));
  const wrong = placeholders(key).find((word) => !isWord(given[word]));
  if (wrong === undefined) return;
  const value = given[wrong];
  const said = value === undefined ? "is missing" : `is "${visible(value)}"`;
  throw new WarrenError(`Message "${visible(name)}": {${wrong}} of its key "${visible(key)}" ${said}.`, {
    remedy: `give one word without dots: --key ${wrong}=WORD`,
    exitCode: 2,
  });
}

const does = (topology: Topology, list: "publishes" | "consumes", name: string): string[] =>
  Object.entries(topology.services ?? {}).flatMap(([service, each]) => (each[list]?.includes(name) ? [service] : []));

/** Who publishes (or consumes) it. Throws a WarrenError (exit code 2). */
export function whoDoes(topology: Topology, list: "publishes" | "consumes", name: string, service?: string): string {
  const able = does(topology, list, name);
  if (service === undefined && able[0] !== undefined) return able[0];
  if (service !== undefined && able.includes(service)) return service;
  const what = list === "publishes" ? "publishes" : "consumes";
  throw new WarrenError(
    service === undefined ? `No service ${what} "${visible(name)}".` : `Service "${visible(service)}" does not publish "${visible(name)}".`,
    {
      allowed: able,
      exitCode: 2,
    },
  );
}

/** Does with a bus for each of these services, and closes them. Throws a WarrenError. */
export async function withBuses<R>(
  topology: Topology,
  services: readonly string[],
  given: PublishingOptions,
  console: Console,
  work: (...buses: Bus<AnyTopology, string>[]) => Promise<R>,
): Promise<R> {
  const buses: Bus<AnyTopology, string>[] = [];
  try {
    const read = settings(workerEnvironment(given, undefined, console));
    for (const warning of read.warnings) console.error(visible(warning));
    const shared = await connectOptions(read);
    for (const service of services) buses.push(await connect(topology as AnyTopology, { ...shared, service }));
    return await work(...buses);
  } catch (error) {
    throw error instanceof WorkerError ? asWarrenError(error) : error;
  } finally {
    await Promise.all(buses.map((bus) => bus.close({ deadline: 1000 })));
  }
}
