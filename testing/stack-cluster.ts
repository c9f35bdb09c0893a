/** The dev stack grows to three nodes, restarts, takes TLS and shrinks while a service publishes; then every message is counted. Exits 0 if none is lost. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Management } from "../broker/index.js";
import { run } from "../lab/command.js";
import { topology } from "../topology/index.js";
import { connect } from "../workers/index.js";

const source = resolve(__dirname, "..");
const stack = process.env["WARREN_STACK"] ?? "";
const PORTS = { amqpPort: 5730, managementPort: 15730, metricsPort: 15830, amqpsPort: 5729, httpsPort: 15729 } as const;
/** In the queue before anything is changed, and every so many milliseconds one more. */
const BEFORE = 2000;
const PAUSE_MS = 10;

const TOPOLOGY = {
  name: "ledger",
  queues: {
    entries: { type: "quorum", maxLength: 1_000_000 },
    kept: { type: "quorum", maxLength: 1000 },
    log: { type: "stream", maxAge: "1 day" },
  },
  messages: { entry: { to: { queue: "entries" } } },
  services: { writer: { publishes: ["entry"] }, reader: { consumes: ["entries"] } },
} as const;
const ledger = topology(TOPOLOGY);

const clone = mkdtempSync(join(tmpdir(), "warren-cluster-"));
const began = Date.now();
const tell = (text: string): void => console.log(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)}s  ${text}`);

async function npm(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(process.execPath, ["lab/start.mjs", ...args], { cwd: clone });
  assert.equal(code, 0, `${args.join(" ")} failed:\n${stdout}\n${stderr}`);
  tell(args.join(" "));
  return stdout;
}

const docker = (...args: readonly string[]): string[] => execFileSync("docker", args, { encoding: "utf8" }).split("\n").filter(Boolean);
const left = (): string[] => [
  ...docker("ps", "--all", "--quiet", "--filter", `label=warren.stack=${stack}`),
  ...docker("volume", "ls", "--quiet", "--filter", `label=warren.stack=${stack}`),
  ...docker("network", "ls", "--quiet", "--filter", `label=warren.stack=${stack}`),
];
const started = (node: number): string => docker("inspect", "--format", "{{.State.StartedAt}}", `warren-${stack}-broker-${node}`)[0] ?? "";

const management = (): Management =>
  new Management({
    endpoint: `http://127.0.0.1:${PORTS.managementPort}`,
    username: "warren",
    password: readFileSync(join(clone, ".warren/admin-password"), "utf8").trim(),
  });

/** The sizes of all replicated queues' groups. */
async function groups(): Promise<string[]> {
  const broker = management();
  const sizes = (await broker.placements()).map(({ name, members = [], online = [] }) => `${name} ${members.length} ${online.length}`);
  await broker.close();
  return sizes.sort();
}

async function until(expected: readonly string[]): Promise<void> {
  let found: readonly string[] = [];
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(500)) {
    found = await groups().catch(() => []);
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
  }
  assert.deepEqual(found, expected);
}

