/** `npm test`: the project's suites one after the other, each with its time, and one sum at the end. */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { WarrenError } from "../topology/errors.js";
import { attach } from "./command.js";
import { checkout, ownFolder } from "./places.js";
import { formatElapsed, print } from "./steps.js";
import { getTools, type Ground } from "./tools.js";
import { added, type Count, countVitest } from "./test-count.js";

interface Suite {
  readonly name: string;
  /** The stacks that it needs an engine with its plugins for; with one of `docker` comes a broker. */
  readonly tools?: readonly Ground[];
  /** Runs only when it is named: it would build programs for a quarter of an hour on a machine that has none. */
  readonly onDemand?: boolean;
  readonly run: (env: NodeJS.ProcessEnv) => Promise<Count>;
}

const suites: readonly Suite[] = [
  { name: "types", run: check("typescript", "tsc", ["-p", "tsconfig.json"]) },
  { name: "types with TypeScript 7", run: check("typescript-7", "tsc", ["-p", "tsconfig.json"]) },
  { name: "types of the page", run: check("typescript", "tsc", ["-p", "ui/page"]) },
  { name: "lint", run: check("eslint", "eslint", ["."]) },
  { name: "format", run: check("prettier", "prettier", ["--check", "--log-level", "warn", "."]) },
  { name: "unit", run: vitest("unit") },
  { name: "live", tools: ["docker"], run: vitest("live", { WARREN_LIVE_WORKERS: "3" }) },
  { name: "e2e", tools: ["docker"], run: vitest("e2e") },
  { name: "kubernetes", tools: ["docker", "kubernetes"], onDemand: true, run: vitest("kubernetes") },
];

/** Runs all suites but those on demand, or those whose names begin with one of `only`. Gives the exit code. */
export async function runSuites(only: readonly string[] | undefined): Promise<number> {
  const chosen = suites.filter(({ name, onDemand }) => (only ? only.some((wanted) => name.startsWith(wanted)) : !onDemand));
  const unknown = only?.find((wanted) => !suites.some(({ name }) => name.startsWith(wanted)));
  if (unknown !== undefined || chosen.length === 0) {
    throw new WarrenError(`There is no suite "${unknown}"`, { exitCode: 2, allowed: suites.map(({ name }) => name) });
  }
  const grounds = new Set(chosen.flatMap(({ tools = [] }) => tools));
  let env = process.env;
  for (const ground of grounds) env = { ...env, ...(await getTools(ground)).env };
  const counts: Count[] = [];
  for (const { name, run } of chosen) {
    const began = Date.now();
    print(`\n▶ ${name}`);
    const count = await run(env);
    counts.push(count);
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
    print(
      `${count.failed > 0 ? "✗" : "✓"} ${name}: ${count.passed} passed, ${count.failed} failed${skipped}  ${formatElapsed(Date.now() - began)}`,
    );
  }
  const { passed, failed } = added(counts);
  print(`\n${passed} passed, ${failed} failed`);
  // A run in which nothing passed has shown nothing.
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** A tool that is right or wrong as a whole: one test. */
function check(packageName: string, command: string, args: readonly string[]): Suite["run"] {
  return async (env) => {
    const code = await attach(process.execPath, [binary(packageName, command), ...args], { cwd: checkout, env });
    return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  };
}

function vitest(project: string, own: NodeJS.ProcessEnv = {}): Suite["run"] {
  return async (env) => {
    const folder = join(ownFolder(), "test");
    mkdirSync(folder, { recursive: true });
    const report = join(folder, `${project}.json`);
    rmSync(report, { force: true });
    const reporters = ["--reporter", "default", "--reporter", "json", "--outputFile", report];
    const args = ["run", "--project", project, "--passWithNoTests", ...reporters];
    const code = await attach(process.execPath, [binary("vitest", "vitest"), ...args], { cwd: checkout, env: { ...env, ...own } });
    return countVitest(existsSync(report) ? readFileSync(report, "utf8") : undefined, code);
  };
}

/** The script of a package's command: found through its package.json, for two packages may bring commands of one name. */
function binary(packageName: string, command: string): string {
  const manifest = createRequire(join(checkout, "package.json")).resolve(`${packageName}/package.json`);
  const { bin } = JSON.parse(readFileSync(manifest, "utf8")) as { bin: string | Record<string, string> };
  const script = typeof bin === "string" ? bin : bin[command];
  if (!script) throw new WarrenError(`The package ${packageName} has no command ${command}`);
  return join(dirname(manifest), script);
}
