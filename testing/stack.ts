/** A stack of the project's own program for live tests: real engine, own state and configuration, nothing written into the checkout. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, type Result } from "../lab/command.js";
import { readCheckpoint } from "../lab/checkpoint.js";
import { Workspace, projectName, stackName } from "../lab/workspace.js";

/** How many steps an update took or a preview announces, by operation: `{ create: 12 }`; what stays as it is is not counted. */
export type Steps = Readonly<Record<string, number>>;

export class TestStack {
  private constructor(
    readonly workspace: Workspace,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Makes an empty stack of the program in this checkout, or in `program`. `values` are keys below `warren:`; `secrets` too, encrypted. */
  static async create(
    values: Readonly<Record<string, string>>,
    secrets: Readonly<Record<string, string>> = {},
    program?: string,
  ): Promise<TestStack> {
    const folder = mkdtempSync(join(tmpdir(), "warren-stack-"));
    const workspace = program === undefined ? new Workspace(folder) : new Workspace(folder, program);
    workspace.prepare();
    const stack = new TestStack(workspace, workspace.environment(process.env));
    await stack.need(["stack", "init", stackName(), "--secrets-provider", "passphrase", "--non-interactive"], workspace.birthplace);
    writeFileSync(workspace.configFile, readFileSync(join(workspace.birthplace, `Pulumi.${stackName()}.yaml`)), { mode: 0o600 });
    for (const [key, value] of Object.entries(values)) await stack.set(key, value);
    for (const [key, value] of Object.entries(secrets)) await stack.set(key, value, true);
    return stack;
  }

  /** Changes a key below `warren:`. A secret goes over standard input, so that no process list shows it. */
  async set(key: string, value: string, secret = false): Promise<void> {
    const name = key.includes(":") ? key : `${projectName}:${key}`;
    const args = [
      "config",
      "set",
      name,
      "--stack",
      stackName(),
      "--config-file",
      this.workspace.configFile,
      "--path",
      ...(secret ? ["--secret"] : []),
    ];
    const result = await run("pulumi", [...args, "--non-interactive"], { cwd: this.workspace.program, env: this.env, input: value });
    if (result.code !== 0) throw new Error(`pulumi config set ${name} failed:\n${result.stderr}`);
  }

  /** Runs a command of the engine on this stack; never throws for its failure. */
  async pulumi(...args: readonly string[]): Promise<Result & { readonly output: string }> {
    const all = [...args, "--stack", stackName(), "--config-file", this.workspace.configFile, "--non-interactive", "--color", "never"];
    const result = await run("pulumi", all, { cwd: this.workspace.program, env: this.env });
    return { ...result, output: `${result.stdout}\n${result.stderr}` };
  }

  private async need(args: readonly string[], cwd = this.workspace.program): Promise<Result> {
    const result = await run("pulumi", args, { cwd, env: this.env });
    if (result.code !== 0) throw new Error(`pulumi ${args.join(" ")} failed:\n${result.stdout}\n${result.stderr}`);
    return result;
  }

  async up(...more: readonly string[]): Promise<string> {
    const result = await this.pulumi("up", "--yes", "--skip-preview", "--suppress-progress", ...more);
    if (result.code !== 0) throw new Error(`pulumi up failed:\n${result.output}`);
    return result.output;
  }

  /** What an update would do. */
  async preview(): Promise<Steps> {
    const result = await this.pulumi("preview", "--json");
    if (result.code !== 0) throw new Error(`pulumi preview failed:\n${result.output}`);
    const { changeSummary = {} } = JSON.parse(result.stdout.slice(result.stdout.indexOf("{"))) as {
      changeSummary?: Record<string, number>;
    };
    return Object.fromEntries(Object.entries(changeSummary).filter(([operation]) => operation !== "same"));
  }

  /** Reads the live objects into the state; what differed from it is counted. */
  async refresh(): Promise<Steps> {
    const result = await this.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes");
    return result.code === 0 ? {} : { changed: 1, ...(result.output.includes("no changes were expected") ? {} : { failed: 1 }) };
  }

  async destroy(): Promise<Result & { readonly output: string }> {
    return await this.pulumi("destroy", "--run-program", "--yes", "--skip-preview", "--suppress-progress");
  }

  /** The types of all resources in the state. */
  resources(): string[] {
    return (readCheckpoint(this.workspace.checkpointFile)?.resources ?? []).map(({ type }) => type);
  }

  /** Forgets the stack; what it made has to be gone already. */
  remove(): void {
    rmSync(this.workspace.folder, { recursive: true, force: true });
  }
}
