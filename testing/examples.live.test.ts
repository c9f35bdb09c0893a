/** The examples as a user has them: the packed package installed in a clean folder, the engine, a real broker. And the package itself. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../lab/command.js";
import { brokerApi, liveBroker, type LiveBroker } from "./broker.js";

const checkout = resolve(__dirname, "..");
const examples = ["smallest", "javascript", "installation"];

let folder: string;
let tarball: string;
let broker: LiveBroker;

async function need(command: string, args: readonly string[], options: Parameters<typeof run>[2] = {}): Promise<string> {
  const result = await run(command, args, options);
  if (result.code !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${result.stdout}\n${result.stderr}`);
  return result.stdout;
}

beforeAll(async () => {
  broker = await liveBroker();
  folder = mkdtempSync(join(tmpdir(), "warren-examples-"));
  await need("npm", ["pack", "--pack-destination", folder], { cwd: checkout });
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the package", () => {
  it("is clean under publint and arethetypeswrong", async () => {
    await need("npx", ["publint", "run", "--strict", tarball], { cwd: checkout });
    await need("npx", ["attw", tarball, "--profile", "node16"], { cwd: checkout });
  });

  it("holds what is compiled, the commands, and no test", async () => {
    const files = (await need("tar", ["-tzf", tarball])).trim().split("\n");
    expect(files).toContain("package/dist/package.js");
    expect(files).toContain("package/bin/warren.cjs");
    expect(files.filter((file) => /\.test|testing\/|lab\/|\.warren/.test(file))).toEqual([]);
  });
});

describe.each(examples)("examples/%s", (name) => {
  let program: string;
  let env: NodeJS.ProcessEnv;
  const vhosts = { smallest: ["orders"], javascript: ["mail"], installation: ["billing", "audit"] }[name] ?? [];
  const pulumi = (...args: string[]): Promise<string> => need("pulumi", [...args, "--non-interactive"], { cwd: program, env });

  beforeAll(async () => {
    program = join(folder, name);
    cpSync(join(checkout, "examples", name), program, { recursive: true });
    const manifest = JSON.parse(readFileSync(join(program, "package.json"), "utf8")) as { dependencies: Record<string, string> };
    manifest.dependencies["warren"] = `file:${tarball}`;
    writeFileSync(join(program, "package.json"), JSON.stringify(manifest));
    await need("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund"], { cwd: program });
    const state = mkdtempSync(join(folder, "state-"));
    const { PULUMI_CONFIG_PASSPHRASE_FILE: _file, PULUMI_STACK: _stack, ...rest } = process.env;
    env = { ...rest, PULUMI_BACKEND_URL: pathToFileURL(state).href, PULUMI_CONFIG_PASSPHRASE: "only for this test" };
    await pulumi("stack", "init", "dev");
    await pulumi("config", "set", "endpoint", broker.managementUrl);
    await pulumi("config", "set", "username", broker.username);
    await need("pulumi", ["config", "set", "--secret", "password", "--non-interactive"], { cwd: program, env, input: broker.password });
  });

  it("goes up, stays as it is, and goes down", async () => {
    await pulumi("up", "--yes", "--skip-preview");
    const queues = await Promise.all(vhosts.map(async (vhost) => (await brokerApi("GET", `/api/queues/${vhost}`)) as { name: string }[]));
    expect(queues.every((list) => list.length > 0)).toBe(true);
    await pulumi("up", "--yes", "--skip-preview", "--expect-no-changes");
    await pulumi("destroy", "--yes", "--skip-preview", "--run-program");
    const left = ((await brokerApi("GET", "/api/vhosts")) as { name: string }[]).map((vhost) => vhost.name);
    expect(left.filter((vhost) => vhosts.includes(vhost))).toEqual([]);
  });
});

describe("the command of the installed package", () => {
  it("checks, explains and draws", async () => {
    const program = join(folder, "smallest");
    expect(await need("npx", ["warren", "check", "orders.ts"], { cwd: program })).toMatch(/no findings|0 errors|nothing/i);
    const explained = JSON.parse(
      await need("npx", ["warren", "explain", "orders.ts", "orders", "order.eu.paid", "--json"], { cwd: program }),
    ) as unknown;
    expect(explained).toMatchObject({ version: 1, queues: ["shipping"], unroutable: false });
    expect(await need("npx", ["warren", "graph", "orders.ts"], { cwd: program })).toMatch(/^flowchart LR/m);
    expect(await need("npx", ["warren", "graph", "orders.ts", "--format", "svg"], { cwd: program })).toMatch(/<svg/);
    expect(await need("npx", ["warren", "diff", "orders.ts", "orders.ts"], { cwd: program })).toMatch(/nothing changes|no difference/i);
  });

  it("has the conformance suite, as a command and as a library", async () => {
    const program = join(folder, "smallest");
    expect(await need("npx", ["warren", "conformance", "--list"], { cwd: program })).toMatch(/^routes +core +probe/m);
    const library = 'console.log(require("warren/conformance").probes.map(({ name }) => name).join(" "))';
    expect(await need(process.execPath, ["-e", library], { cwd: program })).toMatch(/\broutes\b/);
  });
});
