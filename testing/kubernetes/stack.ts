/** A stack of Kubernetes objects for tests: the real engine, the real plugin, a state of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Result, run } from "../../lab/command.js";
import { type Scene, type Wanted } from "./program/index.js";

export type { Wanted } from "./program/index.js";

/** Of each operation, how many resources: `{ created: 2 }`; the stack and the provider are counted too. */
export type Counts = Readonly<Record<string, number>>;

export interface Outcome extends Result {
  readonly output: string;
  readonly counts: Counts;
}

const LIMIT_MS = 240_000;

export class ObjectStack {
  readonly folder = mkdtempSync(join(tmpdir(), "warren-objects-"));
  private readonly program = join(this.folder, "program");
  objects: readonly Wanted[] = [];
  outputs: NonNullable<Scene["outputs"]> = {};

  constructor(
    public provider: Scene["provider"],
    private readonly tools: NodeJS.ProcessEnv,
  ) {
    cpSync(join(__dirname, "program"), this.program, { recursive: true });
    symlinkSync(join(__dirname, "../../node_modules"), join(this.program, "node_modules"));
    mkdirSync(join(this.folder, "state"));
  }

  private get env(): NodeJS.ProcessEnv {
    const { PULUMI_CONFIG_PASSPHRASE_FILE: _file, PULUMI_STACK: _stack, KUBECONFIG: _kubeconfig, ...rest } = this.tools;
    return {
      ...rest,
      PULUMI_BACKEND_URL: pathToFileURL(join(this.folder, "state")).href,
      PULUMI_CONFIG_PASSPHRASE: "only for this test",
      WARREN_TEST_SCENE: JSON.stringify({ provider: this.provider, objects: this.objects, outputs: this.outputs } satisfies Scene),
    };
  }

  /** Runs a command of the engine; never throws for its failure. */
  async pulumi(...args: readonly string[]): Promise<Outcome> {
    const all = [...args, "--non-interactive", "--color", "never"];
    const result = await run("pulumi", all, { cwd: this.program, env: this.env, limit: LIMIT_MS });
    const output = `${result.stdout}\n${result.stderr}`;
    return { ...result, output, counts: countsIn(output) };
  }

  async init(): Promise<this> {
    const { code, output } = await this.pulumi("stack", "init", "test");
    if (code !== 0) throw new Error(output);
    return this;
  }

  async up(...args: readonly string[]): Promise<Outcome> {
    return this.pulumi("up", "--yes", "--skip-preview", ...args);
  }

  async preview(): Promise<Outcome> {
    return this.pulumi("preview", "--diff");
  }

  async refresh(): Promise<Outcome> {
    return this.pulumi("refresh", "--yes", "--skip-preview");
  }

  async destroy(): Promise<Outcome> {
    return this.pulumi("destroy", "--yes", "--skip-preview");
  }

  /** An update that a test ends itself; the process is the engine. */
  startUp(): ChildProcess {
    return spawn("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive"], { cwd: this.program, env: this.env, stdio: "ignore" });
  }

  /** The state as it is on the disk. */
  state(): string {
    return readFileSync(join(this.folder, "state/.pulumi/stacks/objects/test.json"), "utf8");
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The lines below "Resources:", `    ~ 2 updated` and `    +-1 to replace`. */
function countsIn(output: string): Counts {
  const lines = [...output.matchAll(/^ +(?:[+~=-]+ ?)?(\d+) (created|updated|replaced|deleted|unchanged|imported|to \w+)$/gm)];
  return Object.fromEntries(lines.map(([, count, what = ""]) => [what, Number(count)]));
}
