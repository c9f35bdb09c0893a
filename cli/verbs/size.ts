/** `warren size`: replicas, prefetch and thresholds of services, and a day with their autoscaler. */
import { readFileSync } from "node:fs";
import { InvalidArgumentError, Option } from "commander";
import {
  compare,
  plot,
  readMeasured,
  run,
  size,
  stepsOf,
  type Given,
  type MeasuredPoint,
  type RunOptions,
  type SizedService,
} from "../../sizing/index.js";
import { WarrenError } from "../../topology/errors.js";
import { nearest } from "../../topology/nearest.js";
import { durationOption } from "../duration-option.js";
import { readInstallation } from "../input.js";
import { deliver, json, requireWritable, visible, type Console } from "../output.js";
import { readBehavior } from "../size/behavior.js";
import { readCurve } from "../size/curve.js";
import { report, type Sized } from "../size/text.js";
import { examples, options, TOPOLOGY, type ExitCode, type Verb } from "../verb.js";

interface Options {
  readonly service?: readonly string[];
  readonly rate?: number;
  readonly peak?: number;
  readonly curve?: string;
  readonly mean?: string;
  readonly p95?: string;
  readonly concurrency?: number;
  readonly latency?: string;
  readonly utilization?: number;
  readonly unpinned?: boolean;
  readonly scaler?: "keda" | "hpa" | "none";
  readonly polling?: string;
  readonly sync?: string;
  readonly cooldown?: string;
  readonly podStart?: string;
  readonly behavior?: string;
  readonly seed: number;
  readonly price?: number;
  readonly measured?: string;
  readonly svg?: string;
  readonly json?: boolean;
  readonly output?: string;
  readonly broker?: string;
  readonly environment?: string;
}

const number =
  (least: number, whole: boolean, most = Infinity) =>
  (text: string): number => {
    const value = Number(text);
    if (
      text.trim() === "" ||
      !Number.isFinite(value) ||
      value < least ||
      value > most ||
      (whole && !Number.isInteger(value)) ||
      (!whole && value === 0)
    )
      throw new InvalidArgumentError(
        `It has to be a ${whole ? "whole " : ""}number, ${whole ? `${least} or more` : "more than 0"}${most === Infinity ? "" : `, at most ${most}`}.`,
      );
    return value;
  };

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new WarrenError(`"${visible(file)}" cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown fault"}).`, {
      remedy: "name a file that is there",
      exitCode: 2,
      cause: error,
    });
  }
}

const seconds = (option: string, text: string | undefined): number | undefined =>
  text === undefined ? undefined : durationOption(option, text) / 1000;

/** What is left out is not there, rather than undefined. */
function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

function givenOf({ rate, peak, curve, mean, p95, concurrency, latency }: Options): Given {
  if (rate !== undefined && (peak ?? rate) < rate)
    throw new WarrenError(`--peak ${peak ?? ""} is less than --rate ${rate}.`, {
      remedy: "the peak is the busiest time's rate",
      exitCode: 2,
    });
  if (rate !== undefined && peak !== undefined && curve !== undefined)
    throw new WarrenError("--rate, --peak and --curve say one thing too much.", {
      remedy: "leave --peak or --rate out: it follows from the curve",
      exitCode: 2,
    });
  return present({
    ...{ rate, peak, concurrency },
    shape: curve === undefined ? undefined : readCurve(textOf(curve)),
    mean: seconds("--mean", mean),
    p95: seconds("--p95", p95),
    latency: seconds("--latency", latency),
  });
}

function scalerOf({ scaler, polling, sync, cooldown, podStart, behavior }: Options): NonNullable<RunOptions["scaler"]> {
  return present({
    kind: scaler,
    pollingInterval: seconds("--polling", polling),
    syncPeriod: seconds("--sync", sync),
    cooldownPeriod: seconds("--cooldown", cooldown),
    podStart: seconds("--pod-start", podStart),
    behavior: behavior === undefined ? undefined : readBehavior(textOf(behavior)),
  });
}

function requireKnown(names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  throw new WarrenError(`There is no service "${visible(unknown)}" that consumes.`, {
    allowed: known.map(visible),
    ...(near === undefined ? {} : { remedy: `did you mean "${visible(near)}"?` }),
    exitCode: 2,
  });
}

/** A run has what the measurement knows of its arrivals, and begins as it began. */
function likeMeasured(measured: readonly MeasuredPoint[]): RunOptions {
  const [first] = measured;
  const known = stepsOf(measured);
  const waiting = first && first.messages === undefined && first.depth > 0 ? [{ at: 0, messages: first.depth }] : [];
  return {
    ...(known || waiting.length > 0 ? { steps: [...waiting, ...(known ?? [])] } : {}),
    ...{ duration: Math.max(1, Math.ceil(measured.at(-1)?.at ?? 1)), start: first?.replicas ?? 1, steady: true, resolution: 5 },
  };
}

