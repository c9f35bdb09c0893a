/** `warren tail`: a copy of messages as they come, without taking any. */
import { Option } from "commander";
import type { ConsumeMessage } from "amqplib";
import type { WireBinding } from "../../broker/index.js";
import { WarrenError } from "../../topology/errors.js";
import { nearest } from "../../topology/nearest.js";
import { headersOf } from "../../workers/dead-letters/index.js";
import { ofExchange, ofQueue, tail, type Binding, type Offset, type Plan, type TailSource } from "../../workers/tail/index.js";
import { vhostOf, withTarget, type AmqpTarget, type TargetOptions } from "../amqp-target.js";
import { count } from "../dlq/filter-options.js";
import { bodyJson, plainValue } from "../dlq/text.js";
import { durationOption } from "../duration-option.js";
import { interruption } from "../interruption.js";
import { visible, type Console } from "../output.js";
import { examples, type ExitCode, type Verb } from "../verb.js";
import { withBroker } from "./dlq.js";

interface Options extends TargetOptions {
  readonly exchange?: boolean;
  readonly key?: string;
  readonly body?: boolean;
  readonly bodyLimit: number;
  readonly count?: number;
  readonly for?: string;
  readonly offset?: Offset;
  readonly json?: boolean;
}

function offset(text: string): Offset {
  if (text === "first" || text === "last" || text === "next") return text;
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new WarrenError(`--offset is "${visible(text)}".`, { allowed: ["first", "last", "next", "0, 1, 2, ..."], exitCode: 2 });
}

interface Found {
  readonly vhost: string;
  readonly source: TailSource;
  readonly notes: readonly string[];
}

const asBinding = ({ source, routing_key: key, arguments: args }: WireBinding): Binding => ({ exchange: source, key, arguments: args });

async function find(target: AmqpTarget, name: string, given: Options): Promise<Found> {
  const [queues, exchanges] = await Promise.all([target.management.placements(), target.management.exchanges()]);
  const here = (vhost: string | undefined): boolean => target.vhost === undefined || vhost === target.vhost;
  const isQueue = queues.some((queue) => queue.name === name && here(queue.vhost));
  const isExchange = name !== "" && exchanges.some((exchange) => exchange.name === name && here(exchange.vhost));
  if (!isQueue && !isExchange) {
    const names = [...queues, ...exchanges].filter(({ name: known, vhost }) => known !== "" && here(vhost)).map(({ name: known }) => known);
    const near = nearest(name, names);
    const where = target.vhost === undefined ? "" : ` in vhost "${visible(target.vhost)}"`;
    throw new WarrenError(`There is no queue and no exchange "${visible(name)}"${where}.`, {
      allowed: [...new Set(names.map(visible))].slice(0, 50),
      ...(near === undefined ? {} : { remedy: `did you mean "${visible(near)}"?` }),
      exitCode: 2,
    });
  }
  const typeIn = (vhost: string) => (exchange: string) => exchanges.find((one) => one.name === exchange && one.vhost === vhost)?.type;
  if (isQueue && !given.exchange) {
    const vhost = vhostOf("queue", name, target.vhost, queues);
    const { type } = queues.find((queue) => queue.name === name && queue.vhost === vhost) ?? {};
    if (type === "stream") return { vhost, source: { stream: name, offset: given.offset ?? "next" }, notes: [] };
    if (given.offset !== undefined) throw wrong(`"${visible(name)}" is no stream: --offset has no meaning for it.`, "leave --offset out");
    if (given.key !== undefined)
      throw wrong("--key is for an exchange; a queue has its own bindings.", "leave --key out, or name the exchange");
    const plan = ofQueue(visible(name), (await target.management.queueBindings(vhost, name)).map(asBinding), typeIn(vhost));
    return { vhost, ...sourceOf(plan, `queue "${visible(name)}"`) };
  }
  const vhost = vhostOf("exchange", name, target.vhost, exchanges);
  const bindings = await target.management.exchangeBindings(vhost, name);
  const plan = ofExchange(name, typeIn(vhost)(name) ?? "", bindings.map(asBinding), given.key);
  return { vhost, ...sourceOf(plan, `exchange "${visible(name)}"`) };
}

const wrong = (fault: string, remedy: string): WarrenError => new WarrenError(fault, { remedy, exitCode: 2 });

