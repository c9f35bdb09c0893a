/** A fresh checkout of this project with the dev stack's commands, as a user has them. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { run, type Result } from "../lab/command.js";

const source = resolve(__dirname, "..");
const MANAGEMENT = "http://127.0.0.1:15672";

export interface Said extends Result {
  readonly output: string;
}

export class Clone {
  readonly directory = mkdtempSync(join(tmpdir(), "warren-clone-"));
  /** Everything that any command said, for the search for secrets. */
  said = "";

  constructor() {
    const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: source });
    execFileSync("tar", ["--create", "--file", join(this.directory, "all.tar"), "--null", "--files-from", "-"], {
      cwd: source,
      input: files,
    });
    execFileSync("tar", ["--extract", "--file", "all.tar"], { cwd: this.directory });
    rmSync(join(this.directory, "all.tar"));
    this.git("init", "--quiet");
    this.git("add", "--all");
    this.git("-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "--quiet", "--message", "all");
  }

  git(...args: readonly string[]): string {
    return execFileSync("git", [...args], { cwd: this.directory, encoding: "utf8" });
  }

  async npm(...args: readonly string[]): Promise<Said> {
    const env = { ...process.env, CI: "true", INIT_CWD: this.directory };
    return this.#hear(await run("npm", ["run", "--silent", ...args], { cwd: this.directory, env }));
  }

  async up(...args: readonly string[]): Promise<Said> {
    const result = await this.npm("up", "--", ...args);
    if (result.code !== 0) throw new Error(`npm run up -- ${args.join(" ")} failed:\n${result.output}`);
    return result;
  }

  async warren(...args: readonly string[]): Promise<Said> {
    return this.#hear(await run(process.execPath, [join(this.directory, "bin/warren.cjs"), ...args], { cwd: this.directory }));
  }

  /** The same, with a way into the cluster of the stack that WARREN_STACK names. */
  async warrenInStack(...args: readonly string[]): Promise<Said> {
    const words = [join(this.directory, "lab/start.mjs"), "exec", process.execPath, join(this.directory, "bin/warren.cjs"), ...args];
    const env = { ...process.env, INIT_CWD: this.directory };
    return this.#hear(await run(process.execPath, words, { cwd: this.directory, env }));
  }

  #hear(result: Result): Said {
    const output = `${result.stdout}\n${result.stderr}`;
    this.said += output;
    return { ...result, output };
  }

  /** Of the broker's administrator. */
  get password(): string {
    return readFileSync(join(this.directory, ".warren/admin-password"), "utf8").trim();
  }

  /** The dev stack's management API. */
  async api(method: string, path: string, body?: unknown, credentials = `warren:${this.password}`): Promise<Response> {
    return await fetch(`${MANAGEMENT}/api${path}`, {
      method,
      headers: { authorization: `Basic ${Buffer.from(credentials).toString("base64")}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** With its stack, messages and all. */
  async remove(): Promise<void> {
    await this.npm("down", "--", "--discard");
    rmSync(this.directory, { recursive: true, force: true });
  }
}
