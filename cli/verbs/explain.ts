/** `warren explain`: which queues get a message, and what becomes of it there. */
import { compileInstallation } from "../../topology/compile/compile.js";
import type { Plan } from "../../topology/compile/plan.js";
import { WarrenError } from "../../topology/errors.js";
import { explain, explainText } from "../../topology/explain.js";
import { nearest } from "../../topology/nearest.js";
import { BUILTIN } from "../../topology/routing.js";
import { readInstallation } from "../input.js";
import { json, visible } from "../output.js";
import { examples, oneOf, options, TOPOLOGY, type Verb } from "../verb.js";

interface Options {
  readonly header: Readonly<Record<string, unknown>>;
  readonly json?: boolean;
  readonly broker?: string;
  readonly environment?: string;
  readonly topology?: string;
}

/** `k=v` is a string; in `k:=json` the value has its type. */
export function header(text: string, known: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const [, name, typed, value = ""] = /^([^=]*?)(:?)=(.*)$/s.exec(text) ?? [];
  const wrong = (fault: string): WarrenError =>
    new WarrenError(`--header ${visible(text)}: ${fault}.`, { allowed: ["name=text", "name:=json"], exitCode: 2 });
  if (name === undefined || name === "") throw wrong("it is no name with a value");
  if (typed !== ":") return { ...known, [name]: value };
  try {
    return { ...known, [name]: JSON.parse(value) as unknown };
  } catch {
    throw wrong(`"${visible(value)}" is no JSON; write name=text for a string`);
  }
}

function knows(plan: Plan, exchange: string): boolean {
  return exchange === "" || [...BUILTIN, ...plan.exchanges].some(({ name }) => name === exchange);
}

/** Of several topologies the one that is named, else the only one that has the exchange. */
function choose(plans: readonly Plan[], exchange: string, named: string | undefined): Plan {
  const byName = new Map(plans.map((plan) => [plan.topology, plan]));
  if (named !== undefined) return oneOf("topology", named, byName, nearest(named, byName.keys()));
  const having = plans.filter((plan) => knows(plan, exchange));
  const [first] = having.length === 0 ? plans : having;
  if (first && (having.length === 1 || plans.length === 1)) return first;
  if (having.length === 0) {
    const exchanges = plans.flatMap((plan) => plan.exchanges.map(({ name }) => name));
    const near = nearest(exchange, exchanges);
    throw new WarrenError(`There is no exchange "${visible(exchange)}" in any of the topologies.`, {
      allowed: exchanges.slice(0, 50),
      ...(near === undefined ? {} : { remedy: `did you mean "${near}"?` }),
      exitCode: 2,
    });
  }
  throw new WarrenError(`Several topologies have the exchange "${visible(exchange)}".`, {
    allowed: having.map((plan) => plan.topology),
    remedy: "name one: --topology NAME",
    exitCode: 2,
  });
}

export const explainVerb: Verb = (program, console, exit) => {
  program
    .command("explain")
    .summary("say where a message goes and what becomes of it")
    .description(
      "Says which queues get a message, by which bindings, and what becomes of it when it expires, is rejected, is too many, or fails.\n" +
        'The default exchange is "". With --broker the topology is left out.',
    )
    .usage("[options] <topology> <exchange> <key>")
    .argument("[topology]", TOPOLOGY)
    .argument("[exchange]", 'where it is published; "" is the default exchange')
    .argument("[key]", "its routing key")
    .option("--header <name=value>", "a header, as text; name:=json has a type; may be given several times", header, {})
    .addOption(options.vhost())
    .addOption(options.environment())
    .addOption(options.broker())
    .addOption(options.json())
    .addHelpText(
      "after",
      examples(
        "warren explain contextiq contextiq.events session.created",
        'warren explain ./orders.ts by-header "" --header region=eu --header priority:=3 --json',
      ),
    )
    .action(async (...all: readonly unknown[]) => {
      const words = all.slice(0, 3).filter((word): word is string => word !== undefined);
      const given = all[3] as Options;
      const wanted = given.broker === undefined ? ["topology", "exchange", "key"] : ["exchange", "key"];
      if (words.length !== wanted.length) {
        throw new WarrenError(`explain takes ${wanted.length} words (${wanted.join(", ")}), not ${words.length}.`, {
          remedy: 'warren explain contextiq contextiq.events session.created; write "" for an empty key or the default exchange',
          exitCode: 2,
        });
      }
      const [exchange = "", key = ""] = words.slice(-2);
      const installation = await readInstallation(given.broker === undefined ? words[0] : undefined, given, console);
      const plan = choose(compileInstallation(installation, given.environment).vhosts, exchange, given.topology);
      if (!knows(plan, exchange)) {
        const exchanges = new Map(plan.exchanges.map(({ name }) => [name, name]));
        oneOf("exchange", exchange, exchanges, nearest(exchange, exchanges.keys()));
      }
      const explanation = explain(plan, exchange, key, given.header);
      console.out(given.json ? json(explanation) : explainText(explanation).split("\n").map(visible).join("\n"));
      exit(0);
    });
};
