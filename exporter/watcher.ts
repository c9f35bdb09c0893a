/** Looks at the broker, round by round, and keeps what it saw in the metrics. What cannot be seen stays as it was last, but for quorums. */
import { drift } from "../broker/drift.js";
import { BrokerError } from "../broker/faults.js";
import { readLive } from "../broker/live.js";
import type { Management } from "../broker/management.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { expiryOf, type CertificateEndpoint, type CertificateTls } from "./certificates.js";
import { Choice } from "./choice.js";
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
  /** Of each node; facts about the cluster come from the one that answered last. */
  readonly nodes: readonly Management[];
  readonly copies: ReadonlyMap<string, Copies>;
  readonly certificates: readonly CertificateEndpoint[];
  readonly tls: CertificateTls;
  /** Milliseconds between two looks at what is costly: drift, certificates, the first of the dead letters. */
  readonly slowInterval: number;
}

/** What a look is of, as its label says. */
type Look = "queues" | "drift" | "consumers" | "dead letters" | "letter ages" | "quorum" | "certificate";
interface At {
  readonly vhost?: string;
  readonly endpoint?: string;
}

export class Watcher {
  /** When the costly ones are due, by name; one that failed is due at once. */
  readonly #due = new Map<string, number>();
  readonly #nodeNames = new Map<Management, string>();
  readonly #nodes: Choice<Management>;

  constructor(private readonly options: WatcherOptions) {
    const { metrics, subjects, nodes, certificates } = options;
    // What a node refuses the others refuse too.
    this.#nodes = new Choice(nodes, (error) => error instanceof BrokerError && ["unreachable", "failed"].includes(error.kind));
    for (const { vhost, deaths, expected, lettered } of subjects) {
      for (const death of deaths) metrics.warren_dead_letters_total.inc({ vhost, ...death }, 0);
      for (const { queue, service } of expected) metrics.warren_queue_expected_consumers.set({ vhost, queue, service }, 1);
      for (const look of ["consumers", "dead letters"] as const) this.#tell(look, { vhost }, false);
      if (lettered.length > 0) this.#tell("letter ages", { vhost }, false);
    }
    // One that never succeeds has a value too.
    for (const look of ["queues", "drift"] as const) this.#tell(look, {}, false);
    for (const { endpoint } of nodes) this.#tell("quorum", { endpoint }, false);
    for (const { label: endpoint } of certificates) this.#tell("certificate", { endpoint }, false);
  }

