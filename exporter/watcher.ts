/** Looks at the broker, round by round, and keeps what it saw in the metrics. What cannot be seen stays as it was last. */
import { drift } from "../broker/drift.js";
import { BrokerError } from "../broker/faults.js";
import { readLive } from "../broker/live.js";
import type { Management } from "../broker/management.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { expiryOf, type CertificateEndpoint, type CertificateTls } from "./certificates.js";
import type { Copies } from "./copies.js";
import type { Faults } from "./faults.js";
import { driftCounts, headAges, liveConsumers } from "./readings.js";
import type { Metrics } from "./series.js";
import type { Subject } from "./subjects.js";

export interface WatcherOptions {
  readonly metrics: Metrics;
  readonly faults: Faults;
  readonly plan: InstallationPlan;
  readonly subjects: readonly Subject[];
  /** Of each node; facts about the cluster come from the first that answers. */
  readonly nodes: readonly Management[];
  readonly copies: ReadonlyMap<string, Copies>;
  readonly certificates: readonly CertificateEndpoint[];
  readonly tls: CertificateTls;
  /** Milliseconds between two looks at what is costly: drift and certificates. */
  readonly slowInterval: number;
}

export class Watcher {
  /** When the costly ones are due, by name; one that failed is due at once. */
  readonly #due = new Map<string, number>();
  readonly #nodeNames = new Map<Management, string>();

  constructor(private readonly options: WatcherOptions) {
    const { metrics, subjects } = options;
    for (const { vhost, deaths, expected } of subjects) {
      for (const death of deaths) metrics.warren_dead_letters_total.inc({ vhost, ...death }, 0);
      for (const { queue, service } of expected) metrics.warren_queue_expected_consumers.set({ vhost, queue, service }, 1);
    }
  }

  /** Everything once. Never throws: what fails is told by the faults, and by a vhost's last success that grows old. */
  async round(): Promise<void> {
    const { subjects, nodes, certificates, faults, metrics } = this.options;
    const here = await faults.during("queues", () => this.#queues());
    const [drifted] = await Promise.all([
      this.#slowly("drift", () => this.#drift()),
      Promise.all(nodes.map((node) => faults.during(`node ${node.endpoint}`, () => this.#quorum(node)))),
      Promise.all(certificates.map((endpoint) => this.#slowly(`certificate of ${endpoint.label}`, () => this.#certificate(endpoint)))),
    ]);
    for (const subject of subjects) {
      const { vhost } = subject;
      const seen = await faults.during(`vhost "${vhost}"`, () => this.#vhost(subject));
      const copied = here && (await faults.during(`dead letters of vhost "${vhost}"`, () => this.#copy(vhost, here)));
      if (here && drifted && seen && copied) metrics.warren_exporter_last_success_timestamp_seconds.set({ vhost }, Date.now() / 1000);
    }
  }

  /** `true`, or of what is not due: whether it went well. */
  async #slowly(what: string, look: () => Promise<void>): Promise<true | undefined> {
    if (Date.now() < (this.#due.get(what) ?? 0)) return true;
    const done = await this.options.faults.during(what, async () => {
      await look();
      return true as const;
    });
    if (done) this.#due.set(what, Date.now() + this.options.slowInterval);
    return done;
  }

  /** By the first node that answers. */
  async #ask<T>(question: (node: Management) => Promise<T>): Promise<T> {
    let first: unknown;
    for (const node of this.options.nodes) {
      try {
        return await question(node);
      } catch (error) {
        first ??= error;
        if (!(error instanceof BrokerError) || !["unreachable", "failed"].includes(error.kind)) break;
      }
    }
    throw first;
  }

  /** Names of the queues that are there, by vhost. */
  async #queues(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const byVhost = new Map<string, Set<string>>();
    for (const { vhost, name } of await this.#ask((node) => node.placements())) {
      byVhost.set(vhost, (byVhost.get(vhost) ?? new Set()).add(name));
    }
    return byVhost;
  }

  async #vhost(subject: Subject): Promise<true> {
    const { metrics } = this.options;
    const { vhost } = subject;
    const consumers = await this.#ask((node) => node.consumers(vhost));
    for (const { queue, service, count } of liveConsumers(subject, consumers)) {
      metrics.warren_queue_service_consumers.set({ vhost, queue, service }, count);
    }
    if (!subject.hasClassic) return true;
    const ages = headAges(subject, await this.#ask((node) => node.heads(vhost)), Date.now());
    const gauge = metrics.warren_queue_head_age_seconds;
    for (const { labels } of (await gauge.get()).values) {
      // An empty queue's head has no age.
      if (labels.vhost === vhost && !ages.has(String(labels.queue))) gauge.remove(labels);
    }
    for (const [queue, age] of ages) gauge.set({ vhost, queue }, age);
    return true;
  }

  async #copy(vhost: string, here: ReadonlyMap<string, ReadonlySet<string>>): Promise<true> {
    await this.options.copies.get(vhost)?.ensure(here.get(vhost) ?? new Set());
    return true;
  }

  async #quorum(node: Management): Promise<void> {
    const gauge = this.options.metrics.warren_node_quorum_critical;
    const { node: name = node.endpoint } = await node.overview();
    const critical = await node.health("node-is-quorum-critical");
    const before = this.#nodeNames.get(node);
    // Behind the same address there is another node now.
    if (before !== undefined && before !== name) gauge.remove({ node: before });
    this.#nodeNames.set(node, name);
    gauge.set({ node: name }, critical === undefined ? 0 : 1);
  }

  async #drift(): Promise<void> {
    const { plan, metrics } = this.options;
    const vhosts = plan.vhosts.map(({ vhost }) => vhost.name);
    const live = await this.#ask((node) => readLive(node, vhosts));
    for (const { vhost, kind, count } of driftCounts(drift(plan, live), vhosts)) {
      metrics.warren_drift_objects.set({ vhost, kind }, count);
    }
  }

  async #certificate(endpoint: CertificateEndpoint): Promise<void> {
    const expiry = await expiryOf(endpoint, this.options.tls);
    this.options.metrics.warren_certificate_expiry_timestamp_seconds.set({ endpoint: endpoint.label }, expiry);
  }
}
