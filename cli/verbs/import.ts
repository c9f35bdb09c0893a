/** `warren import`: an existing installation as a typed topology. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { brokerAddress } from "../../broker/address.js";
import { shownAddress } from "../../broker/faults.js";
import { Management } from "../../broker/index.js";
import { loadTopology } from "../../sources/load.js";
import { findingsText } from "../../topology/check/findings-text.js";
import { looksLikeDefinitions } from "../../topology/definitions-format.js";
import { WarrenError } from "../../topology/errors.js";
import { importDefinitions, type Consumer, type Imported } from "../../topology/import/index.js";
import { plural } from "../../topology/plural.js";
import { exportOf } from "../input.js";
import { deliver, json, requireWritable, visible, type Console } from "../output.js";
import { examples, options, type ExitCode, type Verb } from "../verb.js";

interface Options {
  readonly broker?: string;
  readonly vhost?: readonly string[];
  readonly withoutUser?: readonly string[];
  readonly secrets?: string;
  readonly output?: string;
  readonly json?: boolean;
}

interface Source {
  readonly label: string;
  readonly definitions: unknown;
  readonly consumers?: readonly Consumer[];
  /** That the address names. */
  readonly vhost?: string | undefined;
  /** Who read it, and will provision. */
  readonly reader?: string;
}

const isAddress = (text: string): boolean => /^(https?|amqps?):\/\//i.test(text);

/** With who consumes what: only users of the moment are seen. */
async function fromBroker(url: string | undefined, console: Console): Promise<Source> {
  const address = brokerAddress({ url, environment: console.environment, directory: console.cwd });
  const management = new Management(address.management);
  try {
    const [definitions, vhosts] = [await exportOf(management), await management.vhosts()];
    const consumers: Consumer[] = [];
    for (const { name } of vhosts) {
      if (address.vhost !== undefined && name !== address.vhost) continue;
      for (const { queue, channel_details: channel } of await management.consumers(name)) {
        if (channel?.user !== undefined) consumers.push({ vhost: queue.vhost, queue: queue.name, user: channel.user });
      }
    }
    return { label: management.endpoint, definitions, consumers, vhost: address.vhost, reader: management.username };
  } finally {
    await management.close();
  }
}

async function fromFile(file: string, console: Console): Promise<Source> {
  if (file.endsWith(".json") && !existsSync(resolve(console.cwd, file)))
    throw new WarrenError(`There is no file "${visible(file)}".`, {
      remedy: "name definitions that RabbitMQ exported (rabbitmqctl export_definitions definitions.json), or a broker's address",
      exitCode: 2,
    });
  const read = file === "-" ? { label: "the input", value: fromInput() } : await loadTopology(file, console.cwd);
  if (typeof read.value === "object" && read.value !== null && looksLikeDefinitions(read.value)) {
    return { label: read.label, definitions: read.value };
  }
  throw new WarrenError(`"${visible(file)}" holds no definitions.`, {
    allowed: ["a broker's address", "definitions that RabbitMQ exported, as JSON"],
    remedy: "export them: rabbitmqctl export_definitions definitions.json; or name the broker: http://user:password@host:15672",
    exitCode: 2,
  });
}

function fromInput(): unknown {
  try {
    return JSON.parse(readFileSync(0, "utf8")) as unknown;
  } catch {
    throw new WarrenError("The input is no JSON.", { remedy: "pipe definitions that RabbitMQ exported", exitCode: 2 });
  }
}

/** An option of several words takes a source behind it for one more of them. Throws a WarrenError (exit code 2). */
function requireBefore({ vhost = [], withoutUser = [] }: Options): void {
  const taken = [...vhost, ...withoutUser].find((word) => isAddress(word) || /\.json$/i.test(word));
  if (taken === undefined) return;
  throw new WarrenError(`No source is given: "${visible(shownAddress(taken))}" was taken for a vhost or a user.`, {
    remedy: "name the source before --vhost and --without-user, which take every word behind them",
    exitCode: 2,
  });
}

async function sourceOf(argument: string | undefined, given: Options, console: Console): Promise<Source> {
  const { broker } = given;
  if (argument === undefined && broker === undefined) requireBefore(given);
  if (argument !== undefined && broker !== undefined) {
    throw new WarrenError(`Both "${visible(argument)}" and --broker are given; there can be one.`, {
      remedy: "leave one of them out",
      exitCode: 2,
    });
  }
  if (argument !== undefined && !isAddress(argument)) return fromFile(argument, console);
  return fromBroker(argument ?? broker, console);
}

