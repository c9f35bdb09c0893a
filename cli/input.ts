/** What a verb works on: a system's name, a file, definitions, or what a live broker holds, as one installation. */
import { readFileSync } from "node:fs";
import { Management } from "../broker/index.js";
import { brokerAddress, type BrokerAddress } from "../broker/address.js";
import { loadTopology } from "../sources/load.js";
import { WarrenError } from "../topology/errors.js";
import type { Finding } from "../topology/check/finding.js";
import { counts, findingsText } from "../topology/check/findings-text.js";
import { looksLikeDefinitions } from "../topology/definitions-format.js";
import { environmentsOf } from "../topology/environments.js";
import type { Installation } from "../topology/model.js";
import { nearest } from "../topology/nearest.js";
import { read } from "../topology/read.js";
import { systems } from "../topology/systems/index.js";
import { visible, type Console } from "./output.js";
import { BASE_SIZES } from "./verb.js";

export interface Input {
  /** What it is called in messages. */
  readonly label: string;
  /** None if there are structural errors among the findings. */
  readonly installation?: Installation;
  readonly findings: readonly Finding[];
  /** It is what a broker holds or exported, which knows no messages, services and templates. */
  readonly exported: boolean;
}

const isExported = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && looksLikeDefinitions(value);

/** What a value is, that comes from somewhere. */
export const inputFrom = (value: unknown, label: string): Input => ({ label, ...read(value, label), exported: isExported(value) });

function fromText(text: string, label: string): Input {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new WarrenError(`${label} is no JSON: ${visible((error as Error).message)}`, {
      remedy: "pipe definitions that RabbitMQ exported, or a topology as JSON",
      exitCode: 2,
    });
  }
  return inputFrom(value, label);
}

/** The definitions of a broker, or of one vhost of it, with the internal exchanges that an export leaves out. */
export async function exportOf(management: Management, vhost?: string): Promise<{ readonly [key: string]: unknown }> {
  const [definitions, exchanges] = await Promise.all([management.rawDefinitions(vhost), management.exchanges()]);
  const exported = definitions as { exchanges?: object[] };
  const internal = exchanges.filter(
    ({ internal: is, vhost: of, arguments: args }) => is && !("x-internal-purpose" in args) && (vhost === undefined || of === vhost),
  );
  return { ...exported, exchanges: [...(exported.exchanges ?? []), ...internal.map((exchange) => ofVhost(exchange, vhost))] };
}

/** Reads all vhosts, or the one that the address names. */
async function fromBroker(url: string, console: Console): Promise<Input> {
  const address = brokerAddress({ url, environment: console.environment, directory: console.cwd });
  const management = new Management(address.management);
  try {
    const label = address.vhost ?? management.endpoint;
    return { label, ...read(await exportOf(management, address.vhost), label), exported: true };
  } finally {
    await management.close();
  }
}

/** An export of one vhost does not say which. */
function ofVhost<E extends { readonly vhost?: unknown }>({ vhost, ...exchange }: E, only: string | undefined): object {
  return only === undefined ? { vhost, ...exchange } : exchange;
}

/** The topology argument of a verb. Throws a WarrenError (exit code 2) for what names nothing. */
export async function readInput(argument: string | undefined, broker: string | undefined, console: Console): Promise<Input> {
  if (broker !== undefined && argument !== undefined) {
    throw new WarrenError(`Both a topology ("${visible(argument)}") and --broker are given; there can be one.`, {
      remedy: "leave one of them out; to compare them, use warren drift",
      exitCode: 2,
    });
  }
  if (broker !== undefined) return fromBroker(broker, console);
  if (argument === undefined) {
    throw new WarrenError("No topology is given.", {
      allowed: [...Object.keys(systems), "all", "a file", "- for JSON from the input", "--broker URL"],
      remedy: "name one, before the options: contextiq, ./orders.ts",
      exitCode: 2,
    });
  }
  if (argument === "-") return fromText(readFileSync(0, "utf8"), "the input");
  const { label, value } = await loadTopology(argument, console.cwd);
  return inputFrom(value, label);
}

/** Throws a WarrenError (exit code 2) for an environment that topologies with environments do not have: its sizes would not be those meant. */
export function checkEnvironment(installation: Installation, environment: string | undefined): void {
  if (environment === undefined || environment === BASE_SIZES) return;
  const known = environmentsOf(installation);
  // A topology without any has the same sizes in all of them.
  if (known.length === 0 || known.includes(environment)) return;
  const near = nearest(environment, known);
  throw new WarrenError(`No topology here has an environment "${visible(environment)}".`, {
    allowed: [...known, BASE_SIZES],
    remedy: `${near === undefined ? "" : `did you mean "${visible(near)}"? Otherwise `}declare it under \`environments\`, or take the base sizes: --environment ${BASE_SIZES}`,
    exitCode: 2,
  });
}

/** A live broker that a verb lays a topology beside. */
interface Live extends Pick<BrokerAddress, "environment" | "source"> {
  readonly management: { readonly endpoint: string };
}

/**
 * Whose sizes a live broker has, for verbs that lay a topology beside it: those of another environment would be faults there, or be put there.
 * The dev stack has said it itself. Throws a WarrenError (exit code 2) where it has to be said, and where what is said is not what the dev
 * stack has: then another broker is meant, and not named.
 */
export function liveEnvironment(
  installation: Installation,
  given: string | undefined,
  { environment, source, management }: Live,
): string | undefined {
  const known = environmentsOf(installation);
  const isOther = given !== undefined && environment !== undefined && given !== environment;
  // A stack has the base sizes where the topology does not have its environment.
  if (isOther && (given !== BASE_SIZES || known.includes(environment))) {
    const found = `that of ${visible(source)}, ${visible(management.endpoint)}, is of environment "${visible(environment)}"`;
    throw new WarrenError(`No broker is named, and ${found}, not "${visible(given)}".`, {
      remedy:
        "name the one that is meant: --broker URL or WARREN_BROKER_URL, or WARREN_STACK=NAME for another stack of this directory; " +
        "if it is this one, leave --environment out",
      exitCode: 2,
    });
  }
  if (given !== undefined || environment !== undefined || known.length === 0) return given ?? environment;
  throw new WarrenError("The topology has other sizes in each environment, and none is named: which does the broker have?", {
    allowed: [...known, BASE_SIZES],
    remedy: `name it: --environment ${visible(known.at(-1) ?? "")}; a stack has that of its warren:environment, else of its own name, and the base sizes (${BASE_SIZES}) if the topology does not have that one`,
    exitCode: 2,
  });
}

/** Says which broker it is, before anything is asked of it: where none is named, it is the dev stack's. */
export const tellBroker = ({ management, source }: Pick<Live, "management" | "source">, { error }: Pick<Console, "error">): void =>
  error(visible(`broker: ${management.endpoint} (${source})`));

/** What verbs that need a topology whole work on: structural errors are shown and end the verb with exit code 2; warnings go to the error output. */
export function wholeOf({ installation, findings, label }: Input, console: Console): Installation {
  if (findings.length > 0) console.error(findingsText(findings, { visible }));
  if (installation) return installation;
  throw new WarrenError(`${visible(label)} cannot be read: ${counts(findings).errors} structural error(s).`, {
    remedy: "mend what is listed above",
    exitCode: 2,
  });
}

/** For verbs that need a topology whole. */
export async function readInstallation(
  argument: string | undefined,
  given: { readonly broker?: string | undefined; readonly environment?: string | undefined },
  console: Console,
): Promise<Installation> {
  const installation = wholeOf(await readInput(argument, given.broker, console), console);
  checkEnvironment(installation, given.environment);
  return installation;
}
