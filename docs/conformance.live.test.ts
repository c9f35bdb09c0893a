/** The example of docs/conformance.md is on the page as it is in its folder, and succeeds on a real broker. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Management } from "../broker/index.js";
import { make } from "../conformance/copy.js";
import { run } from "../lab/command.js";
import { liveBroker } from "../testing/broker.js";
import { compile } from "../topology/compile/compile.js";
import { orders } from "./examples/own-probe/orders.js";

const folder = join(__dirname, "examples", "own-probe");

test.each(["body-unchanged.ts", "broker.spec.ts"])("%s is on the page", (file) => {
  const page = readFileSync(join(__dirname, "conformance.md"), "utf8");
  expect(page).toContain(`\`\`\`ts\n${readFileSync(join(folder, file), "utf8")}\`\`\``);
});

test("it runs, and its probe succeeds", async () => {
  const { managementUrl, amqpUrl, username, password } = await liveBroker();
  const management = new Management({ endpoint: managementUrl, username, password });
  onTestFinished(async () => {
    await management.deleteVhost(orders.name);
    await management.close();
  });
  await make(management, compile(orders));
  const { protocol, host } = new URL(amqpUrl);
  const { code, stdout, stderr } = await run("npx", ["vitest", "run", "--config", join(__dirname, "examples", "own-probe.config.mts")], {
    env: {
      ...{ ...process.env, BROKER_API: managementUrl, BROKER_AMQP: `${protocol}//${host}` },
      ...{ BROKER_USER: username, BROKER_PASSWORD: password },
    },
  });
  expect(code, `${stdout}\n${stderr}`).toBe(0);
  expect(stdout).toMatch(/1 passed/);
});