async function password(user: string): Promise<string> {
  const { stdout } = await run(
    process.execPath,
    ["lab/start.mjs", "exec", "pulumi", "stack", "output", "passwords", "--show-secrets", "--json"],
    { cwd: clone },
  );
  return (JSON.parse(stdout.slice(stdout.search(/^\{/m))) as Record<string, string>)[user] ?? "";
}

const urls = (count: number, user: string, secret: string): string[] =>
  Array.from({ length: count }, (_, index) => `amqp://${user}:${secret}@127.0.0.1:${PORTS.amqpPort + index}/ledger`);

async function main(): Promise<void> {
  const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: source });
  execFileSync("tar", ["--create", "--file", join(clone, "all.tar"), "--null", "--files-from", "-"], { cwd: source, input: files });
  execFileSync("tar", ["--extract", "--file", "all.tar"], { cwd: clone });
  symlinkSync(join(source, "node_modules"), join(clone, "node_modules"));
  writeFileSync(join(clone, "ledger.json"), JSON.stringify(TOPOLOGY));
  const ports = Object.entries(PORTS).flatMap(([key, port]) => ["--config", `${key}=${port}`]);
  assert.deepEqual(left(), []);
  await npm("up", "--system", join(clone, "ledger.json"), "--config", "memoryMb=512", ...ports);
  await until(["entries 1 1", "kept 1 1", "log 1 1"]);

  const writer = await connect(ledger, {
    service: "writer",
    url: urls(3, "ledger.writer", await password("ledger.writer")),
    backoff: { min: 50, max: 500 },
  });
  const confirmed = new Set<string>();
  let failed = 0;
  let stopped = false;
  const publish = async (): Promise<void> => {
    try {
      confirmed.add(String((await writer.publish("entry", { at: Date.now() })).messageId));
    } catch {
      // Not promised to the publisher, so not lost.
      failed++;
    }
  };
  await Promise.all(Array.from({ length: BEFORE }, publish));
  assert.equal(confirmed.size, BEFORE);
  const publishing = (async () => {
    const flying = new Set<Promise<void>>();
    while (!stopped) {
      const one = publish().finally(() => flying.delete(one));
      flying.add(one);
      await sleep(PAUSE_MS);
    }
    await Promise.all(flying);
  })();

  const first = started(0);
  await npm("up", "--nodes", "3");
  await until(["entries 3 3", "kept 3 3", "log 3 3"]);
  assert.equal(started(0), first, "the first node restarted when others came");

  const before = [0, 1, 2].map(started);
  await npm("up", "--tls", "--config", "memoryMb=500");
  await until(["entries 3 3", "kept 3 3", "log 3 3"]);
  const after = [0, 1, 2].map(started);
  assert.ok(
    after.every((time, node) => time !== before[node]),
    "a node was not restarted",
  );
  assert.deepEqual([...after].sort(), after, "the nodes did not restart in their order");
  assert.match(await npm("up"), /\d+ unchanged/);
  const ca = readFileSync(join(clone, ".warren/tls/ca.pem"), "utf8");
  const secure = new Management({
    endpoint: `https://127.0.0.1:${PORTS.httpsPort - 2}`,
    username: "warren",
    password: readFileSync(join(clone, ".warren/admin-password"), "utf8").trim(),
    ca,
  });
  assert.equal((await secure.nodes()).length, 3);
  await secure.close();

  await npm("up", "--nodes", "1");
  await until(["entries 1 1", "kept 1 1", "log 1 1"]);
  assert.deepEqual(docker("volume", "ls", "--quiet", "--filter", `label=warren.stack=${stack}`), [`warren-${stack}-broker-0`]);

  stopped = true;
  await publishing;
  await writer.close();
  const port = PORTS.amqpsPort;
  const reader = await connect(ledger, {
    ...{ service: "reader", url: `amqps://ledger.reader:${await password("ledger.reader")}@127.0.0.1:${port}/ledger`, tls: { ca } },
  });
  const found = new Set<string>();
  let twice = 0;
  await reader.consume("entries", ({ messageId = "" }) => {
    if (found.has(messageId)) twice++;
    found.add(messageId);
  });
  for (let size = -1; size !== found.size; await sleep(2000)) size = found.size;
  await reader.close();
  const lost = [...confirmed].filter((id) => !found.has(id));
  tell(`confirmed ${confirmed.size}, refused ${failed}, found ${found.size}, twice ${twice}, lost ${lost.length}`);
  assert.equal(lost.length, 0);
  assert.ok(confirmed.size > BEFORE + 500, "the publisher hardly published");

  await npm("down", "--discard");
  assert.deepEqual(left(), []);
}

void main()
  .then(() => 0)
  .catch(async (error: unknown) => {
    console.error(error);
    await run(process.execPath, ["lab/start.mjs", "down", "--discard"], { cwd: clone });
    return 1;
  })
  .then((code) => {
    rmSync(clone, { recursive: true, force: true });
    process.exit(code);
  });
