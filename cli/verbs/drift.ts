/** `warren drift`: what a live broker holds against what the topology says, once or again and again. */
import { Option } from "commander";
import { brokerAddress } from "../../broker/address.js";
import { drift, driftText, isDrifted, Management, readLive, type Drift } from "../../broker/index.js";
import { compileInstallation } from "../../topology/compile/compile.js";
import { WarrenError } from "../../topology/errors.js";
import { requireProm, textfile, writeTextfile, type Look } from "../drift/textfile.js";
import { changedLines, watchDrift } from "../drift/watch.js";
import { durationOption } from "../duration-option.js";
import { liveEnvironment, readInstallation, tellBroker } from "../input.js";
import { json, visible } from "../output.js";
import { signalled } from "../signalled.js";
import { examples, options, TOPOLOGY, type Verb } from "../verb.js";

interface Options {
  readonly json?: boolean;
  readonly broker?: string;
  readonly environment?: string;
  readonly watch?: boolean;
  readonly interval?: string;
  readonly textfile?: string;
}

const MINUTE = 60_000;

function intervalOf({ watch, interval }: Options): number {
  if (interval !== undefined && !watch) throw new WarrenError("--interval is for --watch.", { remedy: "give both, or none", exitCode: 2 });
  const every = durationOption("--interval", interval ?? "60s");
  if (every >= 1000 && every <= 24 * 60 * MINUTE) return every;
  throw new WarrenError(`--interval is ${interval ?? ""}.`, { allowed: ["1s to 24h"], exitCode: 2 });
}

export const driftVerb: Verb = (program, console, exit) => {
  const broker = options.broker();
  broker.description = "the broker to compare with (default: WARREN_BROKER_URL, then the dev stack)";
  program
    .command("drift")
    .summary("compare a live broker with the topology")
    .description(
      "Compares a live broker with the topology: missing, mismatched (expected, actual, whose value holds) and extra.\n" +
        "Exit code 1 if they differ, 2 if that cannot be told: of a topology or a broker that cannot be read.",
    )
    .argument("<topology>", TOPOLOGY)
    .addOption(broker)
    .addOption(new Option("--watch", "again and again, until Ctrl-C: prints only what changes; the exit code is that of the last look"))
    .addOption(new Option("--interval <time>", "between two looks (default: 60s)"))
    .addOption(new Option("--textfile <file.prom>", "write it for node_exporter's textfile collector, after each look"))
    .addOption(options.environment())
    .addOption(options.json())
    .addHelpText(
      "after",
      examples(
        "warren drift contextiq",
        "warren drift ./orders.ts -e prod --broker http://admin:secret@broker:15672 --json",
        "WARREN_BROKER_URL=https://broker:15671 warren drift ./orders.ts -e prod --watch --interval 5m --textfile /var/lib/node_exporter/textfile/warren.prom",
      ),
    )
    .action(async (topology: string, given: Options) => {
      exit(2);
      const every = intervalOf(given);
      if (given.textfile !== undefined) requireProm(given.textfile);
      const installation = await readInstallation(topology, { environment: given.environment }, console);
      const address = brokerAddress({ url: given.broker, environment: console.environment, directory: console.cwd });
      const plan = compileInstallation(installation, liveEnvironment(installation, given.environment, address));
      const vhosts = plan.vhosts.map(({ vhost }) => vhost.name);
      const management = new Management(address.management);
      tellBroker(address, console);
      const object = (found: Drift): object => ({ ...found, broker: { endpoint: management.endpoint } });
      const look = async (): Promise<Drift> => drift(plan, await readLive(management, vhosts));
      const onLook = (found: Look): void => {
        if (given.textfile !== undefined) writeTextfile(given.textfile, textfile(found, vhosts));
      };
      const clock = (): string => new Date().toISOString().replace(/\.\d+Z$/, "Z");
      const { signal, forget } = given.watch ? signalled() : { signal: Promise.resolve(), forget: () => undefined };
      try {
        if (!given.watch) {
          const found = await look();
          onLook({ drift: found, at: Date.now(), up: true });
          console.out(given.json ? json(object(found)) : visible(driftText(found)));
          exit(isDrifted(found) ? 1 : 0);
          return;
        }
        const last = await watchDrift({
          ...{ look, every, stop: signal, now: Date.now, onLook },
          onDrift: (found, before) => {
            if (given.json) console.out(`${JSON.stringify({ ...object(found), at: clock() })}\n`);
            else if (!before) console.out(visible(driftText(found)));
            else
              console.out(
                [...changedLines(before, found), ...(isDrifted(found) ? [] : ["no drift"])]
                  .map((line) => `${clock()} ${visible(line)}`)
                  .join("\n"),
              );
          },
          onFault: (fault) =>
            console.error(`${clock()} ${fault ? visible(fault.message.split("\n")[0] ?? "") : "the broker answers again"}`),
        });
        exit(isDrifted(last) ? 1 : 0);
      } catch (error) {
        if (given.textfile !== undefined && error instanceof WarrenError) onLook({ up: false });
        throw error;
      } finally {
        forget();
        await management.close();
      }
    });
};
