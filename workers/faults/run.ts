/** A client under test as a process of its own: started again when it dies, as a supervisor does. */
import { build } from "esbuild";
import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Command, Job, Report } from "./protocol.js";

const CHECKOUT = resolve(__dirname, "../..");
/** Between the death of a process and the start of the next one. */
const RESTART_MS = 500;
/** After SIGTERM, before SIGKILL. */
const GRACE_MS = 8_000;

/** The code of the processes in one file, which starts in a fraction of the time that compiling it each time would take. */
export async function bundleChild(): Promise<{ readonly file: string; readonly remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "warren-faults-"));
  const file = join(folder, "child.cjs");
  await build({
    ...{ entryPoints: [join(__dirname, "child.ts")], outfile: file, bundle: true, platform: "node", format: "cjs", target: "node20" },
    ...{ packages: "external", absWorkingDir: CHECKOUT, tsconfig: join(CHECKOUT, "tsconfig.json"), logLevel: "error" },
  });
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface Death {
  readonly at: number;
  /** An exit code, or a signal. */
  readonly by: string;
  /** The beginning of what it said on standard error. */
  readonly said: string;
}

export class Worker {
  /** Deaths that nobody asked for. */
  readonly crashes: Death[] = [];
  /** Deaths by `signal()`: how long they took. */
  readonly ends: { readonly ms: number; readonly by: string }[] = [];
  readonly logs: string[] = [];
  peakBytes = 0;
  #child: ChildProcess | undefined;
  #ready = false;
  #signalled: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  constructor(
    private readonly file: string,
    private readonly job: Job,
    private readonly report: (report: Extract<Report, { id: string }>) => void,
    private readonly died: () => void,
  ) {
    this.#start();
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Messages for a process that is not there are not handed over; whether they were. */
  publish(orders: Command["publish"]): boolean {
    if (!this.#ready || !this.#child?.connected) return false;
    this.#child.send({ publish: orders } satisfies Command, () => undefined);
    return true;
  }

  /** It is started again afterwards. After SIGTERM it has some seconds. */
  signal(signal: "SIGTERM" | "SIGKILL"): void {
    this.#signalled = Date.now();
    this.#child?.kill(signal);
    if (signal === "SIGTERM") this.#timer = setTimeout(() => this.#child?.kill("SIGKILL"), GRACE_MS);
  }

  /** For good, without grace. */
  async stop(): Promise<void> {
    this.#over = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((done) => child.once("exit", () => done()));
    child.kill("SIGKILL");
    await exited;
  }

  #start(): void {
    const child = fork(this.file, [], {
      env: { ...process.env, NODE_PATH: join(CHECKOUT, "node_modules"), WARREN_FAULTS_JOB: JSON.stringify(this.job) },
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child = child;
    this.#ready = false;
    let said = "";
    child.stderr?.on("data", (text: Buffer) => (said = (said + text.toString()).slice(0, 2_000)));
    child.on("error", (error) => this.logs.push(error.message));
    child.on("message", (reports: readonly Report[]) => {
      for (const report of reports) {
        if (report.kind === "ready") this.#ready = true;
        else if (report.kind === "log") this.logs.push(report.text);
        else if (report.kind === "memory") this.peakBytes = Math.max(this.peakBytes, report.bytes);
        else this.report(report);
      }
    });
    child.on("exit", (code, signal) => {
      this.#ready = false;
      if (this.#over) return;
      this.died();
      const by = signal ?? String(code);
      if (this.#signalled === undefined) this.crashes.push({ at: Date.now(), by, said });
      else this.ends.push({ ms: Date.now() - this.#signalled, by });
      this.#signalled = undefined;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#start(), RESTART_MS);
    });
  }
}
