/** `warren ui`: serves the live page of a topology. */
import { randomBytes } from "node:crypto";
import { Option } from "commander";
import { readEndpoint, readText } from "../../broker/address.js";
import { WarrenError } from "../../topology/errors.js";
import { Alertmanager, Atlas, createUi, isLoopback, LEAST_TOKEN } from "../../ui/index.js";
import { withTarget, type TargetOptions } from "../amqp-target.js";
import { durationOption } from "../duration-option.js";
import { readInstallation } from "../input.js";
import { interruption } from "../interruption.js";
import { json, visible, type Console } from "../output.js";
import { examples, options, TOPOLOGY, type Verb } from "../verb.js";

interface Options extends TargetOptions {
  readonly port: number;
  readonly listen: string;
  readonly host?: readonly string[];
  readonly alertmanager?: string;
  readonly every: number;
  readonly write?: boolean;
  readonly environment?: string;
  readonly json?: boolean;
}

const PORT = 15_680;
const LEAST_PAUSE = 1000;

function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return value;
  throw new WarrenError(`--port is "${visible(text)}", which is no port.`, { allowed: ["0 (a free one) to 65535"], exitCode: 2 });
}

function pause(text: string): number {
  const value = durationOption("--every", text);
  if (value >= LEAST_PAUSE && value <= 3_600_000) return value;
  throw new WarrenError(`--every is "${visible(text)}".`, {
    allowed: ["1s to 1h"],
    remedy: "the broker itself counts every 5 seconds",
    exitCode: 2,
  });
}

/** The token, and the file that it is from, if it is from one. Throws a WarrenError (exit code 2) for one that is no good. */
export function tokenOf({ environment }: Pick<Console, "environment">): { readonly token: string; readonly file?: string } {
  const { WARREN_UI_TOKEN: named, WARREN_UI_TOKEN_FILE: file } = environment;
  if (named) return { token: good(named, "WARREN_UI_TOKEN is") };
  if (file) return { token: good(readText(file, "WARREN_UI_TOKEN_FILE").trim(), `WARREN_UI_TOKEN_FILE: in "${visible(file)}" is`), file };
  return { token: randomBytes(32).toString("base64url") };
}

function good(token: string, where: string): string {
  if (token.length >= LEAST_TOKEN && /^[\w.~-]+$/.test(token)) return token;
  throw new WarrenError(`${where} no good token.`, {
    allowed: [`at least ${LEAST_TOKEN} letters, digits, "-", "_", "." or "~"`],
    remedy: "make one: openssl rand -hex 32; or leave it out, and each start makes its own",
    exitCode: 2,
  });
}

/** The topology that is meant; with `--broker` alone, what that broker holds. */
async function installationOf(topology: string | undefined, given: Options, console: Console): ReturnType<typeof readInstallation> {
  const named = topology ?? (given.broker ? undefined : readEndpoint(console.cwd)?.system);
  const quiet = { ...console, error: () => undefined };
  return readInstallation(named, { broker: named === undefined ? given.broker : undefined, environment: given.environment }, quiet);
}

/** The Alertmanager beside the broker, if that is the dev stack's. */
const ofDevStack = ({ broker }: Options, { cwd, environment }: Console): string | undefined =>
  broker === undefined && !environment["WARREN_BROKER_URL"] ? readEndpoint(cwd)?.alertmanagerUrl : undefined;

function unlistenable(error: unknown, { listen, port: wanted }: Options): WarrenError {
  const { code } = error as NodeJS.ErrnoException;
  const why =
    code === "EADDRINUSE" ? "the port is taken" : code === "EADDRNOTAVAIL" ? "this machine has no such address" : (code ?? "unknown fault");
  return new WarrenError(`${visible(listen)}:${wanted} cannot be listened on: ${why}.`, {
    remedy: "name another one: --port 0 takes a free one",
    exitCode: 2,
  });
}

