/** A store as a process of its own, which a test stops, kills and starts again at the same address. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { StoreClient } from "../workers/reference/stores/index.js";

export interface StoreProcess {
  readonly url: string;
  readonly client: StoreClient;
  /** With SIGKILL: nothing is tidied up. */
  readonly kill: () => Promise<void>;
  /** With what it kept. */
  readonly start: () => Promise<void>;
  behave(behaviour: { readonly delay?: number; readonly failureRate?: number }): Promise<void>;
}

export async function storeProcess(name = "store"): Promise<StoreProcess> {
  const folder = mkdtempSync(join(tmpdir(), "warren-store-"));
  const main = join(__dirname, "../workers/reference/stores/main.ts");
  let child: ChildProcess | undefined;
  let port = "0";
  const start = async (): Promise<string> => {
    const args = ["--import", "tsx", main, "--port", port, "--file", join(folder, "records.jsonl"), "--adjustable"];
    const started = (child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] }));
    const [url] = (await Promise.race([
      once(createInterface(started.stdout), "line"),
      once(started, "exit").then(() => Promise.reject(new Error(`the store "${name}" ended before it listened`))),
    ])) as [string];
    port = new URL(url).port;
    return url;
  };
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  };
  const url = await start();
  const client = new StoreClient({ name, url });
  onTestFinished(async () => {
    await client.close();
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const behave = async (behaviour: object): Promise<void> => {
    const body = JSON.stringify(behaviour);
    const answer = await fetch(`${url}/behaviour`, { method: "PUT", body, headers: { "content-type": "application/json" } });
    if (!answer.ok) throw new Error(`the store "${name}" does not change its behaviour: ${answer.status}`);
  };
  return { url, client, kill, start: async () => void (await start()), behave };
}
