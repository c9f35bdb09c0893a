/** `warren conformance`: proves that a live broker does what the topology says. */
import { Option } from "commander";
import { brokerAddress, readEndpoint } from "../../broker/address.js";
import { shownAddress } from "../../broker/faults.js";
import { choose } from "../../conformance/preconditions.js";
import { PROFILES, type Profile } from "../../conformance/probe.js";
import { probes } from "../../conformance/probes/index.js";
import { topologyDiagrams } from "../../conformance/report/diagrams.js";
import { htmlReport } from "../../conformance/report/html.js";
import { junitReport } from "../../conformance/report/junit.js";
import { progressPrinter } from "../../conformance/report/progress.js";
import { terminalReport } from "../../conformance/report/terminal.js";
import type { Report } from "../../conformance/report.js";
import { conform } from "../../conformance/run.js";
import type { Target } from "../../conformance/target.js";
import { WarrenError } from "../../topology/errors.js";
import { liveEnvironment, readInstallation } from "../input.js";
import { interruption } from "../interruption.js";
import { deliver, json, requireWritable, table, type Console } from "../output.js";
import { examples, options, TOPOLOGY, type ExitCode, type Verb } from "../verb.js";

interface Options {
  readonly broker?: string;
  readonly amqp?: string;
  readonly metrics?: string;
  readonly tls?: string;
  readonly plainClosed?: boolean;
  readonly nodes?: number;
  readonly environment?: string;
  readonly profile: Profile;
  readonly only?: readonly string[];
  readonly long?: boolean;
  readonly patience: number;
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly junit?: string;
  readonly html?: string;
  readonly list?: boolean;
}

function patience(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 100) return value;
  throw new WarrenError(`--patience is "${text}".`, { allowed: ["a number above 0, up to 100"], exitCode: 2 });
}

function nodes(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new WarrenError(`--nodes is "${text}".`, { allowed: ["1, 2, 3, ..."], exitCode: 2 });
}

/** Of the address and of what surrounds it; the address's vhost plays no part, for a topology names its own. */
function targetOf(installation: Target["installation"], given: Options, console: Console): Target {
  const address = brokerAddress({ url: given.broker, environment: console.environment, directory: console.cwd });
  return {
    installation,
    environment: liveEnvironment(installation, given.environment, address),
    management: address.management,
    amqpUrl: given.amqp ?? address.amqpUrl,
    metricsUrl: given.metrics ?? address.metricsUrl,
    tls: given.tls === undefined ? undefined : { amqpsUrl: given.tls, plainIsClosed: given.plainClosed ?? false },
    nodes: given.nodes,
  };
}

/** With `strict` a core promise outside the profile counts as not tried, too. */
function exitCode({ result, probes: all }: Report, strict: boolean): ExitCode {
  if (result !== "success" && result !== "partial") return 1;
  const outside = all.some(({ level, reason }) => level === "core" && (reason?.startsWith("not part of profile") ?? false));
  return strict && (result === "partial" || outside) ? 1 : 0;
}

const REMOVING = "removing what the run made on the broker";

/** The addresses that are given, as far as they can be judged without asking. */
function requireUrls({ amqp, tls, metrics }: Options): void {
  const given = [
    ["--amqp", amqp, ["amqp:", "amqps:"], "amqp://host:5672"],
    ["--tls", tls, ["amqps:"], "amqps://host:5671"],
    ["--metrics", metrics, ["http:", "https:"], "http://host:15692/metrics"],
  ] as const;
  for (const [option, url, schemes, example] of given) {
    if (url === undefined || (URL.canParse(url) && (schemes as readonly string[]).includes(new URL(url).protocol))) continue;
    throw new WarrenError(`${option} is "${shownAddress(url)}", which is no such address.`, { allowed: [example], exitCode: 2 });
  }
}

const list = (): string => table(probes.map(({ name, level, profile, promise }) => [name, level, profile, promise]));

export const conformanceVerb: Verb = (program, console, exit) => {
  const broker = options.broker();
  broker.description = "the broker to try (default: WARREN_BROKER_URL, then the dev stack)";
  program
    .command("conformance")
    .summary("prove that a live broker does what the topology says")
    .description(
      "Tries every promise of a topology on a live broker. Exit code 1 if one is broken, or if nothing could be tried; with --strict also if something was left out.",
    )
    .argument("[topology]", `${TOPOLOGY} (default: what the dev stack has)`)
    .addOption(broker)
    .addOption(new Option("--amqp <url>", "its AMQP address, where --broker names the management API: amqp://host:5672"))
    .addOption(new Option("--metrics <url>", "declares its metrics, which are then tried too: http://host:15692/metrics"))
    .addOption(new Option("--tls <url>", "declares its AMQP address with TLS: amqps://host:5671"))
    .addOption(new Option("--plain-closed", "with --tls: declares that AMQP without TLS is refused"))
    .addOption(new Option("--nodes <number>", "declares so many nodes").argParser(nodes))
    .addOption(
      new Option("--profile <profile>", "read-only publishes nothing; probe tries a copy in a vhost of its own; full uses the real queues")
        .choices(PROFILES)
        .default("probe"),
    )
    .addOption(new Option("--only <names...>", "only these probes"))
    .addOption(new Option("--list", "print the probes with their promises, and try nothing"))
    .addOption(new Option("--long", "wait out what is otherwise cut short, such as the whole retry ladder"))
    .addOption(new Option("--patience <factor>", "multiplies every time-out, for a slow broker").default(1).argParser(patience))
    .addOption(new Option("--strict", "exit code 1 too if a promise was not tried"))
    .addOption(options.environment())
    .addOption(options.json())
    .addOption(new Option("--junit <file>", "write JUnit XML"))
    .addOption(new Option("--html <file>", "write one HTML page"))
    .addHelpText(
      "after",
      examples(
        "warren conformance",
        "warren conformance contextiq --profile full --html report.html",
        "warren conformance ./orders.ts -e prod --broker amqps://admin:secret@broker:5671 --profile read-only --json",
      ),
    )
    .action(async (topology: string | undefined, given: Options) => {
      if (given.list) {
        console.out(given.json ? json({ version: 1, probes: probes.map(({ cases: _, ...probe }) => probe) }) : list());
        return;
      }
      requireUrls(given);
      // Before the topology: behind --only it would be taken for a probe, and missed.
      choose(probes, given.only);
      for (const file of [given.junit, given.html]) if (file !== undefined) requireWritable(file);
      const named = topology ?? (given.broker === undefined ? readEndpoint(console.cwd)?.system : undefined);
      const installation = await readInstallation(named, { environment: given.environment }, console);
      const target = targetOf(installation, given, console);
      const progress = progressPrinter(console.progress ?? { write: console.error }, console.style);
      const interrupted = interruption((why) => new WarrenError(`Interrupted (${why}): nothing is reported.`));
      interrupted.signal.addEventListener("abort", () => console.error(`\n${REMOVING}: some seconds`));
      const report = await conform(target, {
        profile: given.profile,
        only: given.only,
        long: given.long ?? false,
        patience: given.patience,
        onProgress: progress.update,
        signal: interrupted.signal,
        onLeft: (names) => console.error(`could not be removed, and has to be by hand: ${names.join(", ")}`),
      }).finally(() => {
        interrupted.end();
        progress.end();
      });
      console.out(given.json ? json(report) : terminalReport(report, console.style));
      if (given.junit !== undefined) deliver(console, junitReport(report), given.junit);
      if (given.html !== undefined)
        deliver(console, htmlReport(report, await topologyDiagrams(installation, target.environment)), given.html);
      exit(exitCode(report, given.strict ?? false));
    });
};
