/** The entrance: a service of a topology, connected to its broker. */
import { entry } from "../topology/entry.js";
import { vhostName } from "../topology/names.js";
import { nearest } from "../topology/nearest.js";
import { target } from "../topology/permissions.js";
import { Bus } from "./bus.js";
import type { BusSettings } from "./bus-settings.js";
import { checkCodec, type CodecOptions } from "./codec/index.js";
import { parseAddress, type Credentials, type Tls } from "./connection/address.js";
import type { Backoff } from "./connection/backoff.js";
import { Link, type LinkOptions } from "./connection/link.js";
import { declareOwn } from "./declare.js";
import { fatal, refusalOf, WorkerError } from "./errors.js";
import { silent, type Observer } from "./observe/observer.js";
import type { GuardOptions } from "./publish/guards.js";
import { Publisher, type PublisherLimits } from "./publish/publisher.js";
import { connectOptions, settings } from "./settings.js";
import type { AnyTopology, ServiceName } from "./types.js";

export interface ConnectOptions<S extends string = string> extends GuardOptions, CodecOptions {
  /** Who this is: one of the topology's services. */
  readonly service: S;
  /**
   * `amqp://user:password@host:5672/vhost`, or several of one cluster, tried in turn.
   * @default this and all that is not given here from the environment: `RABBITMQ_URL`, ... (docs/workers.md has the table)
   */
  readonly url?: string | readonly string[];
  /** Asked before every attempt to connect: new ones are taken without a restart. @default those of the address */
  readonly credentials?: Credentials | (() => Credentials | Promise<Credentials>);
  /** For amqps. A function is asked before every attempt to connect: renewed certificates are taken without a restart. */
  readonly tls?: Tls | (() => Tls | Promise<Tls>);
  /** @default the address's, else the topology's */
  readonly vhost?: string;
  /** Seconds; a peer that is silent for two of them is gone. @default 10 */
  readonly heartbeat?: number;
  /** Milliseconds for one attempt. @default 10000 */
  readonly connectTimeout?: number;
  /** Attempts at the start; later losses are mended for as long as it takes. @default 10 */
  readonly attempts?: number;
  /** Between attempts. @default 100 ms to 30 s, doubled each time, a random half of it */
  readonly backoff?: Backoff;
  /** What distinguishes this process in the broker's list of connections. @default its process id */
  readonly instance?: string;
  /** Unacknowledged deliveries of one consumer. @default 100 */
  readonly prefetch?: number;
  /** Milliseconds for one handling. @default none */
  readonly handlerTimeout?: number;
  /** Unconfirmed messages, what may wait, and for how long. @default 1000; 10000 messages and 64 MiB; 30000 ms */
  readonly publishing?: Partial<PublisherLimits>;
  /** Bodies may have so many bytes, decoded. @default 16 MiB */
  readonly maxBodyBytes?: number;
  /** Milliseconds that a queue may be missing after it was there. @default 60000 */
  readonly missingFor?: number;
  /** Milliseconds that `close` waits for what is begun. @default 30000 */
  readonly drainDeadline?: number;
  /** Metrics, logs, traces. @default none */
  readonly observer?: Observer;
}

/**
 * Connects a service, declares what the topology says that it declares itself, and makes sure that what it uses is there.
 * Throws a `WorkerError`: "unreachable", "unauthorized", "missing", "different", "tls", "wrong-use".
 *
 * @example
 * const bus = await connect(contextiq, { service: "extraction-worker" });
 * await bus.consume("extraction.requests", async ({ body }) => {
 *   await bus.publish("extraction.result", { session_id: body.session_id, memories_extracted: 3, success: true });
 * });
 */
export async function connect<const T extends AnyTopology, const S extends ServiceName<T>>(
  topology: T,
  options: ConnectOptions<S>,
): Promise<Bus<T, S>> {
  checkService(topology, options.service);
  return open(topology, options.url === undefined ? { ...(await connectOptions(settings(process.env))), ...options } : options);
}

