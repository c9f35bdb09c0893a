/** Verbs that ask a real broker: `drift`, and `--broker` instead of a topology. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { writeEndpoint } from "../broker/address.js";
import { brokerApi, scratchVhost } from "../testing/broker.js";
import { until } from "../testing/until.js";
import { compileInstallation } from "../topology/compile/compile.js";
import { definitions } from "../topology/compile/definitions.js";
import type { Topology } from "../topology/model.js";
import { run } from "./main.js";

/** JSON of the command, as far as this test looks into it. */
interface Printed {
  readonly missing: readonly { readonly kind: string; readonly name: string }[];
  readonly nodes: readonly { readonly kind: string; readonly name: string; readonly topology: string }[];
  readonly findings: readonly { readonly topology: string }[];
}
const parsed = (text: string): Printed => JSON.parse(text) as Printed;

interface Result {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function warren(cwd: string, environment: Readonly<Record<string, string>>, ...words: readonly string[]): Promise<Result> {
  let [out, error] = ["", ""];
  const code = await run(
    words,
    { out: (text) => void (out += text), error: (text) => void (error += text), style: (_, text) => text, cwd, environment },
    "1.2.3",
  );
  return { code, out, error };
}

test("drift is seen and gone, and the broker itself can be drawn, checked and explained", async () => {
  const folder = mkdtempSync(join(tmpdir(), "warren-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { vhost, managementUrl, username, password } = await scratchVhost();
  const topology: Topology = {
    name: vhost,
    exchanges: { in: { type: "topic" }, hidden: { type: "fanout", internal: true, from: { in: "x.#" } }, dlx: { type: "fanout" } },
    queues: {
      work: { type: "quorum", from: { in: "a.*" }, maxLength: 100, deadLetterTo: "dlx", retry: ["1 second", "2 seconds"] },
      dead: { type: "quorum", from: { dlx: "", hidden: "" }, messageTtl: "1 hour" },
    },
  };
  writeFileSync(join(folder, "t.json"), JSON.stringify(topology));
  const broker = managementUrl.replace("://", `://${encodeURIComponent(username)}:${encodeURIComponent(password)}@`);
  const drift = (): Promise<Result> => warren(folder, {}, "drift", "t.json", "--broker", broker, "--json");

  const before = await drift();
  expect(before.code).toBe(1);
  const missing = parsed(before.out);
  expect(Object.keys(missing)).toEqual(["version", "missing", "mismatched", "extra", "broker"]);
  expect(missing.missing.map(({ kind, name }) => `${kind} ${name}`)).toContain("queue work");

  await brokerApi("POST", "/api/definitions", definitions(compileInstallation({ topologies: [topology] })));
  expect(parsed((await drift()).out)).toEqual({ version: 1, missing: [], mismatched: [], extra: [], broker: { endpoint: managementUrl } });
  // The address may come from the environment, and the credentials apart from it.
  const named = { WARREN_BROKER_URL: managementUrl, WARREN_BROKER_USERNAME: username, WARREN_BROKER_PASSWORD: password };
  expect(await warren(folder, named, "drift", "t.json")).toMatchObject({ code: 0, out: expect.stringContaining("No drift") });

  const diff = (): Promise<Result> => warren(folder, {}, "diff", "--broker", broker, "t.json");
  expect(await diff()).toMatchObject({ code: 0, out: "No difference for messages.\n" });

  await brokerApi("PUT", `/api/queues/${vhost}/stray`, { durable: true, arguments: { "x-queue-type": "quorum" } });
  const after = await warren(folder, named, "drift", "t.json");
  expect(after).toMatchObject({ code: 1, out: expect.stringMatching(/extra on the broker: 1[^]*stray/) });

  expect(await diff()).toMatchObject({
    code: 1,
    out: expect.stringContaining("loss      queue stray is gone, and the messages in it with it"),
  });

  const drawn = parsed((await warren(folder, {}, "graph", "--broker", broker, "--json")).out);
  const own = drawn.nodes.filter((node) => node.topology === vhost);
  expect(own.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(
    expect.arrayContaining(["exchange hidden", "exchange in", "queue dead", "queue stray", "queue work"]),
  );
  const checked = await warren(folder, {}, "check", "--broker", broker, "--json");
  expect(parsed(checked.out).findings.some((finding) => finding.topology === vhost)).toBe(true);
  const explained = await warren(folder, {}, "explain", "--broker", broker, "--topology", vhost, "in", "a.b", "--json");
  expect(parsed(explained.out)).toMatchObject({ queues: ["work"], unroutable: false });

  const wrong = await warren(folder, {}, "drift", "t.json", "--broker", managementUrl.replace("://", "://nobody:geheim@"));
  expect(wrong).toMatchObject({ code: 2, out: "" });
  expect(wrong.error).toContain('does not know user "nobody"');
  expect([before, after, checked, wrong].map(({ out, error }) => out + error).join()).not.toMatch(/geheim|password":/);
});

test("diff and review count what would be lost now; a watch tells changes until Ctrl-C", async () => {
  const folder = mkdtempSync(join(tmpdir(), "warren-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { vhost, managementUrl, username, password } = await scratchVhost();
  const topology: Topology = { name: vhost, queues: { work: { type: "classic" }, gone: { type: "quorum" } } };
  await brokerApi("POST", "/api/definitions", definitions(compileInstallation({ topologies: [topology] })));
  for (const [queue, count] of [
    ["work", 2],
    ["gone", 3],
  ] as const)
    for (let sent = 0; sent < count; sent++)
      await brokerApi("POST", `/api/exchanges/${vhost}/amq.default/publish`, {
        ...{ properties: {}, routing_key: queue, payload: "x", payload_encoding: "string" },
      });
  writeFileSync(join(folder, "old.json"), JSON.stringify(topology));
  writeFileSync(join(folder, "new.json"), JSON.stringify({ name: vhost, queues: { work: { type: "quorum" } } }));
  const broker = managementUrl.replace("://", `://${encodeURIComponent(username)}:${encodeURIComponent(password)}@`);

  const told = (await warren(folder, {}, "diff", "old.json", "new.json", "--live", broker, "--json")).out;
  const { objects } = JSON.parse(told) as { readonly objects: readonly { readonly name: string; readonly messages?: number }[] };
  expect(objects.filter(({ messages }) => messages !== undefined)).toMatchObject([
    { name: "gone", consequence: "delete and lose messages", messages: 3 },
    { name: "work", consequence: "replace and lose messages", messages: 2 },
  ]);
  // The broker as the old side is counted without being asked to.
  expect((await warren(folder, {}, "diff", "--broker", broker, "new.json")).out).toContain("\n5 messages would be lost now\n");
  const review = ["review", "old.json", "new.json", "--live", broker] as const;
  const lost = expect.stringContaining("**⛔ 5 messages would be lost now; ") as string;
  expect(await warren(folder, {}, ...review)).toMatchObject({ code: 1, out: lost });
  expect(await warren(folder, {}, ...review, "--allow-data-loss")).toMatchObject({ code: 0, out: lost });

  const words = ["drift", "old.json", "--watch", "--interval", "1s", "--textfile", "w.prom", "--broker", broker];
  const child = spawn(process.execPath, [join(__dirname, "../bin/warren.cjs"), ...words], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (out += text));
  await until(() => out.includes("No drift"), 60_000);
  await brokerApi("PUT", `/api/queues/${vhost}/stray`, { durable: true, arguments: { "x-queue-type": "classic" } });
  await until(() => out.includes(`+ extra       ${vhost}: queue stray`));
  await until(() => readFileSync(join(folder, "w.prom"), "utf8").includes(`{vhost="${vhost}",kind="extra"} 1\n`));
  child.kill("SIGINT");
  const [code] = (await once(child, "exit")) as [number];
  expect({ code, lines: out.trim().split("\n").length }).toEqual({ code: 1, lines: 2 });
}, 120_000);

test("env: the dev stack's addresses, vhosts and users, and no password", async () => {
  const folder = mkdtempSync(join(tmpdir(), "warren-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { vhost, managementUrl, username, password } = await scratchVhost();
  writeEndpoint(folder, { managementUrl, amqpUrl: "amqp://127.0.0.1:5672", username, password });
  // Whatever broker the environment names: this is about the dev stack.
  const environment = { WARREN_BROKER_URL: "http://a:b@127.0.0.1:1" };
  const { code, out } = await warren(folder, environment, "env", "--json");
  expect({ code, ...parsed(out) }).toMatchObject({
    code: 0,
    version: 1,
    management: managementUrl,
    amqp: "amqp://127.0.0.1:5672",
    administrator: username,
    vhosts: expect.arrayContaining([vhost]),
    users: expect.arrayContaining([username]),
  });
  const shown = await warren(folder, environment, "env");
  expect(shown.out).toContain("password in .warren/broker-password");
  expect(out + shown.out).not.toContain(password);
});
