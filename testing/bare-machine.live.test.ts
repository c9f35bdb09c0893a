/** Machines that lack something that cannot be had: clear errors, and nothing half done. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { run } from "../lab/command.js";

const checkout = resolve(__dirname, "..");
const root = process.getuid?.() === 0;

let undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.reverse()) step();
  undo = [];
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "warren-bare-"));
  undo.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A disk of its own, of so many KiB. */
function smallDisk(kib: number): string {
  const made = folder();
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kib}k`, "tmpfs", made]);
  undo.push(() => execFileSync("umount", ["--lazy", made]));
  return made;
}

const lab = (env: NodeJS.ProcessEnv) =>
  run(process.execPath, [join(checkout, "lab/start.mjs"), "exec", "true"], { cwd: checkout, env, limit: 120_000 });

describe("a machine without Docker", () => {
  it("where it cannot be installed is told what to install", async () => {
    const bin = folder();
    symlinkSync(process.execPath, join(bin, "node"));
    const { DOCKER_HOST: _host, ...env } = process.env;
    const result = await lab({ ...env, PATH: bin });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/No Docker engine answers/);
    expect(result.stderr).toMatch(/to do: +install and start Docker/);
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });

  it("whose engine is elsewhere and silent is told where it was looked for", async () => {
    const result = await lab({ ...process.env, DOCKER_HOST: "tcp://127.0.0.1:1" });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/DOCKER_HOST=tcp:\/\/127\.0\.0\.1:1 does not answer/);
  });
});

describe.runIf(root)("a full disk", () => {
  it("is found before a tool is built, and nothing is begun", async () => {
    const cache = smallDisk(1024);
    const path = (process.env["PATH"] ?? "").split(":").filter((part) => !part.includes("warren"));
    const result = await lab({ ...process.env, WARREN_CACHE: cache, PATH: path.join(":") });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/needs .* of free space/);
    expect(result.stderr).toMatch(/nothing was begun/);
    expect(readdirSync(cache).filter((name) => name.startsWith("pulumi-3"))).toEqual([]);
  });
});