/** Throws a WarrenError (exit code 2) for a vhost that is not there: a file with nothing in it would be no answer. */
function needVhosts(imported: Imported, wanted: readonly string[] | undefined): void {
  const known = new Set(imported.topologies.map(({ vhost }) => vhost));
  const missing = wanted?.filter((vhost) => !known.has(vhost)) ?? [];
  if (!imported.installation || missing.length === 0) return;
  throw new WarrenError(`There is no vhost ${missing.map((name) => JSON.stringify(name)).join(", ")}.`, {
    remedy: "leave --vhost out to import all of them",
    exitCode: 2,
  });
}

/** For the owner's eyes alone. */
function keepSecrets(console: Console, values: Imported["secretValues"], file: string): void {
  requireWritable(file);
  chmodSync(file, 0o600);
  writeFileSync(file, json(values), { mode: 0o600 });
  console.error(
    `written: ${visible(file)} (${plural(Object.keys(values).length, "secret")}, readable by you alone: warren secrets sets them in a stack; then delete it)`,
  );
}

function tell(console: Console, { leftOut, notes, secrets, findings, topologies }: Imported): void {
  if (findings.length > 0) console.error(findingsText(findings, { visible }));
  for (const { what, vhost, path, reason, kind } of leftOut) {
    const where = vhost === undefined ? path : `vhost ${vhost}, ${path}`;
    console.error(visible(`${kind === "missing" ? "not in the file" : "left to others"}: ${what} (${where}): ${reason}`));
  }
  for (const { topology, path, text } of notes) {
    const where = [topology, path].filter((part) => part !== undefined).join(", ");
    console.error(visible(`note: ${where === "" ? "" : `${where}: `}${text}`));
  }
  for (const name of new Set(secrets.map((secret) => secret.name))) {
    console.error(visible(`secret: pulumi config set --secret --path 'warren:secrets["${name}"]'`));
  }
  for (const { name, services } of topologies) {
    for (const { service, user, overridden } of services) {
      const rights = overridden.length === 0 ? "exactly the rights that follow" : `its own ${overridden.join(", ")}`;
      console.error(visible(`proposed: ${name}, service ${service} for user ${user}, with ${rights}`));
    }
  }
}

export const importVerb: Verb = (program, console, exit) => {
  const broker = options.broker();
  broker.description = "the broker (default: WARREN_BROKER_URL, then the dev stack)";
  program
    .command("import")
    .summary("make a typed topology of an existing broker")
    .description(
      "Writes what a broker holds as TypeScript: one topology for each vhost, ladders, dead letters and policies in words, services proposed from rights " +
        "and live consumers. No password and no hash is in it: users keep theirs. What cannot be said is listed, in the file and on the error output; " +
        "exit code 1 if the file lacks something or an update would refuse it. docs/adopt.md tells how the first update then changes nothing.",
    )
    .argument("[source]", "a broker's address (http://user:password@host:15672), definitions that it exported (.json), - for the input")
    .addOption(broker)
    .option("--vhost <name...>", "only these vhosts (default: the one in the address, else all)")
    .option("--without-user <name...>", "not these users (of a broker, never the one that reads it)")
    .option("--secrets <file>", "write the credentials that URIs held to this file, as JSON by the names that the topology gives them")
    .addOption(options.output())
    .addOption(options.json())
    .addHelpText(
      "after",
      examples(
        "warren import http://admin:secret@broker:15672 -o messaging.ts",
        "warren import definitions.json --vhost orders --without-user admin -o orders.ts",
      ),
    )
    .action(async (argument: string | undefined, given: Options) => {
      const source = await sourceOf(argument, given, console);
      const vhosts = given.vhost ?? (source.vhost === undefined ? undefined : [source.vhost]);
      const imported = importDefinitions(source.definitions, {
        label: source.label,
        withoutUsers: [...(given.withoutUser ?? []), ...(source.reader === undefined ? [] : [source.reader])],
        ...(vhosts === undefined ? {} : { vhosts }),
        ...(source.consumers === undefined ? {} : { consumers: source.consumers }),
      });
      needVhosts(imported, vhosts);
      const { text, topologies, secrets, leftOut, notes, findings } = imported;
      if (given.json) {
        deliver(console, json({ version: 1, text, topologies, secrets, leftOut, notes, findings }), given.output);
      } else {
        if (imported.installation) deliver(console, text, given.output);
        tell(console, imported);
      }
      if (given.secrets !== undefined) keepSecrets(console, imported.secretValues, given.secrets);
      const code: ExitCode = findings.length > 0 || leftOut.some(({ kind }) => kind === "missing") ? 1 : 0;
      exit(code);
    });
};