  /** Everything once. Never throws: what fails is told by the faults, by its look, and by a vhost's last success that grows old. */
  async round(): Promise<void> {
    const { subjects, nodes, certificates, faults } = this.options;
    const here = await faults.during("queues", () => this.#queues(), this.#teller("queues", {}));
    const [drifted, critical, expiries] = await Promise.all([
      this.#slowly("drift", "drift", {}, () => this.#drift()),
      Promise.all(nodes.map((node) => this.#quorum(node))),
      Promise.all(
        certificates.map((endpoint) =>
          this.#slowly(`certificate of ${endpoint.label}`, "certificate", { endpoint: endpoint.label }, () => this.#certificate(endpoint)),
        ),
      ),
    ]);
    const all = [drifted, ...critical, ...expiries].every((seen) => seen === true);
    await Promise.all(subjects.map((subject) => this.#subject(subject, here, all)));
  }

  async #subject(subject: Subject, here: ReadonlyMap<string, ReadonlySet<string>> | undefined, all: boolean): Promise<void> {
    const { faults, metrics } = this.options;
    const { vhost } = subject;
    const seen = await faults.during(`vhost "${vhost}"`, () => this.#vhost(subject), this.#teller("consumers", { vhost }));
    if (!here) {
      this.#tell("dead letters", { vhost }, false);
      return;
    }
    const copied = await faults.during(
      `dead letters of vhost "${vhost}"`,
      () => this.#copy(vhost, here),
      this.#teller("dead letters", { vhost }),
    );
    const aged =
      subject.lettered.length === 0 ||
      (await this.#slowly(`ages of dead letters of vhost "${vhost}"`, "letter ages", { vhost }, () => this.#letterAges(subject, here)));
    if (all && seen && copied && aged) metrics.warren_exporter_last_success_timestamp_seconds.set({ vhost }, Date.now() / 1000);
  }

  #tell(look: Look, { vhost = "", endpoint = "" }: At, up: boolean): void {
    this.options.metrics.warren_exporter_look_up.set({ look, vhost, endpoint }, up ? 1 : 0);
  }

  readonly #teller =
    (look: Look, at: At) =>
    (up: boolean): void =>
      this.#tell(look, at, up);

  /** `true`, or of what is not due: whether it went well. */
  async #slowly(what: string, kind: Look, at: At, look: () => Promise<void>): Promise<true | undefined> {
    if (Date.now() < (this.#due.get(what) ?? 0)) return true;
    const done = await this.options.faults.during(
      what,
      async () => {
        await look();
        return true as const;
      },
      this.#teller(kind, at),
    );
    if (done) this.#due.set(what, Date.now() + this.options.slowInterval);
    return done;
  }

  /** Names of the queues that are there, by vhost. */
  async #queues(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const byVhost = new Map<string, Set<string>>();
    for (const { vhost, name } of await this.#nodes.ask((node) => node.placements())) {
      byVhost.set(vhost, (byVhost.get(vhost) ?? new Set()).add(name));
    }
    return byVhost;
  }

  async #vhost(subject: Subject): Promise<true> {
    const { metrics } = this.options;
    const { vhost } = subject;
    const consumers = await this.#nodes.ask((node) => node.consumers(vhost));
    for (const { queue, service, count } of liveConsumers(subject, consumers)) {
      metrics.warren_queue_service_consumers.set({ vhost, queue, service }, count);
    }
    if (subject.stamped.size === 0) return true;
    const ages = headAges(subject, await this.#nodes.ask((node) => node.heads(vhost)), Date.now());
    this.#setAges(vhost, [...subject.stamped], ages);
    return true;
  }

  async #letterAges({ vhost, lettered }: Subject, here: ReadonlyMap<string, ReadonlySet<string>>): Promise<void> {
    const there = lettered.filter((queue) => here.get(vhost)?.has(queue));
    this.#setAges(vhost, lettered, (await this.options.copies.get(vhost)?.ages(there)) ?? new Map<string, number>());
  }

  /** An empty queue's head has no age. */
  #setAges(vhost: string, queues: readonly string[], ages: ReadonlyMap<string, number>): void {
    const gauge = this.options.metrics.warren_queue_head_age_seconds;
    for (const queue of queues) {
      const age = ages.get(queue);
      if (age === undefined) gauge.remove({ vhost, queue });
      else gauge.set({ vhost, queue }, age);
    }
  }

  async #copy(vhost: string, here: ReadonlyMap<string, ReadonlySet<string>>): Promise<true> {
    await this.options.copies.get(vhost)?.ensure(here.get(vhost) ?? new Set());
    return true;
  }

  /** What a node said before is worth nothing when it says no more. */
  async #quorum(node: Management): Promise<true | undefined> {
    const { metrics, faults } = this.options;
    const gauge = metrics.warren_node_quorum_critical;
    const { endpoint } = node;
    const found = await faults.during(
      `node ${endpoint}`,
      async () => {
        const { node: name = endpoint } = await node.overview();
        return { name, critical: (await node.health("node-is-quorum-critical")) !== undefined };
      },
      this.#teller("quorum", { endpoint }),
    );
    const before = this.#nodeNames.get(node);
    // Behind the same address there is another node now, or none.
    if (before !== undefined && before !== found?.name) gauge.remove({ node: before });
    if (!found) {
      this.#nodeNames.delete(node);
      return undefined;
    }
    this.#nodeNames.set(node, found.name);
    gauge.set({ node: found.name }, found.critical ? 1 : 0);
    return true;
  }

  async #drift(): Promise<void> {
    const { plan, metrics } = this.options;
    const vhosts = plan.vhosts.map(({ vhost }) => vhost.name);
    const live = await this.#nodes.ask((node) => readLive(node, vhosts));
    for (const { vhost, kind, count } of driftCounts(drift(plan, live), vhosts)) {
      metrics.warren_drift_objects.set({ vhost, kind }, count);
    }
  }

  async #certificate(endpoint: CertificateEndpoint): Promise<void> {
    const expiry = await expiryOf(endpoint, this.options.tls);
    this.options.metrics.warren_certificate_expiry_timestamp_seconds.set({ endpoint: endpoint.label }, expiry);
  }
}
