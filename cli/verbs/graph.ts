/** `warren graph`: the flow of messages as Mermaid, SVG, DOT or JSON. */
import { extname } from "node:path";
import { Option } from "commander";
import { dot } from "../../topology/compile/dot.js";
import { graph, type FlowGraph } from "../../topology/compile/graph.js";
import { mermaid } from "../../topology/compile/mermaid.js";
import { WarrenError } from "../../topology/errors.js";
import { readInstallation } from "../input.js";
import { deliver, json, visible } from "../output.js";
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

const ENDINGS: Readonly<Record<string, string>> = {
  ".svg": "svg",
  ".dot": "dot",
  ".gv": "dot",
  ".json": "json",
  ".mmd": "mermaid",
  ".mermaid": "mermaid",
  ".md": "mermaid",
  ".txt": "mermaid",
  "": "mermaid",
};

/** By the file's ending, where no format is asked for. */
function formatOf({ format, json: asJson, output = "" }: Options): string {
  if (format !== undefined) return format;
  if (asJson) return "json";
  const ending = extname(output).toLowerCase();
  const known = Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending] : undefined;
  if (known !== undefined) return known;
  throw new WarrenError(`There is no format for a file that ends in "${visible(ending)}".`, {
    allowed: Object.keys(ENDINGS).filter(Boolean),
    remedy: "name a file with one of these endings, or say which format: --format svg",
    exitCode: 2,
  });
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
      const format = FORMATS[formatOf(given)] ?? mermaid;
      const installation = await readInstallation(topology, given, console);
      deliver(console, await format(graph(installation, given.environment)), given.output);
      exit(0);
    });
};
