/** `warren check`: the findings of a topology. */
import { Option } from "commander";
import { check, sameShape, type Finding } from "../../topology/check/index.js";
import { counts, findingsText } from "../../topology/check/findings-text.js";
import { compileInstallation } from "../../topology/compile/compile.js";
import { WarrenError } from "../../topology/errors.js";
import type { Installation } from "../../topology/model.js";
import { VERSIONS, type Version } from "../../topology/settings.js";
import { checkEnvironment, readInput, readInstallation } from "../input.js";
import { json, visible } from "../output.js";
import { examples, options, TOPOLOGY, type Verb } from "../verb.js";

interface Options {
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly broker?: string;
  readonly environment?: string;
  readonly brokerVersion?: Version;
  readonly sameShapeAs?: string;
}

export const checkVerb: Verb = (program, console, exit) => {
  program
    .command("check")
    .summary("find what is wrong with a topology")
    .description("Checks a topology and prints every finding. Exit code 1 if there is an error; with --strict, if there is a warning.")
    .argument("[topology]", TOPOLOGY)
    .option("--strict", "warnings count as errors")
    .addOption(options.environment())
    .addOption(new Option("--broker-version <version>", "for this broker version (default: the topology's)").choices(VERSIONS))
    .option("--same-shape-as <topology>", "and find where its shape differs from this one's")
    .addOption(options.broker())
    .addOption(options.json())
    .addHelpText(
      "after",
      examples(
        "warren check contextiq",
        "warren check definitions.json --strict --json",
        "warren check ./prod.ts --same-shape-as ./dev.ts",
      ),
    )
    .action(async (topology: string | undefined, given: Options) => {
      const input = await readInput(topology, given.broker, console);
      const other = given.sameShapeAs === undefined ? undefined : await readInstallation(given.sameShapeAs, {}, console);
      const { installation } = input;
      // Where two are compared, either may have the environment.
      if (installation) checkEnvironment({ topologies: [...installation.topologies, ...(other?.topologies ?? [])] }, given.environment);
      const checked = installation ? check(installation, { environment: given.environment, brokerVersion: given.brokerVersion }) : [];
      const shapes = installation && other ? differences(installation, other, given.environment) : [];
      const findings = [...input.findings, ...checked, ...shapes];
      const { errors, warnings, silenced } = counts(findings);
      if (given.json) console.out(json({ version: 1, errors, warnings, silenced, findings: findings.map(ordered) }));
      else {
        const colours = { error: "red", warning: "yellow", path: "bold", code: "dim" } as const;
        console.out(findingsText(findings, { visible, emphasis: (kind, text) => console.style(colours[kind], text) }));
      }
      if (!installation && !given.json) console.error("The other checks run once the structure is right.");
      exit(errors > 0 || (given.strict && warnings > 0) ? 1 : 0);
    });
};

/** Keys in the order in which one reads them. */
const ordered = ({ code, severity, topology, path, message, value, allowed, remedy, silenced }: Finding): object => ({
  code,
  severity,
  topology,
  path,
  message,
  value,
  allowed,
  remedy,
  silenced,
});

/** Those that are called alike; two single ones whatever they are called. */
function differences(one: Installation, other: Installation, environment: string | undefined): Finding[] {
  const [first, second] = [compileInstallation(one, environment).vhosts, compileInstallation(other, environment).vhosts];
  const single = first.length === 1 && second.length === 1;
  const lone = [...first.map(({ topology }) => topology), ...second.map(({ topology }) => topology)].filter(
    (name) => !single && !(first.some(({ topology }) => topology === name) && second.some(({ topology }) => topology === name)),
  );
  if (lone.length > 0) {
    throw new WarrenError(`Only one side has the topology ${lone.map((name) => `"${visible(name)}"`).join(", ")}.`, {
      remedy: "give two inputs with topologies of the same names, or one topology each (file.ts#name)",
      exitCode: 2,
    });
  }
  return first.flatMap((plan) => {
    const match = single ? second[0] : second.find(({ topology }) => topology === plan.topology);
    return match ? sameShape(plan, match) : [];
  });
}
