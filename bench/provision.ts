/**
 * What provisioning costs: set-up cold and warm, `up` and a no-op `preview` beside the broker's own import of the same objects,
 * and the check of 10,000 objects. `npm run bench:provision -- --help` says how to run it.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { Management } from "../broker/index.js";
import { need } from "../lab/command.js";
import { check } from "../topology/check/check.js";
import { compileInstallation } from "../topology/compile/compile.js";
import { definitions } from "../topology/compile/definitions.js";
import { TestStack } from "../testing/stack.js";
import { objectsOf, sample } from "./sample.js";

interface Row {
  readonly what: string;
  readonly seconds: number;
  /** As a multiple of what it is measured against. */
  readonly ratio?: number;
  readonly against?: string;
}

const checkout = resolve(__dirname, "..");
const options = new Command("npm run bench:provision --")
  .description("Measures set-up, provisioning and checking; each figure beside its peer, in one run.")
  .option("--sizes <objects>", "numbers of objects", "10,100,1000")
  .option("--no-cold", "leave out the set-up with nothing cached (ten minutes and more where tools have to be built)")
  .option("--json", "print JSON")
  .addHelpText("after", "\nExample:\n  npm run bench:provision -- --no-cold --sizes 10,100")
  .parse()
  .opts<{ sizes: string; cold: boolean; json?: boolean }>();

const rows: Row[] = [];
const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function timed<T>(what: string, work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const began = process.hrtime.bigint();
  const value = await work();
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  say(`  ${what}: ${seconds.toFixed(2)} s`);
  return { value, seconds };
}

const docker = (...args: readonly string[]): string => execFileSync("docker", [...args], { encoding: "utf8" }).trim();

