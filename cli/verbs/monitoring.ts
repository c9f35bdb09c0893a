/** `warren monitoring`: what Prometheus scrapes, records and alerts on, and what Grafana shows. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import {
  monitoring,
  queriesOf,
  SERIES,
  seriesOf,
  type Monitoring,
  type MonitoringOptions,
  type ScrapeTls,
} from "../../monitoring/index.js";
import { WarrenError } from "../../topology/errors.js";
import { plural } from "../../topology/plural.js";
import { readInstallation } from "../input.js";
import { deliver, json, table, visible } from "../output.js";
import { examples, options, TOPOLOGY, type Verb } from "../verb.js";

interface Options {
  readonly json?: boolean;
  readonly output?: string;
  readonly name?: string;
  readonly node?: readonly string[];
  readonly worker?: readonly string[];
  readonly exporter?: readonly string[];
  readonly alertmanager?: readonly string[];
  readonly webhook?: string;
  readonly runbooks?: string;
  readonly interval?: number;
  readonly hold?: number;
  readonly tls?: boolean;
  readonly ca?: string;
  readonly broker?: string;
  readonly environment?: string;
}

/** As Prometheus takes a target: an address without scheme and path. */
function target(text: string, before: readonly string[] = []): string[] {
  if (!/^(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}$/.test(text)) throw new InvalidArgumentError("It has to be host:port.");
  return [...before, text];
}

function url(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) throw new InvalidArgumentError("It has to be a URL, http(s)://.");
  return text;
}

function positive(text: string): number {
  const value = Number(text.replace(/(?<=\d)s$/, ""));
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("It has to be a whole number of seconds, 1 or more.");
  return value;
}

function factor(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) throw new InvalidArgumentError("It has to be a number, 0 or more.");
  return value;
}

const targets = (flag: string, what: string): Option =>
  new Option(`${flag} <host:port>`, `${what}; may be given several times`).argParser(target);

/** What is left out keeps its default. */
function given({
  node,
  worker,
  exporter,
  alertmanager,
  webhook,
  name,
  environment,
  runbooks,
  interval,
  hold,
  tls,
  ca,
}: Options): MonitoringOptions {
  const secure: ScrapeTls | undefined = tls || ca !== undefined ? { ...(ca === undefined ? {} : { caFile: ca }) } : undefined;
  return {
    ...(node ? { nodes: node } : {}),
    ...(worker ? { workers: worker } : {}),
    ...(exporter ? { exporters: exporter } : {}),
    ...(alertmanager ? { alertmanagers: alertmanager } : {}),
    ...(webhook === undefined ? {} : { webhooks: { page: webhook, ticket: webhook } }),
    ...(name === undefined ? {} : { name }),
    ...(environment === undefined ? {} : { environment }),
    ...(runbooks === undefined ? {} : { runbooks }),
    ...(interval === undefined ? {} : { interval }),
    ...(hold === undefined ? {} : { holdScale: hold }),
    ...(secure ? { tls: secure } : {}),
  };
}

function folder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new WarrenError(`"${visible(path)}" cannot be made (${(error as NodeJS.ErrnoException).code ?? "unknown fault"}).`, {
      remedy: "name a folder that is there, or one that may be made",
      exitCode: 2,
      cause: error,
    });
  }
}

/** What cannot fire, for nobody exports what it asks for. */
function blind(made: Monitoring, { exporter, worker }: Options): string[] {
  const lines = [
    { given: exporter, source: "warren-exporter", option: "--exporter", who: "the exporter" },
    { given: worker, source: "warren-workers", option: "--worker", who: "workers" },
  ] as const;
  return lines.flatMap(({ given: named, source, option, who }) => {
    if (named) return [];
    const names = made.rules.groups
      .flatMap(({ rules }) => rules)
      .flatMap((rule) => ("alert" in rule && seriesOf(rule.expr).some((name) => SERIES[name].source === source) ? [rule.alert] : []));
    return [`without ${option}, what only ${who} can tell is not seen by ${names.join(", ")}`];
  });
}

export const monitoringVerb: Verb = (program, console, exit) => {
  program
    .command("monitoring")
    .summary("write what Prometheus scrapes, records and alerts on, and dashboards")
    .description(
      "Derives scrape settings, recording rules and alert rules for Prometheus: with each queue's own limits, and only those metrics that something asks for; and dashboards for Grafana. Without -o it prints the alerts.",
    )
    .argument("[topology]", TOPOLOGY)
    .option(
      "-o, --output <folder>",
      "write prometheus.yml, warren.rules.yml, alertmanager.yml and dashboards/ there; with --json, the file to write to",
    )
    .addOption(targets("--node", "a node's metrics (default: localhost:15692)"))
    .addOption(targets("--worker", "metrics of a worker"))
    .addOption(targets("--exporter", "warren exporter"))
    .addOption(targets("--alertmanager", "where alerts go"))
    .addOption(new Option("--webhook <url>", "where Alertmanager sends pages and tickets (default: nowhere)").argParser(url))
    .option("--tls", "the nodes' metrics have TLS")
    .option("--ca <file>", "of this CA, a path as Prometheus sees it (with --tls implied)")
    .option("--name <name>", "the label `installation` (default: the topologies' names)")
    .option("--runbooks <url>", "where the runbooks can be read (default: docs/runbooks)")
    .addOption(new Option("--interval <seconds>", "between two scrapes (default: 15)").argParser(positive))
    .addOption(new Option("--hold <factor>", "multiplies the times that alerts wait before they fire (default: 1)").argParser(factor))
    .addOption(options.json())
    .addOption(options.environment())
    .addOption(options.broker())
    .addHelpText(
      "after",
      examples(
        "warren monitoring contextiq",
        "warren monitoring ./orders.ts -o monitoring --node rabbit-1:15692 --node rabbit-2:15692 --exporter exporter:9419",
        "warren monitoring all --json",
      ),
    )
    .action(async (topology: string | undefined, chosen: Options) => {
      const made = monitoring(await readInstallation(topology, chosen, console), given(chosen));
      const { installation, families, prometheus, rules, alertmanager, dashboards, files } = made;
      for (const line of blind(made, chosen)) console.error(line);
      if (chosen.json) {
        deliver(
          console,
          json({ version: 1, installation, families, prometheus, rules, alertmanager, dashboards, queries: queriesOf(made) }),
          chosen.output,
        );
      } else if (chosen.output !== undefined) {
        for (const [name, text] of Object.entries(files)) {
          const path = join(chosen.output, name);
          folder(dirname(path));
          deliver(console, text, path);
        }
      } else {
        const all = rules.groups.flatMap((group) => group.rules);
        const alerts = all.flatMap((rule) => ("alert" in rule ? [[rule.alert, rule.labels.severity, rule.annotations.runbook_url]] : []));
        console.out(`${table(alerts)}\n`);
        console.out(
          `${plural(alerts.length, "alert")}, ${all.length - alerts.length} recording rules and ${plural(Object.keys(dashboards).length, "dashboard")}; -o FOLDER writes them`,
        );
      }
      exit(0);
    });
};