async function serve(topology: string | undefined, given: Options, console: Console): Promise<void> {
  const { token, file } = tokenOf(console);
  const alerts = given.alertmanager ?? ofDevStack(given, console);
  const alertmanager = alerts === undefined ? undefined : new Alertmanager(alerts);
  const atlas = await Atlas.of(await installationOf(topology, given, console), given.environment);
  await withTarget(given, console, async ({ management, settings }) => {
    // Wrong credentials and addresses are told here rather than on the page.
    await management.whoami();
    const page = await createUi({
      ...{ atlas, management, settings, token, alertmanager },
      ...{ write: given.write ?? false, listen: given.listen, hosts: given.host ?? [], pause: given.every },
    });
    const { signal, end } = interruption((why) => new Error(why));
    try {
      const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      await page.app.listen({ host: given.listen, port: given.port }).catch((error: unknown) => {
        throw unlistenable(error, given);
      });
      const address = page.app.server.address();
      const everywhere = given.listen === "0.0.0.0" || given.listen === "::";
      const host =
        everywhere || given.listen === "localhost" ? "127.0.0.1" : given.listen.includes(":") ? `[${given.listen}]` : given.listen;
      const place = `http://${host}:${address !== null && typeof address === "object" ? address.port : given.port}/`;
      // What is in a file is not to come into the log of a service.
      const url = file === undefined ? `${place}#token=${token}` : place;
      if (given.json) console.out(json({ version: 1, url }));
      else {
        console.out(url);
        if (file !== undefined) console.error(`Behind it belongs #token= with what is in ${visible(file)}.`);
        if (!isLoopback(given.listen))
          console.error(
            "Other machines reach this page without encryption: whoever reads along has the token. Put a proxy with TLS before it.",
          );
        console.error(given.write ? "Dead letters can be put back (--write). Ctrl-C ends it." : "Read-only. Ctrl-C ends it.");
      }
      if (!signal.aborted) await stopped;
    } finally {
      end();
      await page.close();
    }
  });
}

export const uiVerb: Verb = (program, console, exit) => {
  const broker = options.broker();
  broker.description = "the broker (default: WARREN_BROKER_URL, then the dev stack)";
  program
    .command("ui")
    .summary("show a live page of the topology")
    .description(
      "Serves a page that shows the topology in the direction of its flow, with live depths, rates, consumers and dead letters, drift and alerts. " +
        "Type a routing key and see its path; open a queue for its settings and dead letters. Read-only unless --write is given. " +
        "Prints the address, with the token that it needs, and serves until it is interrupted.",
    )
    .argument("[topology]", `${TOPOLOGY} (default: what the dev stack has; with --broker, what that broker holds)`)
    .addOption(broker)
    .addOption(new Option("--amqp <url>", "its AMQP address, where --broker names the management API: amqp://host:5672"))
    .addOption(new Option("--port <number>", "listen on this port; 0 takes a free one").default(PORT).argParser(port))
    .addOption(
      new Option("--listen <address>", "listen on this address; another than loopback lets other machines in").default("127.0.0.1"),
    )
    .addOption(new Option("--host <names...>", "further names under which a browser reaches the page"))
    .addOption(
      new Option("--alertmanager <url>", "show the alerts that fire there: http://host:9093 (default: the dev stack's, if it has one)"),
    )
    .addOption(
      new Option("--every <duration>", "read the broker every so often, while a page is open").default(5000, "5s").argParser(pause),
    )
    .addOption(new Option("--write", "let the page put dead letters back"))
    .addOption(options.environment())
    .addOption(options.json())
    .addHelpText(
      "after",
      `${examples("warren ui", "warren ui contextiq --write", "warren ui ./orders.ts --broker http://admin:secret@broker:15672 --alertmanager http://broker:9093")}
Environment:
  WARREN_UI_TOKEN       the token, at least ${LEAST_TOKEN} characters (default: a new random one at each start)
  WARREN_UI_TOKEN_FILE  a file that holds it instead; it is not printed then
`,
    )
    .action(async (topology: string | undefined, given: Options) => {
      await serve(topology, given, console);
      exit(0);
    });
};
