/** What the end-to-end runs of the dev stack share: Docker, and what their Prometheus and Alertmanager know. */
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { Trial } from "./trial.js";

/** Of the first node, and of the tools. */
export interface StackPorts {
  readonly amqpPort: number;
  readonly managementPort: number;
  readonly metricsPort: number;
  readonly amqpsPort: number;
  readonly httpsPort: number;
  /** Where there is monitoring. */
  readonly prometheusPort?: number;
  readonly alertmanagerPort?: number;
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

interface Firing {
  readonly labels: Readonly<Record<string, string>>;
}

/** For all of a run: it ends one that hangs, however slow the machine is. */
const RUN_MS = 40 * 60_000;

export const docker = (...args: readonly string[]): string[] =>
  execFileSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
    .split("\n")
    .filter(Boolean);

/** `--config KEY=VALUE` for each. */
export const configWords = (settings: object): string[] =>
  Object.entries(settings).flatMap(([key, value]) => ["--config", `${key}=${value}`]);

/** A run that hangs ends like one that fails. */
async function tooLong(): Promise<never> {
  await sleep(RUN_MS, undefined, { ref: false });
  throw new Error(`not done within ${RUN_MS / 60_000} minutes`);
}

export class StackRun extends Trial {
  readonly stack = process.env["WARREN_STACK"] ?? "";
  /** Of the names of all containers. */
  readonly prefix = `warren-${this.stack}`;
  readonly prometheus: string;
  readonly alertmanager: string;
  /** Names of alerts that were waited for, and came. */
  readonly provoked = new Set<string>();

  constructor(readonly ports: StackPorts) {
    super();
    this.prometheus = `http://127.0.0.1:${ports.prometheusPort}`;
    this.alertmanager = `http://127.0.0.1:${ports.alertmanagerPort}`;
  }

  /** What the stack has in Docker. */
  left(): string[] {
    const filter = ["--filter", `label=warren.stack=${this.stack}`];
    return [
      ...docker("ps", "--all", "--quiet", ...filter),
      ...docker("volume", "ls", "--quiet", ...filter),
      ...docker("network", "ls", "--quiet", ...filter),
    ];
  }

  /** A container by its name without the prefix. */
  stop(name: string): void {
    docker("stop", "-t", "5", `${this.prefix}-${name}`);
  }

  start(name: string): void {
    docker("start", `${this.prefix}-${name}`);
  }

  rabbitmqctl(node: number, ...args: readonly string[]): string[] {
    return docker("exec", "--user", "rabbitmq", `${this.prefix}-broker-${node}`, "rabbitmqctl", "--quiet", ...args);
  }

  /** Throws with what Prometheus says of a query that it does not take. */
  async ask(query: string): Promise<Sample[]> {
    const answer = await fetch(`${this.prometheus}/api/v1/query`, { method: "POST", body: new URLSearchParams({ query }) });
    const { status, error, data } = (await answer.json()) as { status: string; error?: string; data?: { result: Sample[] } };
    if (status !== "success" || !data) throw new Error(`${error}: ${query}`);
    return data.result;
  }

  /** The alerts that Alertmanager has: by name, and by name and value of the label (`NodeDown broker-0:15692`). */
  async firing(label = "job"): Promise<Set<string>> {
    const answer = await fetch(`${this.alertmanager}/api/v2/alerts?active=true`);
    return new Set(
      ((await answer.json()) as Firing[]).flatMap(({ labels }) => [labels["alertname"] ?? "", `${labels["alertname"]} ${labels[label]}`]),
    );
  }

  /** Waits for alerts, each by its name, or by its name and the value of the label. */
  async fires(names: readonly string[], { label, ms }: { readonly label?: string; readonly ms?: number } = {}): Promise<void> {
    for (const name of names) {
      await this.until(`alert ${name}`, async () => (await this.firing(label)).has(name), ms);
      this.provoked.add(name);
      this.tell(`${name} fires`);
    }
  }

  /** Waits until none of these alerts fires. */
  async over(...names: readonly string[]): Promise<void> {
    await this.until(`the end of ${names.join(", ")}`, async () => {
      const now = await this.firing();
      return !names.some((name) => now.has(name));
    });
    this.tell(`no more: ${names.join(", ")}`);
  }

  /** Waits until no alert fires but those of such names. */
  async quiet(but = /^$/): Promise<void> {
    let loud: readonly string[] = [];
    await this.until("quiet", async () => {
      loud = [...(await this.firing("queue"))].filter((name) => !but.test(name));
      return loud.length === 0;
    }).catch((error: unknown) => {
      throw new Error(`alerts fire: ${loud.join(", ")}`, { cause: error });
    });
  }

  async targetsUp(expected: number): Promise<void> {
    let down: readonly string[] = ["none asked"];
    try {
      await this.until("all targets", async () => {
        const { data } = (await (await fetch(`${this.prometheus}/api/v1/targets`)).json()) as {
          data: { activeTargets: { scrapeUrl: string; health: string; lastError: string }[] };
        };
        down = data.activeTargets.filter(({ health }) => health !== "up").map((target) => `${target.scrapeUrl} ${target.lastError}`);
        if (data.activeTargets.length !== expected) down = [`${data.activeTargets.length} of ${expected} are there`, ...down];
        return down.length === 0;
      });
    } catch (error) {
      throw new Error(`targets are down: ${down.join("; ")}`, { cause: error });
    }
    this.tell(`${expected} targets are up`);
  }

  /** Megabytes that each container uses now, by its name without the prefix. */
  memory(): Map<string, number> {
    const ids = docker("ps", "--quiet", "--filter", `label=warren.stack=${this.stack}`);
    const lines = docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", ...ids);
    const UNITS: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
    return new Map(
      lines.map((line) => {
        const [, name = "", value = "", unit = ""] = /^(\S+) ([\d.]+)(\w+)/.exec(line) ?? [];
        return [name.slice(this.prefix.length + 1), Math.round((Number(value) * (UNITS[unit] ?? 1)) / 1e6)];
      }),
    );
  }

  /** Does all of it, takes the stack away whatever happens, and ends the process: with 0 if it went well and nothing is left. */
  static hold(ports: StackPorts, main: (run: StackRun) => Promise<void>): void {
    const run = new StackRun(ports);
    const whole = async (): Promise<number> => {
      let code = 0;
      try {
        const before = run.left();
        if (before.length > 0) throw new Error(`Stack ${run.stack} has something already: ${before.join(", ")}`);
        await Promise.race([main(run), tooLong()]);
      } catch (error) {
        console.error(error);
        code = 1;
      }
      await run.clone.remove();
      const rest = run.left();
      if (rest.length === 0) run.tell("down, nothing is left");
      else console.error(`left: ${rest.join(", ")}`);
      return rest.length > 0 ? 1 : code;
    };
    void whole().then((code) => process.exit(code));
  }
}
