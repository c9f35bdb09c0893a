/** Where a verb that speaks AMQP works: the broker's AMQP address with its credentials, the vhost, the queue or exchange that is meant. */
import { brokerAddress, type BrokerAddress } from "../broker/address.js";
import { shownAddress } from "../broker/faults.js";
import { Management, type WireQueue } from "../broker/index.js";
import { WarrenError } from "../topology/errors.js";
import { nearest } from "../topology/nearest.js";
import { parseAddress } from "../workers/connection/address.js";
import type { BrokerSettings } from "../workers/dead-letters/index.js";
import { WorkerError } from "../workers/errors.js";
import { visible, type Console } from "./output.js";

export interface TargetOptions {
  readonly broker?: string;
  readonly amqp?: string;
  readonly vhost?: string;
}

export interface AmqpTarget extends Pick<BrokerAddress, "source" | "environment"> {
  readonly management: Management;
  /** That of `--vhost`, else of the address. */
  readonly vhost: string | undefined;
  readonly settings: (vhost: string) => BrokerSettings;
}

/** Of an address for the management API alone: its port - 10000, as the standard ports have it. */
export function amqpUrlOf({ amqpUrl, management }: BrokerAddress, given: string | undefined): string {
  if (given !== undefined) {
    if (URL.canParse(given) && /^amqps?:$/.test(new URL(given).protocol)) return given;
    throw new WarrenError(`--amqp is "${shownAddress(given)}", which is no such address.`, { allowed: ["amqp://host:5672"], exitCode: 2 });
  }
  if (amqpUrl !== undefined) return amqpUrl;
  const { protocol, hostname, port } = new URL(management.endpoint);
  if (Number(port) > 10_000) return `${protocol === "https:" ? "amqps" : "amqp"}://${hostname}:${Number(port) - 10_000}`;
  throw new WarrenError(`The AMQP address cannot be derived from "${management.endpoint}".`, {
    remedy: "give it: --amqp amqp://host:5672; or name the broker by its AMQP address: --broker amqp://user:password@host/vhost",
    exitCode: 2,
  });
}

/** Does with the broker of the options, and leaves it. */
export async function withTarget<T>(given: TargetOptions, console: Console, work: (target: AmqpTarget) => Promise<T>): Promise<T> {
  const address = brokerAddress({ url: given.broker, environment: console.environment, directory: console.cwd });
  const { username, password, ca, cert, key } = address.management;
  const amqp = parseAddress(amqpUrlOf(address, given.amqp));
  const tls = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
  const management = new Management(address.management);
  try {
    return await work({
      management,
      vhost: given.vhost ?? address.vhost,
      source: address.source,
      ...(address.environment === undefined ? {} : { environment: address.environment }),
      settings: (vhost) => ({ address: amqp, vhost, credentials: { username, password }, tls, name: "warren" }),
    });
  } catch (error) {
    throw error instanceof WorkerError ? asWarrenError(error) : error;
  } finally {
    await management.close();
  }
}

const DERIVED =
  "where only the management API is named (http://), AMQP is tried at its port - 10000: else give --amqp amqp://host:5672, which work takes as --broker";

/** A worker's fault as the command tells it: exit code 2 where the use is wrong, or the broker cannot be had. */
export function asWarrenError(error: WorkerError): WarrenError {
  const [fault = error.message] = error.message.split("\n  to do:");
  const derived = error.code === "unreachable" && error.remedy !== undefined ? `; ${DERIVED}` : "";
  return new WarrenError(fault, {
    ...(error.remedy === undefined ? {} : { remedy: error.remedy + derived }),
    exitCode: ["unreachable", "unauthorized", "tls", "wrong-use", "missing", "different"].includes(error.code) ? 2 : 1,
    cause: error,
  });
}

interface Named {
  readonly name: string;
  readonly vhost?: string | undefined;
}

/** The vhost that has a thing of this name: the one that is named, else the only one. */
export function vhostOf(what: string, name: string, vhost: string | undefined, all: readonly Named[]): string {
  const here = all.filter((one) => vhost === undefined || one.vhost === vhost);
  const vhosts = here.filter((one) => one.name === name).flatMap((one) => one.vhost ?? []);
  const [found, second] = vhosts;
  if (found !== undefined && second === undefined) return found;
  if (found === undefined) {
    const near = nearest(
      name,
      here.map((one) => one.name),
    );
    throw new WarrenError(`There is no ${what} "${visible(name)}"${vhost === undefined ? "" : ` in vhost "${visible(vhost)}"`}.`, {
      allowed: [...new Set(here.map((one) => visible(one.name)))].slice(0, 50),
      ...(near === undefined ? {} : { remedy: `did you mean "${visible(near)}"?` }),
      exitCode: 2,
    });
  }
  throw new WarrenError(`Several vhosts have a ${what} "${visible(name)}".`, {
    allowed: vhosts.map(visible),
    remedy: "name one: --vhost NAME",
    exitCode: 2,
  });
}

/** A queue by its name, as the broker has it. */
export async function findQueue({ management, vhost }: AmqpTarget, name: string): Promise<WireQueue & { readonly vhost: string }> {
  const of = vhostOf("queue", name, vhost, await management.placements());
  const queue = await management.getQueue(of, name);
  if (queue) return { ...queue, vhost: of };
  throw new WarrenError(`Queue "${visible(name)}" is gone.`, { exitCode: 2 });
}
