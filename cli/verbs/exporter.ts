/** `warren exporter`: what the broker does not export, for Prometheus. */
import { Option } from "commander";
import { brokerAddress } from "../../broker/address.js";
import {
  certificateEndpoint,
  startExporter,
  type CertificateEndpoint,
  type ExporterBroker,
  type ExporterOptions,
} from "../../exporter/index.js";
import { nameOf, RUNBOOKS } from "../../monitoring/index.js";
import { WarrenError } from "../../topology/errors.js";
import type { Installation } from "../../topology/model.js";
import { parseAddress } from "../../workers/connection/address.js";
import { WorkerError } from "../../workers/errors.js";
import { amqpUrlOf, asWarrenError } from "../amqp-target.js";
import { durationOption } from "../duration-option.js";
import { readInstallation } from "../input.js";
import { visible, type Console } from "../output.js";
import { signalled } from "../signalled.js";
import { examples, options, TOPOLOGY, type ExitCode, type Verb } from "../verb.js";

interface Options {
  readonly broker?: string;
  readonly amqp?: string;
  readonly node: readonly string[];
  readonly certificate: readonly string[];
  readonly listen: string;
  readonly interval: string;
  readonly slowInterval: string;
  readonly environment?: string;
  readonly prometheus?: string;
  readonly alertmanager: readonly string[];
  readonly name?: string;
  readonly runbooks: string;
}

/** `127.0.0.1:9419`, `[::1]:9419`, `:9419` for every address. */
export function listenAddress(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port = ""] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]*)):(\d{1,5})$/i.exec(text) ?? [];
  if (port !== "" && Number(port) <= 65_535) return { host: bracketed ?? (plain || "0.0.0.0"), port: Number(port) };
  throw new WarrenError(`--listen is "${visible(text)}".`, { allowed: ["127.0.0.1:9419", "[::1]:9419", "0.0.0.0:9419"], exitCode: 2 });
}

const more = (value: string, before: readonly string[]): readonly string[] => [...before, value];

const MINUTE = 60_000;

/** Alerts take what is older than some minutes for unseen. */
function interval(option: string, text: string, most: number, longest: string): number {
  const ms = durationOption(option, text);
  if (ms >= 1000 && ms <= most) return ms;
  throw new WarrenError(`${option} is "${visible(text)}".`, { allowed: [`from 1s to ${longest}`], exitCode: 2 });
}

/** That of the address, then the other nodes with its credentials. */
function brokersOf(given: Options, console: Console): [ExporterBroker, ...ExporterBroker[]] {
  const address = brokerAddress({ url: given.broker, environment: console.environment, directory: console.cwd });
  const others = given.node.map((node): ExporterBroker => {
    if (!URL.canParse(node) || !/^https?:$/.test(new URL(node).protocol) || new URL(node).username !== "") {
      throw new WarrenError("--node is no address of a management API without credentials.", {
        allowed: ["http://host:15672", "https://host:15671"],
        exitCode: 2,
      });
    }
    const { amqpUrl: _, ...rest } = address;
    const management = { ...address.management, endpoint: node };
    return { management, amqp: parseAddress(amqpUrlOf({ ...rest, management }, undefined)) };
  });
  return [{ management: address.management, amqp: parseAddress(amqpUrlOf(address, given.amqp)) }, ...others];
}

/** Those that are named, and those of the brokers' own addresses that speak TLS. */
function certificatesOf(given: Options, brokers: readonly ExporterBroker[]): CertificateEndpoint[] {
  const own = brokers.flatMap(({ management: { endpoint }, amqp: { protocol, hostname, port } }) => [
    ...(endpoint.startsWith("https:") ? [endpoint] : []),
    ...(protocol === "amqps" ? [`amqps://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`] : []),
  ]);
  const all = [...given.certificate, ...own].map(certificateEndpoint);
  return [...new Map(all.map((endpoint) => [endpoint.label, endpoint])).values()];
}

/** `http://host:9090`, without credentials. */
function address(option: string, text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).username === "") return text;
  throw new WarrenError(`${option} is no address of its API without credentials.`, { allowed: ["http://host:port"], exitCode: 2 });
}

