/** `warren drift`: what a live broker holds against what the topology says. */
import { brokerAddress } from "../../broker/address.js";
import { drift, driftText, isDrifted, Management, readLive } from "../../broker/index.js";
import { compileInstallation } from "../../topology/compile/compile.js";
import { readInstallation } from "../input.js";
import { json, visible } from "../output.js";
import { examples, options, TOPOLOGY, type Verb } from "../verb.js";

interface Options {
  readonly json?: boolean;
  readonly broker?: string;
  readonly environment?: string;
}

export const driftVerb: Verb = (program, console, exit) => {
  const broker = options.broker();
  broker.description = "the broker to compare with (default: WARREN_BROKER_URL, then the dev stack)";
  program
    .command("drift")
    .summary("compare a live broker with the topology")
    .description(
      "Compares a live broker with the topology: missing, mismatched (expected, actual, whose value holds) and extra. Exit code 1 if they differ.",
    )
    .argument("<topology>", TOPOLOGY)
    .addOption(broker)
    .addOption(options.environment())
    .addOption(options.json())
    .addHelpText("after", examples("warren drift contextiq", "warren drift ./orders.ts --broker http://admin:secret@broker:15672 --json"))
    .action(async (topology: string, given: Options) => {
      const plan = compileInstallation(await readInstallation(topology, { environment: given.environment }, console), given.environment);
      const address = brokerAddress({ url: given.broker, environment: console.environment, directory: console.cwd });
      const management = new Management(address.management);
      try {
        const live = await readLive(
          management,
          plan.vhosts.map(({ vhost }) => vhost.name),
        );
        const found = drift(plan, live);
        console.out(given.json ? json(found) : visible(driftText(found)));
        exit(isDrifted(found) ? 1 : 0);
      } finally {
        await management.close();
      }
    });
};