async function sizeOf(argument: string | undefined, given: Options, console: Console): Promise<ExitCode> {
  if (given.svg !== undefined) requireWritable(given.svg);
  const installation = await readInstallation(argument, given, console);
  const figures = givenOf(given);
  const settings = present({ environment: given.environment, utilization: given.utilization, unpinned: given.unpinned });
  const all = installation.topologies.flatMap((topology) => Object.values(size(topology, { ...settings, given: figures })));
  requireKnown(given.service ?? [], [...new Set(all.map(({ service }) => service))]);
  const chosen = all.filter(({ service }) => given.service?.includes(service) ?? true);
  const measured = given.measured === undefined ? undefined : readMeasured(textOf(given.measured));
  if (measured && chosen.length !== 1)
    throw new WarrenError(`--measured is one service's run, and ${chosen.length} are shown.`, {
      remedy: "name it: --service NAME",
      exitCode: 2,
    });
  const options: RunOptions = { seed: given.seed, scaler: scalerOf(given), ...(measured ? likeMeasured(measured) : {}) };
  const results = chosen.map((sized): Sized => {
    const simulation = run(sized, options);
    return { sized, simulation, ...(measured ? { measured, comparison: compare(simulation, measured) } : {}) };
  });
  if (given.json)
    deliver(console, json({ version: 1, seed: given.seed, services: results.map((one) => printed(one, given.price)) }), given.output);
  else deliver(console, report(results, { price: given.price, style: console.style }), given.output);
  if (given.svg !== undefined)
    deliver(
      console,
      plot(
        results.map(({ sized, simulation }) => ({
          ...{ title: titleOf(sized), simulation, target: sized.figures.latency },
          ...(measured ? { measured } : {}),
        })),
      ),
      given.svg,
    );
  return 0;
}

const titleOf = ({ topology, service, replicas, perReplica }: SizedService): string =>
  `${topology} ${service}: ${replicas.min} to ${replicas.max} replicas${perReplica === undefined ? "" : `, ${perReplica} messages each`}`;

/** As JSON: a curve is a function, so its figures alone; an endless wait is null. */
function printed({ sized, simulation, comparison }: Sized, price: number | undefined): object {
  const { figures, ...rest } = sized;
  const { rate, peak, lowest, handler, concurrency, latency, assumed } = figures;
  return {
    ...rest,
    figures: { rate, peak, lowest, handler, concurrency, latency, assumed },
    simulation: { ...simulation, ...(price === undefined ? {} : { cost: simulation.replicaHours * price }) },
    ...(comparison ? { comparison } : {}),
  };
}

export const sizeVerb: Verb = (program, console, exit) => {
  program
    .command("size")
    .summary("compute replicas, prefetch and thresholds, and simulate the autoscaler")
    .description(
      "Computes from the rates, handler times and latency targets of services how many replicas they need, how many messages each holds, and at which depth one more " +
        "is started; and simulates their autoscaler for a day. What is not said in the topology is taken from the options, or assumed, and said to be. Options count for every service shown.",
    )
    .argument("[topology]", TOPOLOGY)
    .addOption(
      new Option("--service <name>", "only this one; may be given several times").argParser(
        (name: string, before: readonly string[] = []) => [...before, name],
      ),
    )
    .addOption(new Option("--rate <number>", "messages a second, on average over the day").argParser(number(0, false)))
    .addOption(new Option("--peak <number>", "messages a second at the busiest time").argParser(number(0, false)))
    .option("--curve <file>", "the day's shape: numbers at equal distances from midnight to midnight")
    .option("--mean <time>", "a handler's mean: 200ms, 2s")
    .option("--p95 <time>", "a handler's p95")
    .addOption(new Option("--concurrency <number>", "messages that a replica handles at a time").argParser(number(1, true)))
    .option("--latency <time>", "95 of 100 messages are to be handled so soon")
    .addOption(
      new Option("--utilization <share>", "handlers are busy so much at most (default: the topology's cpu, else 0.8)").argParser(
        number(0, false, 0.99),
      ),
    )
    .option("--unpinned", "as if the topology said nothing of replicas")
    .addOption(new Option("--scaler <kind>", "what scales (default: keda)").choices(["keda", "hpa", "none"]))
    .option("--polling <time>", "between two looks of KEDA (default: 15s)")
    .option("--sync <time>", "between two decisions of the HPA (default: 15s)")
    .option("--cooldown <time>", "without a message before KEDA takes the last replica (default: 5m)")
    .option("--behavior <file>", "spec.behavior of the HPA, as JSON; null if it has none (default: the prod stack's)")
    .option("--pod-start <time>", "from a pod's creation to its first message (default: 10s)")
    .addOption(
      new Option("--seed <number>", "of chance: the same seed gives the same day").argParser(number(0, true, 4_294_967_295)).default(1),
    )
    .addOption(new Option("--price <number>", "of a replica for an hour").argParser(number(0, false)))
    .option("--measured <file>", "a run to set beside it: CSV with time,depth,replicas, and rate, messages where they are known")
    .option("--svg <file>", "draw the day")
    .addOption(options.json())
    .addOption(options.output())
    .addOption(options.environment())
    .addOption(options.broker())
    .addHelpText(
      "after",
      examples(
        "warren size contextiq --svg day.svg",
        "warren size contextiq --service extraction-worker --peak 200 --unpinned",
        "warren size ./orders.ts --service billing --rate 30 --mean 200ms --p95 600ms --latency 5s --price 0.04",
      ),
    )
    .action(async (topology: string | undefined, given: Options) => exit(await sizeOf(topology, given, console)));
};
