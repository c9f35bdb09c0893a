/** `warren docs`: a Markdown page of a topology for a team's wiki. */
import { Option } from "commander";
import { describe, page } from "../../topology/wiki/index.js";
import { readInstallation } from "../input.js";
import { deliver, json, visible } from "../output.js";
import { examples, options, TOPOLOGY, type Verb } from "../verb.js";

interface Options {
  readonly image?: string;
  readonly diagram: boolean;
  readonly json?: boolean;
  readonly output?: string;
  readonly broker?: string;
  readonly environment?: string;
}

export const docsVerb: Verb = (program, console, exit) => {
  program
    .command("docs")
    .summary("write a Markdown page for a team's wiki")
    .description(
      "Writes a Markdown page: the flow, services, exchanges, queues with their limits, retries and dead letters, messages with the fields of " +
        "their bodies, users and permissions. The same topology always gives the same page, so a difference of the page is one of the topology.",
    )
    .argument("[topology]", TOPOLOGY)
    .addOption(
      new Option(
        "--image <address>",
        "a picture in place of Mermaid; {topology} stands for the name: flow-{topology}.svg (made with warren graph)",
      ),
    )
    .addOption(new Option("--no-diagram", "without one"))
    .addOption(options.output())
    .addOption(options.json())
    .addOption(options.environment())
    .addOption(options.broker())
    .addHelpText(
      "after",
      examples(
        "warren docs contextiq -o messaging.md",
        "warren docs ./orders.ts --image flow.svg -o orders.md && warren graph ./orders.ts -o flow.svg",
      ),
    )
    .action(async (topology: string | undefined, given: Options) => {
      const described = describe(await readInstallation(topology, given, console), given.environment);
      const diagram = !given.diagram ? "none" : given.image === undefined ? "mermaid" : { image: given.image };
      const text = given.json ? json(described) : page(described, { diagram }).split("\n").map(visible).join("\n");
      deliver(console, text, given.output);
      exit(0);
    });
};
