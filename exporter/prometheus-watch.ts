/** Tells Alertmanager that Prometheus is gone, and that it is back: nobody else in an installation would. */
import { withoutCredentials } from "../broker/faults.js";
import { prometheusDown } from "../monitoring/prometheus-down.js";

export interface PrometheusWatchOptions {
  /** `http://host:9090` */
  readonly prometheus: string;
  /** `http://host:9093`; each is told. */
  readonly alertmanagers: readonly string[];
  /** The label `installation`. */
  readonly installation: string;
  /** Where the runbooks can be read. */
  readonly runbooks: string;
  /** Milliseconds between two looks. */
  readonly interval: number;
  /** For people: that it is gone or back, and what an Alertmanager says against it. */
  readonly log: (line: string) => void;
}

/** As long as Prometheus itself gives a target before an alert of it fires. */
const LOOKS = 4;
const ANSWER_MS = 5_000;

/** One that is reached and not yet ready reads what it knew: that may take long, and is no fault of it. */
async function fault(url: string, signal: AbortSignal, init: RequestInit = {}): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) });
    await answer.body?.cancel();
    return answer.ok ? undefined : `it answers ${answer.status}`;
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string } };
    return withoutCredentials(cause?.code ?? message);
  }
}

const under = (address: string, path: string): string => `${address.replace(/\/+$/, "")}${path}`;

export class PrometheusWatch {
  #missed = 0;
  /** Since it is gone; told to an Alertmanager each round, which forgets what it hears no more. */
  #since: Date | undefined;
  readonly #refused = new Set<string>();

  constructor(private readonly options: PrometheusWatchOptions) {}

  /** One look. Never throws. */
  async round(signal: AbortSignal): Promise<void> {
    const { prometheus, interval, log } = this.options;
    const why = await fault(under(prometheus, "/-/healthy"), signal);
    if (signal.aborted) return;
    if (why === undefined) {
      this.#missed = 0;
      if (!this.#since) return;
      log("Prometheus: seen again");
      await this.#tell(new Date(), signal);
      this.#since = undefined;
      return;
    }
    if (++this.#missed < LOOKS) return;
    if (!this.#since) {
      this.#since = new Date();
      log(`Prometheus: ${why}; Alertmanager is told`);
    }
    await this.#tell(new Date(Date.now() + LOOKS * Math.max(interval, ANSWER_MS)), signal);
  }

  async #tell(endsAt: Date, signal: AbortSignal): Promise<void> {
    const { prometheus, alertmanagers, installation, runbooks, log } = this.options;
    const alert = prometheusDown(installation, new URL(prometheus).host, runbooks);
    const body = JSON.stringify([{ ...alert, startsAt: this.#since?.toISOString(), endsAt: endsAt.toISOString() }]);
    await Promise.all(
      alertmanagers.map(async (address) => {
        const why = await fault(under(address, "/api/v2/alerts"), signal, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body,
        });
        if (why === undefined) this.#refused.delete(address);
        else if (!this.#refused.has(address)) {
          this.#refused.add(address);
          log(`Alertmanager ${new URL(address).host}: ${why}`);
        }
      }),
    );
  }
}
