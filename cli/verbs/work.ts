/** `warren work`: runs a service of a topology, by the reference handlers or one's own. */
import { Option } from "commander";
import { resolve } from "node:path";
import type { Logger } from "pino";
import { runFile } from "../../sources/run-file.js";
import { serviceUser } from "../../topology/names.js";
import { WarrenError } from "../../topology/errors.js";
import { nearest } from "../../topology/nearest.js";
import type { Topology } from "../../topology/model.js";
import { logger } from "../../workers/observe/index.js";
import { ownService, reference, runService, type Run, type StartService } from "../../workers/reference/index.js";
import { connectOptions, settings } from "../../workers/settings.js";
import type { AnyTopology } from "../../workers/types.js";
import { asWarrenError } from "../amqp-target.js";
import { WorkerError } from "../../workers/errors.js";
import { readInstallation } from "../input.js";
import { visible, type Console } from "../output.js";
import { signalled } from "../signalled.js";
import { examples, oneOf, options, TOPOLOGY, type ExitCode, type Verb } from "../verb.js";
import { workerEnvironment, type WorkerBroker } from "../worker-broker.js";

interface Options extends WorkerBroker {
  readonly service: string;
  readonly handlers?: string;
  readonly topology?: string;
}

/** The one topology that is meant. Throws a WarrenError (exit code 2). */
export async function topologyOf(argument: string | undefined, name: string | undefined, console: Console): Promise<Topology> {
  const { topologies } = await readInstallation(argument, {}, console);
  const [only, second] = topologies;
  if (only && !second && name === undefined) return only;
  const known = new Map(topologies.map((each) => [each.name, each]));
  if (name !== undefined) return oneOf("topology", name, known, nearest(name, known.keys()));
  throw new WarrenError("Several topologies are given; a worker is of one.", {
    allowed: [...known.keys()],
    remedy: "name it: --topology NAME",
    exitCode: 2,
  });
}

/** A service that the topology has. Throws a WarrenError (exit code 2). */
export function serviceOf(topology: Topology, name: string): string {
  const known = new Map(Object.keys(topology.services ?? {}).map((each) => [each, each]));
  return oneOf("service", name, known, nearest(name, known.keys()));
}

async function starts(
  system: string | undefined,
  service: string,
  file: string | undefined,
  cwd: string,
): Promise<StartService<AnyTopology, string>> {
  if (file !== undefined) {
    const exported = await runFile(resolve(cwd, file), file);
    // A default export of a CommonJS module lies one level deeper.
    const inner = exported["default"] as { readonly __esModule?: boolean; readonly default?: unknown } | undefined;
    return ownService(inner?.__esModule ? inner.default : (inner ?? exported), file);
  }
  const found = system !== undefined && Object.hasOwn(reference, system) ? reference[system]?.[service] : undefined;
  if (found) return found;
  throw new WarrenError(`There are no reference handlers for "${visible(service)}" of "${visible(system ?? "")}".`, {
    allowed: Object.keys(reference),
    remedy: "write them, and name the file: --handlers FILE",
    exitCode: 2,
  });
}

/** Runs until a signal, or until it cannot go on. */
async function untilSignal(starting: Promise<Run>, log: Logger): Promise<ExitCode> {
  const { signal, forget } = signalled();
  try {
    const run = await Promise.race([starting, signal]);
    // Told to stop before it was up.
    if (typeof run === "string") return 0;
    log.info({ event: "service.open", health: run.healthUrl, api: run.url }, "it runs");
    const end = await Promise.race([signal, run.failed.catch((error: Error) => error)]);
    if (end instanceof Error) log.fatal({ event: "service.failed", err: end }, end.message);
    else log.info({ event: "service.stop", signal: end }, `${end}: finishing what is begun`);
    await run.stop();
    log.info({ event: "service.end" }, "ended");
    return end instanceof Error ? 1 : 0;
  } finally {
    forget();
  }
}

/** Milliseconds for what keeps the process though all is done: a handler that does not heed its signal. */
const LAST_MOMENT = 1000;

async function work(argument: string | undefined, given: Options, console: Console): Promise<ExitCode> {
  const topology = (await topologyOf(argument, given.topology, console)) as AnyTopology;
  const service = serviceOf(topology, given.service);
  const start = await starts(argument, service, given.handlers, console.cwd);
  const { user = serviceUser(topology.name, service) } = topology.services[service] ?? {};
  const environment = workerEnvironment(given, user, console);
  const read = settings(environment);
  const log = logger({ level: read.logLevel, service, topology });
  for (const warning of read.warnings) log.warn({ event: "settings" }, warning);
  const starting = runService({
    ...{ topology, service, start, environment, log, http: read.http },
    connect: await connectOptions(read),
    enabled: read.enabled,
    managementEnabled: read.managementEnabled,
    concurrency: read.concurrency,
    drainDeadline: read.drainDeadline,
  });
  const code = await untilSignal(starting, log);
  setTimeout(() => process.exit(), LAST_MOMENT).unref();
  return code;
}

export const workVerb: Verb = (program, console, exit) => {
  const broker = options.broker();
  broker.description = "the broker (default: RABBITMQ_URL and its like, WARREN_BROKER_URL, then the dev stack with the service's own user)";
  program
    .command("work")
    .summary("run a service of a topology")
    .description(
      "Runs a service until SIGTERM or Ctrl-C: then it takes no more, finishes what is begun, and ends with exit code 0; a second signal ends it at once. " +
        "Exit code 1: it cannot go on. Settings come from the environment; health and metrics are on WARREN_HTTP_PORT.",
    )
    .argument("<topology>", TOPOLOGY)
    .requiredOption("--service <name>", "which of its services (has to be given)")
    .addOption(
      new Option(
        "--handlers <file>",
        "a module: export default { QUEUE: handler }, or (bus, context) => ... (default: the reference handlers)",
      ),
    )
    .addOption(broker)
    .addOption(options.vhost())
    .addHelpText(
      "after",
      examples(
        "NEO4J_URL=http://127.0.0.1:7001 warren work debias --service neo4j-worker",
        "RABBITMQ_URL=amqp://orders.billing:secret@broker warren work ./orders.ts --service billing --handlers ./billing.ts",
      ),
    )
    .action(async (argument: string, given: Options) => {
      try {
        exit(await work(argument, given, console));
      } catch (error) {
        throw error instanceof WorkerError ? asWarrenError(error) : error;
      }
    });
};
