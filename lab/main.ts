/** The commands behind `npm run up`, `preview`, `down`, `worker-image`, `lab:kubernetes` and `npm test`. Exit codes: 0 fine, 1 failure, 2 wrong use. */
import { Command, CommanderError } from "commander";
import { relative } from "node:path";
import { WarrenError } from "../topology/errors.js";
import { getDocker } from "./docker.js";
import { kubernetes, type KubernetesOptions } from "./kubernetes/command.js";
import { closeNetwork } from "./network.js";
import { down, exec, leadIn, preview, type StackOptions, up } from "./stack.js";
import { type SettingOptions, settingsChoice, withSettings } from "./settings-choice.js";
import { step, tell } from "./steps.js";
import { runSuites } from "./suites.js";
import { systemChoice } from "./system-choice.js";
import { getWorkerImage } from "./worker-image.js";

interface SystemOptions extends SettingOptions {
  readonly stack?: string;
  readonly system?: string;
  readonly all?: boolean;
  readonly discard?: boolean;
}

/** Where the user stood: npm runs its scripts in the folder of package.json. */
const from = process.env["INIT_CWD"] ?? process.cwd();

async function main(): Promise<number> {
  let code = 0;
  const program = new Command("npm run")
    .description("Brings Warren up on this machine, getting whatever is missing.")
    .exitOverride()
    .enablePositionalOptions();
  const example = (command: Command, ...lines: string[]): Command =>
    command.addHelpText("after", `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`);
  const withStack = (command: Command): Command =>
    command
      .option("--stack <name>", "the stack that Pulumi.NAME.yaml describes (default: WARREN_STACK, or dev)")
      // What reads it, also the tools that are started, follows the environment.
      .hook("preAction", () => {
        const { stack } = command.opts<SystemOptions>();
        if (stack !== undefined) process.env["WARREN_STACK"] = stack;
      });
  const withSystem = (command: Command): Command =>
    withSettings(withStack(command))
      .option("--system <name|file>", "a reference system, or a file that exports a topology")
      .option("--all", "all reference systems, each in its vhost");
  const withDiscard = (command: Command): Command =>
    command.option("--discard", "queues may be deleted with the messages in them, and from under their consumers");
  const choose = (options: SystemOptions): StackOptions => {
    const system = systemChoice(options, from);
    return {
      ...(system === undefined ? {} : { system }),
      settings: settingsChoice(options),
      ...(options.discard ? { discard: true } : {}),
    };
  };

  example(
    withDiscard(withSystem(program.command("up"))).description(
      "Makes or changes the dev broker and the topology in it. What is chosen is remembered, until something else is.",
    ),
    "npm run up",
    "npm run up -- --nodes 3 --no-plain",
    "npm run up -- --monitoring --ui --workers --load",
    "npm run up -- --config amqpPort=5680 --config managementPort=15680",
    "npm run up -- --system debias",
    "npm run up -- --system ./my/topology.ts",
    "npm run up -- --all",
    "npm run up -- --stack prod --config kubeContext=NAME",
  ).action(async (options: SystemOptions) => {
    code = await up(choose(options));
  });
  example(
    withDiscard(withSystem(program.command("preview"))).description("Shows what `up` would change."),
    "npm run preview",
    "npm run preview -- --system stage7",
  ).action(async (options: SystemOptions) => {
    code = await preview(choose(options));
  });
  example(
    withDiscard(withStack(program.command("down"))).description(
      "Takes everything down. Refuses while a queue holds messages, unless --discard.",
    ),
    "npm run down",
    "npm run down -- --discard",
    "npm run down -- --stack prod",
  ).action(async (options: SystemOptions) => {
    code = await down(options.discard ? { discard: true } : {});
  });
  example(
    withStack(program.command("forward")).description(
      "Leads ports of 127.0.0.1 to the management API and AMQPS of a stack's cluster in Kubernetes, until Ctrl-C. `up`, `preview` and `down` do it themselves.",
    ),
    "npm run forward -- --stack prod",
  ).action(async () => {
    code = await leadIn();
  });
  example(
    program.command("worker-image").description("Builds the worker's image, if what is in it has changed."),
    "npm run worker-image",
  ).action(async () => {
    await step("Docker engine", getDocker);
    const { folder } = await step("Worker image", getWorkerImage);
    tell(`• its bill of materials, source map and licences are in ${relative(process.cwd(), folder)}`);
  });
  example(
    program
      .command("kubernetes")
      .description(
        "Gives a machine that has no Kubernetes a real cluster of its own, with what the stack prod expects in it. Needs Linux and root.",
      )
      .option(
        "--nodes <n>",
        "real nodes, each in its own zone: 1 to 3; more than there are are added (default: as many as there are, or 1)",
      )
      .option("--kwok <n>", "nodes beside them that are only played, for scale: up to 500")
      .option("--no-operators", "without RabbitMQ's cluster operator, KEDA, metrics-server and the definitions of others")
      .option("--with <names>", "operators beside those, with commas between: cert-manager, topology-operator (which brings cert-manager)")
      .option("--status", "only says how it stands; exit code 1 if it does not run")
      .option("--json", "says it as JSON")
      .option("--down", "takes the cluster away, with all that is in it"),
    "npm run lab:kubernetes",
    "npm run lab:kubernetes -- --nodes 3",
    "npm run lab:kubernetes -- --with topology-operator",
    "npm run lab:kubernetes -- --status --json",
    "npm run lab:kubernetes -- --down",
  ).action(async (options: KubernetesOptions) => {
    code = await kubernetes(options);
  });
  example(
    program
      .command("test")
      .description("Runs types, lint, unit tests and live tests.")
      .option("--only <suites...>", "types, lint, format, unit, live, e2e; kubernetes only if it is named"),
    "npm test",
    "npm test -- --only unit live",
  ).action(async (options: { only?: string[] }) => {
    code = await runSuites(options.only);
  });
  example(
    program
      .command("exec", { hidden: true })
      .description("Runs a command with the tools on its PATH and this checkout's stack selected.")
      .argument("<command...>")
      .passThroughOptions()
      .allowUnknownOption(),
    "node lab/start.mjs exec pulumi stack output",
    "node lab/start.mjs exec npx vitest run --project live",
  ).action(async ([command = "", ...args]: string[]) => {
    code = await exec(command, args, from);
  });

  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof WarrenError)) throw error;
    process.stderr.write(`\nerror: ${error.message}\n`);
    return error.exitCode;
  }
  return code;
}

void main()
  .catch((error: unknown) => {
    // A fault of the lab itself: the one place where a stack trace helps.
    process.stderr.write(`\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  })
  .then(async (code) => {
    await closeNetwork();
    process.exit(code);
  });
