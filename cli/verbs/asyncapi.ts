/** `warren asyncapi`: a topology as an AsyncAPI 3.0 document. */
import { stringify } from "yaml";
import { asyncapi, type AsyncApiServer } from "../../topology/asyncapi/index.js";
import { WarrenError } from "../../topology/errors.js";
import type { Installation } from "../../topology/model.js";
import { nearest } from "../../topology/nearest.js";
import { readInstallation } from "../input.js";
import { deliver, json, visible } from "../output.js";
import { examples, oneOf, options, TOPOLOGY, type Verb } from "../verb.js";

interface Options {
  readonly service?: string;
  readonly server?: string;
  readonly infoVersion?: string;
  readonly topology?: string;
  readonly json?: boolean;
  readonly output?: string;
  readonly broker?: string;
  readonly environment?: string;
}

/** What a document says of a server; of credentials and paths in the URL, nothing. */
function serverOf(url: string | undefined): AsyncApiServer | undefined {
  if (url === undefined) return undefined;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const protocol = parsed?.protocol.slice(0, -1);
  if (parsed && parsed.host !== "" && (protocol === "amqp" || protocol === "amqps")) return { protocol, host: parsed.host };
  throw new WarrenError("--server is no URL of a broker.", { allowed: ["amqp://host:5672", "amqps://host:5671"], exitCode: 2 });
}

function chosen(installation: Installation, { topology, service }: Options): Installation {
  const byName = new Map(installation.topologies.map((each) => [each.name, each]));
  const wanted = topology === undefined ? undefined : oneOf("topology", topology, byName, nearest(topology, [...byName.keys()]));
  const topologies = wanted ? [wanted] : installation.topologies;
  if (service !== undefined) {
    const services = new Map(topologies.flatMap(({ services = {} }) => Object.keys(services).map((name) => [name, name] as const)));
    oneOf("service", service, services, nearest(service, [...services.keys()]));
  }
  return { ...installation, topologies };
}

export const asyncapiVerb: Verb = (program, console, exit) => {
  program
    .command("asyncapi")
    .summary("print an AsyncAPI document")
    .description(
      "Prints an AsyncAPI 3.0 document: exchanges with their keys and queues as channels (with AMQP bindings), what services send and receive " +
        "as operations, messages with their JSON Schemas. YAML, or with --json the same as JSON.",
    )
    .argument("[topology]", TOPOLOGY)
    .option("--service <name>", "only what concerns this service")
    .option("--server <url>", "where clients reach the broker: amqps://rabbit.example:5671 (default: no server is named)")
    .option("--info-version <version>", "of the application, which the document has to name (default: 1.0.0)")
    .addOption(options.vhost())
    .addOption(options.output())
    .addOption(options.json())
    .addOption(options.environment())
    .addOption(options.broker())
    .addHelpText(
      "after",
      examples(
        "warren asyncapi contextiq -o asyncapi.yaml",
        "warren asyncapi ./orders.ts --service billing --server amqps://rabbit.example:5671 --json",
      ),
    )
    .action(async (topology: string | undefined, given: Options) => {
      const server = serverOf(given.server);
      const installation = chosen(await readInstallation(topology, given, console), given);
      const { service, environment, infoVersion: version } = given;
      const document = asyncapi(installation, { service, environment, server, version });
      const text = given.json ? json(document) : stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
      deliver(console, given.output === undefined && !given.json ? text.split("\n").map(visible).join("\n") : text, given.output);
      exit(0);
    });
};
