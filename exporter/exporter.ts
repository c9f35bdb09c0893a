/** The exporter: watches a broker by its topology, and serves what it knows. Reads only; what it sets up on the broker ends with it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Registry } from "prom-client";
import { Management } from "../broker/management.js";
import type { Endpoint } from "../broker/transport.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { Installation } from "../topology/model.js";
import type { Address } from "../workers/connection/address.js";
import type { CertificateEndpoint } from "./certificates.js";
import { Choice } from "./choice.js";
import { Copies } from "./copies.js";
import { Faults } from "./faults.js";
import { metrics } from "./series.js";
import { PrometheusWatch, type PrometheusWatchOptions } from "./prometheus-watch.js";
import { metricsServer } from "./server.js";
import { deathOf, subjects } from "./subjects.js";
import { Watcher } from "./watcher.js";

/** One node of the cluster. */
export interface ExporterBroker {
  readonly management: Endpoint;
  readonly amqp: Address;
}

export interface ExporterOptions {
  readonly installation: Installation;
  readonly environment?: string | undefined;
  /** All nodes: each is asked whether it is quorum critical, anything else the one that answered last. */
  readonly brokers: readonly [ExporterBroker, ...ExporterBroker[]];
  readonly certificates: readonly CertificateEndpoint[];
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Milliseconds between two looks. */
  readonly interval: number;
  /** Milliseconds between two looks at drift, certificates and the first of the dead letters. */
  readonly slowInterval: number;
  /** Whose end is told to Alertmanager. */
  readonly watched?: Omit<PrometheusWatchOptions, "interval" | "log">;
  /** For people: what cannot be seen, and when it can again. Without secrets. */
  readonly log: (line: string) => void;
}

export interface Exporter {
  /** `http://127.0.0.1:9419` */
  readonly url: string;
  readonly registry: Registry;
  /** Ends the server, the copies and the connections. Can be called twice. */
  stop(): Promise<void>;
}

/** A broker that says nothing is not waited for as long as by the command: the other nodes may know. */
const ANSWER_MS = 15_000;
const LAST_ROUND_MS = 2_000;

/** Resolves when it serves, before the broker was asked; a broker that is away is no fault. Throws a WarrenError (exit code 2) if it cannot listen. */
export async function startExporter(options: ExporterOptions): Promise<Exporter> {
  const { installation, environment, brokers, log } = options;
  const all = subjects(installation, environment);
  const kept = metrics();
  const nodes = brokers.map(({ management }) => new Management({ answerTimeoutMs: ANSWER_MS, ...management }));
  const { username, password, ca, cert, key } = brokers[0].management;
  const tls = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
  const credentials = { username, password };
  const copies = new Map(
    all.map((subject) => {
      const { vhost, watched } = subject;
      const settings = brokers.map(({ amqp: address }) => ({ address, vhost, credentials, tls, name: "warren exporter" }));
      const count = kept.warren_dead_letters_total;
      return [
        vhost,
        new Copies(new Choice(settings), watched, (queue, letter) => count.inc({ vhost, ...deathOf(subject, queue, letter) })),
      ];
    }),
  );
  const watcher = new Watcher({
    ...{ metrics: kept, faults: new Faults(log), plan: compileInstallation(installation, environment), subjects: all, nodes, copies, tls },
    certificates: options.certificates,
    slowInterval: options.slowInterval,
  });
  const server = await metricsServer(kept.registry, options.host, options.port);
  for (const { notes } of all) notes.forEach(log);
  const ending = new AbortController();
  const { interval, watched } = options;
  const watch = watched && new PrometheusWatch({ ...watched, interval, log });
  const running = Promise.all([
    rounds(() => watcher.round(), interval, ending.signal),
    watch && rounds(() => watch.round(ending.signal), interval, ending.signal),
  ]);
  const end = async (): Promise<void> => {
    ending.abort();
    const closed = (): Promise<unknown> => Promise.all([...copies.values()].map((copy) => copy.close()));
    await Promise.all([server.close(), closed()]);
    // A round that is under way may have opened one once more; one that waits for a broker's answer is not waited for.
    await Promise.race([running, sleep(LAST_ROUND_MS, undefined, { ref: false })]);
    await closed();
    await Promise.race([Promise.all(nodes.map((node) => node.close())), sleep(LAST_ROUND_MS, undefined, { ref: false })]);
  };
  let ended: Promise<void> | undefined;
  return { url: server.url, registry: kept.registry, stop: () => (ended ??= end()) };
}

async function rounds(round: () => Promise<void>, interval: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await round();
    await sleep(interval, undefined, { signal }).catch(() => undefined);
  }
}
