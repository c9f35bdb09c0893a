/** `warren crds`: a topology as custom resources of RabbitMQ's messaging topology operator. */
import { stringify } from "yaml";
import { findingsText } from "../../topology/check/findings-text.js";
import { compileInstallation } from "../../topology/compile/compile.js";
import { customResources, type CustomResourceOptions } from "../../topology/compile/custom-resources.js";
import { WarrenError } from "../../topology/errors.js";
import { readInstallation } from "../input.js";
import { deliver, json, visible } from "../output.js";
import { examples, options, TOPOLOGY, type ExitCode, type Verb } from "../verb.js";

interface Options {
  readonly cluster?: string;
  readonly clusterNamespace?: string;
  readonly connectionSecret?: string;
  readonly namespace?: string;
  readonly json?: boolean;
  readonly output?: string;
  readonly broker?: string;
  readonly environment?: string;
}

/** What the API server takes as the name of an object (RFC 1123 subdomain). */
const NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

function requireName(option: string, name: string | undefined): void {
  if (name === undefined || NAME.test(name)) return;
  throw new WarrenError(`${option} is "${visible(name)}", which is no name in Kubernetes.`, {
    allowed: ["small letters, digits, - and ., a letter or digit at both ends"],
    exitCode: 2,
  });
}

function given({ cluster, clusterNamespace, connectionSecret, namespace }: Options): CustomResourceOptions {
  for (const [option, name] of Object.entries({
    "--cluster": cluster,
    "--cluster-namespace": clusterNamespace,
    "--connection-secret": connectionSecret,
    "--namespace": namespace,
  }))
    requireName(option, name);
  if (connectionSecret !== undefined && (cluster !== undefined || clusterNamespace !== undefined))
    throw new WarrenError("--connection-secret and --cluster name two brokers.", { remedy: "leave one of them out", exitCode: 2 });
  return {
    ...(namespace === undefined ? {} : { namespace }),
    cluster:
      connectionSecret === undefined
        ? { name: cluster ?? "rabbitmq", ...(clusterNamespace === undefined ? {} : { namespace: clusterNamespace }) }
        : { connectionSecret },
  };
}

export const crdsVerb: Verb = (program, console, exit) => {
  program
    .command("crds")
    .summary("print custom resources of the messaging topology operator")
    .description(
      "Prints what the topology needs on a broker as custom resources (rabbitmq.com/v1beta1) of RabbitMQ's messaging topology operator, as YAML for kubectl apply. " +
        "Which Secrets have to be there, and what the operator's resources cannot say, is listed on the error output; exit code 1 if the broker will lack something.",
    )
    .argument("[topology]", TOPOLOGY)
    .option("--cluster <name>", "the RabbitmqCluster (default: rabbitmq)")
    .option("--cluster-namespace <name>", "its namespace, if it is another one")
    .option("--connection-secret <name>", "instead of a RabbitmqCluster: a Secret with uri, username and password of a broker's management")
    .option("--namespace <name>", "of the objects (default: that of whoever applies them)")
    .addOption(options.output())
    .addOption(options.json())
    .addOption(options.environment())
    .addOption(options.broker())
    .addHelpText(
      "after",
      examples(
        "warren crds contextiq --namespace messaging | kubectl apply -f -",
        "warren crds ./orders.ts --cluster broker -o orders.yaml",
      ),
    )
    .action(async (topology: string | undefined, chosen: Options) => {
      const settings = given(chosen);
      const plan = compileInstallation(await readInstallation(topology, chosen, console), chosen.environment);
      const { objects, secrets, findings } = customResources(plan, settings);
      if (chosen.json) deliver(console, json({ version: 1, objects, secrets, findings }), chosen.output);
      else {
        deliver(console, objects.map((object) => `---\n${stringify(object, { lineWidth: 0 })}`).join(""), chosen.output);
        if (findings.length > 0) console.error(findingsText(findings, { visible }));
        secrets.forEach(({ name, keys, of }) => console.error(visible(`needs Secret ${name} with ${keys.join(", ")}, for ${of}`)));
      }
      const code: ExitCode = findings.some(({ severity }) => severity === "error") ? 1 : 0;
      exit(code);
    });
};
