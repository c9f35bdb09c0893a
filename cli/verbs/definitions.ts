/** `warren definitions`: what a broker imports. */
import { compileInstallation } from "../../topology/compile/compile.js";
import { definitions, leftOutOfDefinitions } from "../../topology/compile/definitions.js";
import { readInstallation } from "../input.js";
import { deliver, json, visible } from "../output.js";
import { examples, options, TOPOLOGY, type Verb } from "../verb.js";

interface Options {
  readonly json?: boolean;
  readonly output?: string;
  readonly broker?: string;
  readonly environment?: string;
}

export const definitionsVerb: Verb = (program, console, exit) => {
  program
    .command("definitions")
    .summary("print what a broker imports")
    .description(
      "Prints the definitions that a broker imports (POST /api/definitions). What they cannot hold is listed on the error output; " +
        "with --json it is beside them: { version, definitions, leftOut }, which no broker imports as it stands.",
    )
    .argument("[topology]", TOPOLOGY)
    .addOption(options.output())
    .addOption(options.json())
    .addOption(options.environment())
    .addOption(options.broker())
    .addHelpText("after", examples("warren definitions debias -o definitions.json", "warren definitions ./orders.ts --json"))
    .action(async (topology: string | undefined, given: Options) => {
      const plan = compileInstallation(await readInstallation(topology, given, console), given.environment);
      const leftOut = leftOutOfDefinitions(plan);
      if (given.json) {
        deliver(console, json({ version: 1, definitions: definitions(plan), leftOut }), given.output);
      } else {
        deliver(console, json(definitions(plan)), given.output);
        leftOut.forEach(({ kind, name, vhost, reason }) =>
          console.error(visible(`left out: ${kind} ${name}${vhost === undefined ? "" : ` (vhost ${vhost})`}: ${reason}`)),
        );
      }
      exit(0);
    });
};
