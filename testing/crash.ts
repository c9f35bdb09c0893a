/** Crash tests: programs of this checkout as processes of their own, killed at any moment and started again until one comes to its end. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { buildSync } from "esbuild";

const root = join(__dirname, "..");

/** Bundles a program into a folder, so that it starts at once, and gives the path to run. Packages stay outside. */
export function bundle(program: string, folder: string): string {
  const outfile = join(folder, "program.cjs");
  buildSync({ entryPoints: [program], outfile, bundle: true, platform: "node", packages: "external", logLevel: "error" });
  return outfile;
}

/** Starts a bundled program; what it prints is collected in `output`. */
export function start(path: string, args: readonly string[]): { readonly child: ChildProcess; readonly output: () => string } {
  const child = spawn(process.execPath, [path, ...args], {
    env: { ...process.env, NODE_PATH: join(root, "node_modules") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  return { child, output: () => output };
}

/**
 * Runs a program that prints "ready" until it ends by itself with exit code 0, killing it with SIGKILL some time after it was ready, `kills` times.
 * A program that fails in another way than by a signal is an error that shows what it said. Gives how often it died.
 */
export async function runUntilDone(path: string, args: readonly string[], kills: number, atMostMs: number): Promise<number> {
  for (let died = 0; ; died += 1) {
    const { child, output } = start(path, args);
    const ended = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
    let timer: NodeJS.Timeout | undefined;
    if (died < kills) {
      child.stdout!.once("data", () => {
        timer = setTimeout(() => child.kill("SIGKILL"), Math.random() * atMostMs);
      });
    }
    const [code, signal] = await ended;
    clearTimeout(timer);
    if (code === 0) return died;
    if (signal !== "SIGKILL") throw new Error(`The program failed by itself (exit code ${code}, signal ${signal}):\n${output()}`);
  }
}