/** The set-up in a fresh clone, with caches of its own that are empty, and then again with them filled. */
async function measureSetUp(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "warren-bench-"));
  const image = process.env["WARREN_IMAGE"] ?? "";
  const kept = "warren-bench-kept:1";
  const own = image.startsWith("warren/");
  try {
    const clone = join(folder, "clone");
    await need("git clone", "git", ["clone", "--quiet", checkout, clone]);
    const caches = {
      WARREN_CACHE: join(folder, "warren"),
      GOCACHE: join(folder, "go-build"),
      GOMODCACHE: join(folder, "go-mod"),
      GOFLAGS: "-modcacherw",
      npm_config_cache: join(folder, "npm"),
    };
    const { PATH: _path, PULUMI_HOME: _home, ...env } = process.env;
    const path = (process.env["PATH"] ?? "").split(":").filter((part) => !part.includes("/warren/"));
    const setUp = () =>
      need("the set-up", process.execPath, ["lab/start.mjs", "exec", "true"], {
        cwd: clone,
        env: { ...env, ...caches, PATH: path.join(":") },
      });
    if (own) {
      // An image that was built is built again: the engine forgets its name, not what runs from it.
      docker("tag", image, kept);
      docker("rmi", image);
    }
    const cold = await timed("set-up, cold", setUp);
    say(cold.value.stdout.replace(/^/gm, "    "));
    const warm = await timed("set-up, warm", setUp);
    rows.push({ what: "set-up, cold (Docker itself was there)", seconds: cold.seconds });
    rows.push({ what: "set-up, warm", seconds: warm.seconds, ratio: warm.seconds / cold.seconds, against: "cold" });
  } finally {
    if (own) {
      if (docker("images", "--quiet", image) === "") docker("tag", kept, image);
      docker("rmi", kept);
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

interface BenchBroker {
  readonly endpoint: string;
  readonly username: string;
  readonly password: string;
}

/** Runs something against a broker of its own. */
async function withBroker(work: (broker: BenchBroker) => Promise<void>): Promise<void> {
  const password = randomBytes(18).toString("base64url");
  const id = execFileSync(
    "docker",
    [
      ...["run", "--detach", "--rm", "--publish", "127.0.0.1::15672", "--label", "warren.bench", "--env", "RABBITMQ_DEFAULT_USER=bench"],
      ...["--env", "RABBITMQ_DEFAULT_PASS", process.env["WARREN_IMAGE"] ?? "rabbitmq:4.3-management"],
    ],
    { encoding: "utf8", env: { ...process.env, RABBITMQ_DEFAULT_PASS: password } },
  ).trim();
  try {
    const broker = { endpoint: `http://${docker("port", id, "15672").split("\n")[0]}`, username: "bench", password };
    const management = new Management(broker);
    for (let tries = 0; ; tries++) {
      try {
        await management.requireVersion("4.0");
        break;
      } catch (error) {
        if (tries > 240) throw error;
        await sleep(250);
      }
    }
    await work(broker);
  } finally {
    docker("rm", "--force", "--volumes", id);
  }
}

/** The broker's own import of the same objects into an empty vhost. */
async function measureImport(broker: BenchBroker, objects: number): Promise<number> {
  const {
    users: _users,
    permissions: _permissions,
    topic_permissions: _topics,
    ...rest
  } = definitions(compileInstallation({ topologies: [sample(objects)] }));
  const authorization = `Basic ${Buffer.from(`${broker.username}:${broker.password}`).toString("base64")}`;
  const { seconds } = await timed(`${objects} objects: the broker's own import`, async () => {
    const answer = await fetch(`${broker.endpoint}/api/definitions`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify(rest),
    });
    if (!answer.ok) throw new Error(`the import answered ${answer.status}: ${await answer.text()}`);
  });
  await fetch(`${broker.endpoint}/api/vhosts/bench-${objects}`, { method: "DELETE", headers: { authorization } });
  return seconds;
}

async function measureUp(broker: BenchBroker, objects: number): Promise<void> {
  const imported = await measureImport(broker, objects);
  const folder = mkdtempSync(join(tmpdir(), "warren-bench-"));
  const file = join(folder, "topology.json");
  writeFileSync(file, JSON.stringify(sample(objects)));
  const stack = await TestStack.create(
    { broker: "external", endpoint: broker.endpoint, username: broker.username, system: file },
    { password: broker.password },
  );
  try {
    const up = await timed(`${objects} objects: up`, async () => await stack.up());
    const preview = await timed(`${objects} objects: preview without changes`, async () => {
      const changes = await stack.preview();
      if (Object.keys(changes).length > 0) throw new Error(`the preview has changes: ${JSON.stringify(changes)}`);
    });
    const against = "the broker's own import";
    rows.push(
      { what: `${objects} objects: ${against}`, seconds: imported },
      { what: `${objects} objects: up`, seconds: up.seconds, ratio: up.seconds / imported, against },
      { what: `${objects} objects: preview without changes`, seconds: preview.seconds, ratio: preview.seconds / up.seconds, against: "up" },
    );
    const down = await stack.destroy();
    if (down.code !== 0) throw new Error(down.output);
  } finally {
    stack.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureCheck(): Promise<void> {
  const topology = sample(10_000);
  const times: number[] = [];
  for (let run = 0; run < 5; run++) {
    const { value, seconds } = await timed(`check of ${objectsOf(topology)} objects`, () =>
      Promise.resolve(check({ topologies: [topology] })),
    );
    if (value.some(({ severity }) => severity === "error")) throw new Error(`the sample has errors: ${JSON.stringify(value[0])}`);
    times.push(seconds);
  }
  const median = times.sort((a, b) => a - b)[2] ?? 0;
  rows.push({ what: "check of 10,000 objects (median of 5)", seconds: median, ratio: median, against: "one second" });
}

async function main(): Promise<void> {
  const sizes = options.sizes.split(",").map(Number);
  if (sizes.some((size) => !Number.isInteger(size) || size < 5))
    throw new Error("--sizes takes whole numbers from 5 on, with commas between");
  say("check");
  await measureCheck();
  say("provisioning");
  await withBroker(async (broker) => {
    for (const size of sizes) await measureUp(broker, size);
  });
  if (options.cold) {
    say("set-up");
    await measureSetUp();
  }
  const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ version: 1, machine, rows }, null, 2)}\n`);
    return;
  }
  const width = Math.max(...rows.map(({ what }) => what.length));
  process.stdout.write(`\n${machine}\n\n`);
  for (const { what, seconds, ratio, against } of rows) {
    const beside = ratio === undefined ? "" : `   ${ratio.toFixed(2)} × ${against ?? ""}`;
    process.stdout.write(`${what.padEnd(width)}  ${seconds.toFixed(2).padStart(8)} s${beside}\n`);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
