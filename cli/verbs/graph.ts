/** `warren graph`: the flow of messages as Mermaid, SVG, DOT or JSON. */
import { Option } from "commander";
import { dot } from "../../topology/compile/dot.js";
import { graph, type FlowGraph } from "../../topology/compile/graph.js";
import { mermaid } from "../../topology/compile/mermaid.js";
import { readInstallation } from "../input.js";
import { deliver, json } from "../output.js";
import { svg } from "../svg.js";
import { examples, options, TOPOLOGY, type Verb } from "../verb.js";

const FORMATS: Readonly<Record<string, (flow: FlowGraph) => string | Promise<string>>> = {
  mermaid,
  svg,
  dot,
  json: (flow) => json({ version: 1, ...flow }),
};

interface Options {
  readonly format?: string;
  readonly json?: boolean;
  readonly output?: string;
  readonly broker?: string;
  readonly environment?: string;
}

/** By the file's ending, where no format is asked for. */
function formatOf({ format, json: asJson, output }: Options): string {
  if (format !== undefined) return format;
  if (asJson) return "json";
  const ending = /\.(svg|dot|gv|json)$/.exec(output ?? "")?.[1];
  return ending === "gv" ? "dot" : (ending ?? "mermaid");
}

export const graphVerb: Verb = (program, console, exit) => {
  program
    .command("graph")
    .summary("draw the flow of messages")
    .description("Draws the flow from services through exchanges, bindings, queues, retry ladders and dead letters.")
    .argument("[topology]", TOPOLOGY)
    .addOption(
      new Option("-f, --format <format>", "mermaid, svg, dot (Graphviz) or json (default: by the file's ending, else mermaid)").choices(
        Object.keys(FORMATS),
      ),
    )
    .addOption(options.json())
    .addOption(options.output())
    .addOption(options.environment())
    .addOption(options.broker())
    .addHelpText(
      "after",
      examples("warren graph contextiq -o contextiq.svg", "warren graph ./orders.ts", "warren graph definitions.json --format dot"),
    )
    .action(async (topology: string | undefined, given: Options) => {
      const installation = await readInstallation(topology, given.broker, console);
      const format = FORMATS[formatOf(given)] ?? mermaid;
      deliver(console, await format(graph(installation, given.environment)), given.output);
      exit(0);
    });
};