async function open<T extends AnyTopology, S extends ServiceName<T>>(topology: T, options: ConnectOptions<S>): Promise<Bus<T, S>> {
  const { service, observer = silent } = options;
  checkCodec(options);
  const link = (purpose: LinkOptions["purpose"]): Link => new Link(linkOptions(topology, options, purpose, observer));
  const publish = link("publish");
  let consume: Link | undefined;
  let opening: Promise<Link> | undefined;
  const settings = settingsOf(options);
  const publisher = new Publisher(publish, settings.publisher, observer);
  const links = {
    publish,
    opened: () => consume,
    consume: () =>
      (opening ??= (async () => {
        const opened = link("consume");
        try {
          await opened.start();
        } catch (error) {
          opening = undefined;
          throw error;
        }
        await opened.add(listener);
        return (consume = opened);
      })()),
  };
  const bus = new Bus<T, S>(topology, settings, links, observer, publisher);
  /** A connection that is given up ends the bus. */
  const listener = { open: async () => undefined, lost: () => undefined, failed: (fault: WorkerError) => bus.fail(fault) };
  try {
    await publish.add(publisher);
    await publish.start();
    await publish.add(listener);
    await declareOwn(topology, service, (work) => publish.use(work));
    await verify(topology, service, publish);
    return bus;
  } catch (error) {
    publisher.close();
    await publish.close();
    throw error;
  }
}

function checkService(topology: AnyTopology, service: string): void {
  if (entry(topology.services, service)) return;
  const known = Object.keys(topology.services);
  const near = nearest(service, known);
  throw new WorkerError("wrong-use", `Topology "${topology.name}" has no service "${service}".`, {
    remedy: `${near === undefined ? "" : `did you mean "${near}"? `}allowed: ${known.join(", ") || "none"}`,
  });
}

function linkOptions(topology: AnyTopology, options: ConnectOptions, purpose: LinkOptions["purpose"], observer: Observer): LinkOptions {
  const {
    url = [],
    tls,
    heartbeat = 10,
    connectTimeout = 10_000,
    attempts = 10,
    backoff = {},
    service,
    instance = `${process.pid}`,
  } = options;
  const addresses = (typeof url === "string" ? [url] : url).map(parseAddress);
  const given = options.credentials ?? addresses.find(({ credentials }) => credentials)?.credentials;
  if (!given)
    throw new WorkerError("wrong-use", "No user is given for the broker.", {
      remedy: "put it into the address (amqp://user:password@host), or set RABBITMQ_USERNAME and RABBITMQ_PASSWORD",
    });
  return {
    addresses,
    vhost: options.vhost ?? addresses.find(({ vhost }) => vhost !== undefined)?.vhost ?? vhostName(topology),
    credentials: async () => (typeof given === "function" ? given() : given),
    refreshes: typeof given === "function",
    tls: async () => (typeof tls === "function" ? tls() : tls),
    heartbeat,
    connectTimeout,
    attempts,
    backoff,
    name: `${topology.name}.${service} ${instance} (${purpose})`,
    purpose,
    observer,
  };
}

function settingsOf(options: ConnectOptions): BusSettings {
  const { service, prefetch = 100, handlerTimeout = 0, publishing, maxBodyBytes = 16 * 1024 * 1024, backoff = {} } = options;
  const { missingFor = 60_000, drainDeadline = 30_000, rateLimit, breaker, compression, encryption } = options;
  return {
    ...{ service, prefetch, handlerTimeout, maxBodyBytes, backoff, missingFor, drainDeadline },
    publisher: { window: 1000, bufferMessages: 10_000, bufferBytes: 64 * 1024 * 1024, timeout: 30_000, ...publishing },
    ...(rateLimit === undefined ? {} : { rateLimit }),
    ...(breaker === undefined ? {} : { breaker }),
    ...(compression === undefined ? {} : { compression }),
    ...(encryption === undefined ? {} : { encryption }),
  };
}

/** Everything that is missing, in one error: a topology that is not provisioned is no fault of the network. */
async function verify(topology: AnyTopology, service: string, link: Link): Promise<void> {
  const definition = entry(topology.services, service);
  if (!definition) return;
  const exchanges = new Set<string>();
  for (const name of definition.publishes ?? []) {
    const message = entry(topology.messages, name);
    if (message) exchanges.add(target(topology, message).exchange);
  }
  const missing: string[] = [];
  for (const exchange of exchanges) {
    if (exchange === "") continue;
    try {
      await link.use((channel) => channel.checkExchange(exchange));
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal?.code === 404) missing.push(`exchange "${exchange}"`);
      else if (refusal) throw fatal(refusal, `Exchange "${exchange}"`) ?? error;
    }
  }
  if (missing.length > 0)
    throw new WorkerError("missing", `Topology "${topology.name}" is not on this broker whole: ${missing.join(", ")} missing.`, {
      remedy: "provision it (`pulumi up`) before its services start",
    });
}
