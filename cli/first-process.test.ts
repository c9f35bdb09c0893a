// What a signal does to the first process of a container: the verb decides where it listens, and otherwise the process ends.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";

async function signalled(program: string, signals: readonly NodeJS.Signals[]): Promise<{ code: number | null; out: string }> {
  const module = JSON.stringify(join(__dirname, "first-process.ts"));
  const source = `require(${module}).endBySignals(); setInterval(() => {}, 1000); ${program} console.log("up");`;
  const child = spawn(process.execPath, ["--require", "tsx/cjs", "-e", source], { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  for await (const text of child.stdout.setEncoding("utf8")) {
    out += String(text);
    const next = signals[out.trim().split("\n").length - 1];
    if (next) child.kill(next);
  }
  if (child.exitCode === null) await once(child, "exit");
  return { code: child.exitCode, out };
}

test.each([
  ["SIGTERM", 143],
  ["SIGINT", 130],
  ["SIGHUP", 129],
] as const)("%s ends it with %d, as a shell says it", async (signal, code) => {
  expect(await signalled("", [signal])).toEqual({ code, out: "up\n" });
});

test("a verb that listens decides, and the second signal ends it", async () => {
  const verb = 'process.once("SIGTERM", () => console.log("finishing"));';
  expect(await signalled(verb, ["SIGTERM", "SIGTERM"])).toEqual({ code: 143, out: "up\nfinishing\n" });
});
