/** The example of docs/workers.md is on the page as it is in its folder, and runs against a real broker. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { workerGround } from "../testing/worker-live.js";
import { orders } from "./examples/first-worker/orders.js";

const folder = join(__dirname, "examples", "first-worker");
const files = ["orders.ts", "worker.mts"].map((file) => readFileSync(join(folder, file), "utf8"));

test("it is on the page, in 15 lines", () => {
  const page = readFileSync(join(__dirname, "workers.md"), "utf8");
  for (const file of files) expect(page).toContain(`\`\`\`ts\n${file}\`\`\``);
  expect(files.join("").trimEnd().split("\n").length).toBe(15);
});

test("it runs, and says what the page says", async () => {
  const ground = await workerGround(orders);
  const environment = { ...process.env, RABBITMQ_URL: ground.url("shop") };
  const child = spawn("npx", ["tsx", "--conditions=warren-source", join(folder, "worker.mts")], { env: environment, detached: true });
  onTestFinished(() => void (child.pid !== undefined && child.exitCode === null && process.kill(-child.pid, "SIGKILL")));
  const output = await new Promise<string>((resolve, reject) => {
    let text = "";
    const more = (chunk: Buffer): void => {
      text += chunk.toString();
      if (/to pay|Error/.test(text)) resolve(text);
    };
    child.stdout.on("data", more);
    child.stderr.on("data", more);
    child.on("exit", () => reject(new Error(text)));
  });
  expect(output).toContain("order 1: 12.5 to pay\n");
});
