/** The filters that every verb of `warren dlq` takes. */
import { Option, type Command } from "commander";
import { WarrenError } from "../../topology/errors.js";
import { isEmpty, type Filter } from "../../workers/dead-letters/index.js";
import { durationOption } from "../duration-option.js";
import { visible } from "../output.js";
import { header } from "../verbs/explain.js";

export interface FilterOptions {
  readonly reason?: readonly string[];
  readonly from?: readonly string[];
  readonly olderThan?: string;
  readonly youngerThan?: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly id?: readonly string[];
  readonly message?: readonly string[];
  readonly limit?: number;
}

const several = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

/** A whole number from 1. */
export const count =
  (option: string) =>
  (text: string): number => {
    if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
    throw new WarrenError(`${option} is "${visible(text)}".`, { allowed: ["1, 2, 3, ..."], exitCode: 2 });
  };

/** `limit`: what it limits here. */
export function withFilters(command: Command, limit: string, defaultLimit?: number): Command {
  const limited = new Option("--limit <number>", limit).argParser(count("--limit"));
  if (defaultLimit !== undefined) limited.default(defaultLimit);
  return command
    .addOption(
      new Option(
        "--reason <reason>",
        "that died for this: rejected, expired, maxlen, delivery_limit, exhausted, malformed, invalid, parked",
      ).argParser(several),
    )
    .addOption(new Option("--from <queue>", "that died in this queue").argParser(several))
    .addOption(new Option("--older-than <age>", "that died longer ago: 1h, 7d"))
    .addOption(new Option("--younger-than <age>", "that died less long ago"))
    .addOption(
      new Option("--header <name=value>", "with this header, as text; name:=json has a type; all that are given")
        .argParser(header)
        .default({}, "none"),
    )
    .addOption(new Option("--id <id>", "with this message id").argParser(several))
    .addOption(new Option("--message <name>", "that are this message of a topology (their property type)").argParser(several))
    .addOption(limited);
}

/** Throws a WarrenError (exit code 2) for ages that are none. */
export function filterOf({ reason, from, olderThan, youngerThan, header: headers, id, message }: FilterOptions): Filter {
  return {
    reasons: reason,
    from,
    olderThan: olderThan === undefined ? undefined : durationOption("--older-than", olderThan),
    youngerThan: youngerThan === undefined ? undefined : durationOption("--younger-than", youngerThan),
    headers,
    ids: id,
    names: message,
  };
}

/** Throws a WarrenError (exit code 2) if there is nothing that a deletion is limited by. */
export function requireFilter(filter: Filter, limit: number | undefined, all: boolean | undefined): void {
  if (all && !isEmpty(filter))
    throw new WarrenError("Both --all and a filter are given; there can be one.", { remedy: "leave one of them out", exitCode: 2 });
  if (all || !isEmpty(filter) || limit !== undefined) return;
  throw new WarrenError("Without a filter every message would be deleted.", {
    allowed: ["--reason", "--from", "--older-than", "--younger-than", "--header", "--id", "--message", "--limit", "--all"],
    remedy: "say which are meant, or --all",
    exitCode: 2,
  });
}