/** The Prometheus that is watched, and who is told. */
function watchedOf({ prometheus, alertmanager, name, runbooks }: Options, { topologies }: Installation): ExporterOptions["watched"] {
  if (prometheus === undefined && alertmanager.length === 0) return undefined;
  if (prometheus === undefined || alertmanager.length === 0)
    throw new WarrenError("--prometheus and --alertmanager go together: the one is watched, the other is told.", { exitCode: 2 });
  return {
    prometheus: address("--prometheus", prometheus),
    alertmanagers: alertmanager.map((each) => address("--alertmanager", each)),
    installation: name ?? nameOf(topologies),
    runbooks,
  };
}

async function run(argument: string, given: Options, console: Console): Promise<ExitCode> {
  const installation = await readInstallation(argument, { environment: given.environment }, console);
  const brokers = brokersOf(given, console);
  const watched = watchedOf(given, installation);
  const exporter = await startExporter({
    ...{ installation, environment: given.environment, brokers, ...listenAddress(given.listen) },
    certificates: certificatesOf(given, brokers),
    ...(watched ? { watched } : {}),
    interval: interval("--interval", given.interval, MINUTE, "60s"),
    slowInterval: interval("--slow-interval", given.slowInterval, 1440 * MINUTE, "1d"),
    log: (line) => console.error(visible(line)),
  });
  console.error(`Metrics: ${exporter.url}/metrics`);
  const { signal, forget } = signalled();
  try {
    await signal;
    await exporter.stop();
    return 0;
  } finally {
    forget();
  }
}

export const exporterVerb: Verb = (program, console, exit) => {
  const broker = options.broker();
  broker.description = "the broker (default: WARREN_BROKER_URL, then the dev stack); its user needs the tag administrator";
  program
    .command("exporter")
    .summary("metrics that the broker does not export, for Prometheus")
    .description(
      "Serves what the broker does not export, until SIGTERM or Ctrl-C (exit code 0): dead letters by source and reason, consumers of each service, " +
        "drift, quorum, certificates. Reads only: dead letters are counted by a copy of its own, which ends with it. " +
        "While the broker is away it serves what it knew last, and warren_exporter_look_up says what it does not see.",
    )
    .argument("<topology>", TOPOLOGY)
    .addOption(broker)
    .addOption(new Option("--amqp <url>", "AMQP address without credentials (default: the management API's port - 10000)"))
    .addOption(
      new Option("--node <url>", "the management API of another node, http(s)://host:port; repeatable").argParser(more).default([], "none"),
    )
    .addOption(
      new Option("--certificate <url>", "an endpoint whose certificate is watched, amqps:// or https://; repeatable")
        .argParser(more)
        .default([], "those of the broker's addresses"),
    )
    .addOption(new Option("--listen <address>", "host and port; port 0 takes a free one").default("127.0.0.1:9419"))
    .addOption(new Option("--interval <time>", "between two looks at the broker, at most 60s").default("15s"))
    .addOption(
      new Option("--slow-interval <time>", "between two looks at drift, certificates and the first of the dead letters").default("5m"),
    )
    .option("--prometheus <url>", "a Prometheus that is watched: its end is the one alert that it cannot raise")
    .addOption(new Option("--alertmanager <url>", "who is told that Prometheus is gone; repeatable").argParser(more).default([], "none"))
    .option("--name <name>", "of that alert: the label `installation` (default: the topologies' names)")
    .option("--runbooks <url>", "of that alert: where the pages are that say what to do", RUNBOOKS)
    .addOption(options.environment())
    .addHelpText(
      "after",
      examples(
        "warren exporter contextiq",
        "warren exporter contextiq --prometheus http://localhost:9090 --alertmanager http://localhost:9093",
        "warren exporter ./orders.ts --broker https://broker-0:15671 --node https://broker-1:15671 --listen 0.0.0.0:9419",
      ),
    )
    .action(async (argument: string, given: Options) => {
      try {
        exit(await run(argument, given, console));
      } catch (error) {
        throw error instanceof WorkerError ? asWarrenError(error) : error;
      }
    });
};
