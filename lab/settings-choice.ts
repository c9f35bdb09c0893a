/** Options of `up` and `preview` that stand for settings of the stack: what is switched on, and any other setting by its key. */
import { type Command, Option } from "commander";
import { WarrenError } from "../topology/errors.js";

/** Option, setting, and what it switches. */
const SWITCHES = [
  ["tls", "AMQPS and HTTPS too, with certificates by a local authority"],
  ["plain", "AMQP and HTTP without TLS"],
  ["workers", "the services that consume, as containers (of the five systems)"],
  ["monitoring", "Prometheus, Alertmanager and the exporter as containers"],
  ["ui", "the live page of the topology, as a container"],
  ["load", "a container that publishes at a steady rate"],
] as const;

/** Settings that have an option of their own, for they are not remembered, or not as a setting; each with what to do instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  allowDataLoss: "give --discard to the one run that may lose messages",
  system: "give --system NAME, or --all",
  workerImage: "give --workers: it builds the image of what is in the checkout",
};

type Switch = (typeof SWITCHES)[number][0];

export type SettingOptions = { readonly [Name in Switch]?: boolean } & {
  readonly nodes?: string;
  readonly config?: readonly string[];
};

export function withSettings(command: Command): Command {
  command.addOption(new Option("--nodes <count>", "nodes of the broker's cluster").choices(["1", "3", "5"]));
  for (const [name, what] of SWITCHES) {
    command.option(`--${name}`, what);
    command.option(`--no-${name}`, `without --${name}`);
  }
  return command.option(
    "--config <key=value>",
    "any setting of Pulumi.yaml below warren: (may be repeated)",
    (text, before: string[] = []) => [...before, text],
  );
}

/** Without what is not remembered as a setting. */
export const rememberable = (settings: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(settings).filter(([key]) => !Object.hasOwn(ELSEWHERE, key)));

/** The settings that the options name, by their keys. Throws a WarrenError (exit code 2). */
export function settingsChoice(options: SettingOptions): Record<string, string> {
  const values: Record<string, string> = {};
  for (const text of options.config ?? []) {
    const [, key, value] = /^(?:warren:)?([A-Za-z]+)=(.*)$/.exec(text) ?? [];
    if (key === undefined || value === undefined)
      throw new WarrenError(`--config ${JSON.stringify(text)} is not KEY=VALUE.`, {
        remedy: "for example --config amqpPort=5680",
        exitCode: 2,
      });
    if (/password|secret|salt/i.test(key))
      throw new WarrenError(`--config ${key}: a secret is not given by an option, which every process list shows.`, {
        remedy: `npm run pulumi -- config set --secret warren:${key} (it asks for the value)`,
        exitCode: 2,
      });
    const remedy = Object.hasOwn(ELSEWHERE, key) ? ELSEWHERE[key] : undefined;
    if (remedy !== undefined) throw new WarrenError(`--config ${key}: what is set so would be remembered.`, { remedy, exitCode: 2 });
    values[key] = value;
  }
  if (options.nodes !== undefined) values["nodes"] = options.nodes;
  for (const [name] of SWITCHES) if (options[name] !== undefined) values[name] = String(options[name]);
  return values;
}