function sourceOf({ bindings, notes }: Plan, what: string): Pick<Found, "source" | "notes"> {
  if (bindings.length > 0) return { source: { bindings }, notes };
  throw new WarrenError(`There is no copy to be had of ${what}: no binding of a direct, fanout, topic or headers exchange belongs to it.`, {
    remedy: "messages that are in a queue are shown by warren dlq show QUEUE; an exchange can be listened to with --key",
  });
}

function messageJson(message: ConsumeMessage, given: Options): string {
  const { fields, properties, content } = message;
  const shown = given.body ? bodyJson(content.subarray(0, given.bodyLimit)) : {};
  return JSON.stringify({
    at: new Date().toISOString(),
    id: (properties.messageId as string | undefined) ?? null,
    message: (properties.type as string | undefined) ?? null,
    exchange: fields.exchange,
    key: fields.routingKey,
    contentType: (properties.contentType as string | undefined) ?? null,
    bytes: content.length,
    headers: plainValue(headersOf(message)),
    ...shown,
    ...(given.body && content.length > given.bodyLimit ? { truncated: true } : {}),
  });
}

function messageText(message: ConsumeMessage, given: Options): string {
  const { fields, properties, content } = message;
  const headers = Object.entries(headersOf(message)).map(([name, value]) => `${name}=${JSON.stringify(plainValue(value))}`);
  const name = (properties.type as string | undefined) ?? "(no name)";
  const line = `${new Date().toISOString().slice(11, 23)}  ${name}  ${fields.exchange || '""'} "${fields.routingKey}"  ${content.length} B`;
  const lines = [[line, ...headers].join("  ").replaceAll("\n", "\\n")];
  if (given.body) {
    const cut = content.length > given.bodyLimit ? ` ... (${given.bodyLimit} of ${content.length} bytes)` : "";
    lines.push(`    ${content.subarray(0, given.bodyLimit).toString("utf8").replaceAll("\n", "\n    ")}${cut}`);
  }
  return lines.map(visible).join("\n");
}

async function run(name: string, given: Options, console: Console): Promise<ExitCode> {
  const ms = given.for === undefined ? undefined : durationOption("--for", given.for);
  return withTarget(given, console, async (target) => {
    const { vhost, source, notes } = await find(target, name, given);
    const { signal, end } = interruption((why) => new Error(why));
    const over = ms === undefined ? undefined : AbortSignal.timeout(ms);
    try {
      for (const note of notes) console.error(note);
      const { lost } = await tail(target.settings(vhost), {
        source,
        count: given.count,
        signal: over ? AbortSignal.any([signal, over]) : signal,
        onReady: () => console.error("Listening."),
        onOverflow: () => console.error("Messages come faster than they are shown: from now on some are left out."),
        onMessage: (message) => console.out(`${given.json ? messageJson(message, given) : messageText(message, given)}\n`),
      });
      if (lost === undefined) return 0;
      console.error(`The connection was lost (${visible(lost)}). Nothing was taken, and nothing is left behind.`);
      return 1;
    } finally {
      end();
    }
  });
}

export const tailVerb: Verb = (program, console, exit) => {
  withBroker(program.command("tail"))
    .summary("print a copy of messages as they come")
    .description(
      "Prints a copy of the messages that come to a queue or an exchange, until Ctrl-C. Takes none away: the copy is a queue of its own with the same bindings, " +
        "which ends with the command. A stream is read itself.",
    )
    .argument("<name>", "a queue, a stream or an exchange")
    .addOption(new Option("--exchange", "the name is an exchange's, where a queue has it too"))
    .addOption(new Option("--key <key>", "of an exchange: by this binding key, instead of those that are bound to it"))
    .addOption(new Option("--body", "print bodies too"))
    .addOption(new Option("--body-limit <bytes>", "of a body at most so much").default(1000).argParser(count("--body-limit")))
    .addOption(new Option("--count <number>", "end after so many").argParser(count("--count")))
    .addOption(new Option("--for <time>", "end after this time: 10s, 5m"))
    .addOption(new Option("--offset <offset>", "of a stream: first, last, next, or a number (default: next)").argParser(offset))
    .addHelpText(
      "after",
      examples(
        "warren tail extraction.requests --body",
        "warren tail contextiq.events --for 10s --json",
        "warren tail audit --offset first --count 5",
      ),
    )
    .action(async (name: string, given: Options) => exit(await run(name, given, console)));
};
