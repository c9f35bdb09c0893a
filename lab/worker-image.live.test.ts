/** The worker's image, built and run: what is in it, how little it may do, and that it works, is healthy and ends as it should. */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { liveBroker, scratchName } from "../testing/broker.js";
import { CycloneDx } from "../testing/cyclonedx.js";
import { docker, OWNED } from "../testing/docker.js";
import { until } from "../testing/until.js";
import { storeProcess } from "../testing/store-process.js";
import { workerGround } from "../testing/worker-live.js";
import { debias } from "../topology/systems/debias.js";
import { connect } from "../workers/index.js";
import { checkout } from "./places.js";
import { versions } from "./versions.js";
import { getWorkerImage, type WorkerImage } from "./worker-image.js";

const run = promisify(execFile);
const HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
/** A cluster may choose the user: no file of the image belongs to it. */
const ANY_USER = ["--user", "47110:47110"];
let built: WorkerImage;

beforeAll(async () => {
  built = (await getWorkerImage(() => undefined)).value;
});

const event = (n: number) => ({ user_id: n, product_id: 100, event_type: "view" as const, user_session: `session-${n}` });

/** A port that is free now. */
async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return String(port);
}

interface Started {
  readonly name: string;
  readonly log: () => Promise<string>;
  /** Waits until it has logged this. */
  readonly says: (text: string) => Promise<void>;
  readonly health: () => Promise<string>;
  /** Milliseconds from the command to the end of the process, and the exit code. */
  readonly stop: () => Promise<{ readonly ms: number; readonly code: number }>;
}

/** Runs the image in the network of this machine, where the live broker is. What is secret goes by the environment of the docker command. */
async function start(
  environment: Record<string, string>,
  options: readonly string[] = [],
  words: readonly string[] = [],
): Promise<Started> {
  const name = scratchName("image");
  const names = Object.keys(environment).flatMap((key) => ["--env", key]);
  await docker(
    ["run", "--detach", ...OWNED, "--name", name, "--network", "host", ...HARDENED, ...names, ...options, built.image, ...words],
    environment,
  );
  onTestFinished(async () => void (await docker(["rm", "--force", name])));
  const inspect = (format: string): Promise<string> => docker(["inspect", "--format", format, name]);
  const log = async (): Promise<string> => {
    const { stdout, stderr } = await run("docker", ["logs", name]);
    return stdout + stderr;
  };
  return {
    ...{ name, log },
    says: async (text) => {
      await until(async () => (await log()).includes(text), 60_000).catch(async () => {
        throw new Error(`It has not said "${text}":\n${await log()}`);
      });
    },
    health: () => inspect("{{.State.Health.Status}}"),
    stop: async () => {
      const began = Date.now();
      await docker(["stop", "--time", "20", name]);
      const [ended = "", code] = (await inspect("{{.State.FinishedAt}} {{.State.ExitCode}}")).split(" ");
      return { ms: Date.parse(ended) - began, code: Number(code) };
    },
  };
}

describe("the image", () => {
  test("is small, and has neither a shell nor a package manager nor a program with more rights", async () => {
    const container = await docker(["create", ...OWNED, built.image]);
    onTestFinished(async () => void (await docker(["rm", container])));
    const folder = mkdtempSync(join(tmpdir(), "warren-image-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "image.tar");
    await docker(["export", "--output", file, container]);
    const lines = execFileSync("tar", ["-tvf", file], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 })
      .trim()
      .split("\n");
    const entries = lines.map((line) => line.split(/\s+/));
    const bytes = entries.reduce((sum, [, , size]) => sum + Number(size), 0);
    expect(bytes).toBeGreaterThan(50_000_000);
    expect(bytes).toBeLessThanOrEqual(150_000_000);
    const names = entries.map(([, , , , , name = ""]) => name);
    expect(names).toContain("app/warren-worker.cjs");
    expect(names).toContain("app/page/page.js");
    expect(names.filter((name) => /(^|\/)(sh|bash|dash|busybox|apt(-get)?|dpkg|npm|npx|corepack|perl|openssl)$/.test(name))).toEqual([]);
    expect(names.filter((name) => name.endsWith(".map"))).toEqual([]);
    expect(entries.filter(([mode = ""]) => /^-..[sS]|^-.....[sS]/.test(mode))).toEqual([]);
    // Only /tmp, which is a tmpfs or nothing where the root file system is read-only.
    const writable = entries.filter(([mode = ""]) => /^[-d].......w/.test(mode)).map(([, , , , , name]) => name);
    expect(writable).toEqual(["tmp/"]);
    await expect(docker(["run", "--rm", ...OWNED, "--entrypoint", "/bin/sh", built.image, "-c", "true"])).rejects.toThrow(
      /no such file|not found/,
    );
  });

  test("says what it is", async () => {
    const { Config: config } = JSON.parse(await docker(["image", "inspect", "--format", "{{json .}}", built.image]));
    const { version, license } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
    expect(config).toMatchObject({ User: "65532:65532", StopSignal: "SIGTERM", Cmd: ["work"] });
    expect(config.Labels).toMatchObject({
      "org.opencontainers.image.title": "Warren worker",
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.revision": expect.stringMatching(/^([0-9a-f]{40}(-dirty)?|unknown)$/),
      "org.opencontainers.image.source": expect.stringMatching(/^[a-z]+:\S+$/),
      "org.opencontainers.image.licenses": license,
      "warren.image.recipe": String(versions.worker.recipe),
    });
    expect(built.image).toMatch(new RegExp(`^warren/worker:${version}-[0-9a-f]{12}$`));
  });

  test("has its bill of materials in it and beside it", async () => {
    const container = await docker(["create", ...OWNED, built.image]);
    onTestFinished(async () => void (await docker(["rm", container])));
    const folder = mkdtempSync(join(tmpdir(), "warren-image-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = await docker(["image", "inspect", "--format", '{{index .Config.Labels "warren.image.sbom"}}', built.image]);
    await docker(["cp", `${container}:${path}`, join(folder, "sbom.json")]);
    const inside = readFileSync(join(folder, "sbom.json"), "utf8");
    expect(inside).toBe(readFileSync(join(built.folder, "sbom.cdx.json"), "utf8"));
    const { components } = CycloneDx.parse(JSON.parse(inside));
    const versionOf = (name: string): string | undefined => components.find((component) => component.name === name)?.version;
    const installed = JSON.parse(readFileSync(join(checkout, "node_modules/amqplib/package.json"), "utf8")) as { version: string };
    expect(versionOf("amqplib")).toBe(installed.version);
    const node = await docker(["run", "--rm", ...OWNED, "--entrypoint", "/nodejs/bin/node", built.image, "-p", "process.versions.node"]);
    expect(versionOf("nodejs")?.startsWith(node)).toBe(true);
    expect(versionOf("libc6")).toBeDefined();
    expect(versionOf("@viz-js/viz")).toBeDefined();
    // The compiler of configuration files is not in it, nor is what only tests use.
    expect(["jiti", "esbuild", "libsql", "@pulumi/pulumi"].filter((name) => versionOf(name) !== undefined)).toEqual([]);
    await docker(["cp", `${container}:/app/THIRD-PARTY.txt`, join(folder, "licences")]);
    const licences = readFileSync(join(folder, "licences"), "utf8");
    for (const { name, version, purl } of components) if (purl?.startsWith("pkg:npm/")) expect(licences).toContain(`${name} ${version} (`);
  });

  test("is not built again when nothing changed", async () => {
    const began = Date.now();
    expect(await getWorkerImage(() => undefined)).toMatchObject({ value: { image: built.image }, way: "up to date" });
    expect(Date.now() - began).toBeLessThan(5_000);
  });

  test("runs with nothing that it may write and no right, as any user", async () => {
    for (const user of [[], ANY_USER]) {
      const help = await docker(["run", "--rm", ...OWNED, "--network", "none", ...HARDENED, ...user, built.image, "--help"]);
      for (const verb of ["work", "publish", "tail", "dlq", "load", "ui"]) expect(help).toMatch(new RegExp(`^  ${verb} `, "m"));
    }
    const sqlite = 'new (require("node:sqlite").DatabaseSync)(":memory:").prepare("SELECT 40 + 2 AS sum").get().sum';
    const said = await docker(["run", "--rm", ...OWNED, ...HARDENED, "--entrypoint", "/nodejs/bin/node", built.image, "-p", sqlite]);
    expect(said).toBe("42");
  });

  test("says what is missing when it is started with nothing", async () => {
    await expect(docker(["run", "--rm", ...OWNED, "--network", "none", built.image])).rejects.toThrow(
      /WARREN_SYSTEM and WARREN_SERVICE not set[^]*to do:/,
    );
  });
});

test("reference handlers take messages, are healthy, and end in order", async () => {
  const ground = await workerGround(debias);
  const graph = await storeProcess("graph");
  const port = await freePort();
  const worker = await start(
    {
      ...{ WARREN_SYSTEM: "debias", WARREN_SERVICE: "neo4j-worker", RABBITMQ_URL: ground.url("neo4j-worker"), NEO4J_URL: graph.url },
      ...{ WARREN_HTTP_HOST: "127.0.0.1", WARREN_HTTP_PORT: port },
    },
    ANY_USER,
  );
  const bus = await connect(ground.topology, { service: "event-api", url: ground.url("event-api") });
  onTestFinished(() => bus.close());
  await bus.publishAll(
    "event",
    Array.from({ length: 20 }, (_, n) => event(n)),
  );
  await worker.says("service.open");
  await until(async () => (await graph.client.counts())["interactions"]?.records === 20, 30_000);
  expect(await docker(["exec", worker.name, "/nodejs/bin/node", "/app/health.cjs", "ready"])).toContain('"status":"ready"');
  await until(async () => (await worker.health()) === "healthy", 60_000);

  const { managementUrl, amqpUrl, username, password } = await liveBroker();
  const management = new URL(managementUrl);
  Object.assign(management, { username, password });
  const amqp = `amqp://${new URL(amqpUrl).host}`;
  const words = ["tail", "events.neo4j", "--amqp", amqp, "--vhost", ground.vhost, "--count", "1", "--body"];
  const copy = await start({ WARREN_BROKER_URL: management.href }, [], words);
  await copy.says("Listening.");
  const publish = ["publish", "debias", "event", "--body", JSON.stringify(event(4711))];
  const sender = await start({ RABBITMQ_URL: ground.url("event-api") }, [], publish);
  await sender.says("published event: ");
  await copy.says("session-4711");

  expect(await worker.stop()).toMatchObject({ code: 0, ms: expect.toSatisfy((ms: number) => ms < 1_000) });
  expect(await worker.log()).toContain("service.end");
  expect(await ground.depth("events.neo4j")).toBe(0);
});

test("the live page is served by it, to whoever has the token of a file, and its log has none", async () => {
  const folder = mkdtempSync(join(tmpdir(), "warren-token-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  execFileSync("chmod", ["755", folder]);
  const token = "a-token-for-tests-of-at-least-32-characters";
  writeFileSync(join(folder, "token"), token, { mode: 0o644 });
  const { managementUrl, amqpUrl, username, password } = await liveBroker();
  const port = await freePort();
  const environment = {
    ...{ WARREN_BROKER_USERNAME: username, WARREN_BROKER_PASSWORD: password, WARREN_UI_TOKEN_FILE: "/token/token", WARREN_HTTP_PORT: port },
  };
  const words = ["ui", "debias", "--broker", managementUrl, "--amqp", `amqp://${new URL(amqpUrl).host}`, "--port", port];
  const page = await start(environment, [...ANY_USER, "--volume", `${folder}:/token:ro`], words);
  await page.says("Read-only");
  const ask = (path: string, given: string) => fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${given}` } });
  expect((await ask("/api/scene", "another")).status).toBe(401);
  const { scene } = (await (await ask("/api/scene", token)).json()) as { scene: { nodes: readonly { id: string }[] } };
  expect(scene.nodes.map(({ id }) => id)).toContain("debias/queue:events.neo4j");
  expect(await (await fetch(`http://127.0.0.1:${port}/page.js`)).text()).toContain("/api/scene");
  expect(await docker(["exec", page.name, "/nodejs/bin/node", "/app/health.cjs"])).toContain('"status":"live"');
  // In order, and by the signal.
  expect(await page.stop()).toMatchObject({ code: 143, ms: expect.toSatisfy((ms: number) => ms < 2_000) });
  expect(await page.log()).not.toContain(token);
});

test("handlers of one's own are JavaScript beside the image; SIGTERM waits for what they have begun", async () => {
  const ground = await workerGround(debias);
  const folder = mkdtempSync(join(tmpdir(), "warren-handlers-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "handlers.mjs");
  const source = `
    import { reject } from "warren/workers";
    import { setTimeout as sleep } from "node:timers/promises";
    export default {
      "events.qdrant": async ({ body }) => {
        console.log("begun", body.user_id);
        await sleep(1000);
        console.log("done", body.user_id);
        return body.user_id === 1 ? reject("not this one") : undefined;
      },
    };`;
  writeFileSync(file, source, { mode: 0o644 });
  execFileSync("chmod", ["755", folder]);
  const worker = await start(
    {
      ...{
        WARREN_SYSTEM: "debias",
        WARREN_SERVICE: "qdrant-worker",
        RABBITMQ_URL: ground.url("qdrant-worker"),
        WARREN_HTTP_PORT: await freePort(),
      },
      ...{ WARREN_HANDLERS: "/handlers/handlers.mjs", WARREN_CONCURRENCY: "2", RABBITMQ_DEFAULT_PREFETCH_COUNT: "2" },
    },
    ["--volume", `${folder}:/handlers:ro`],
  );
  const bus = await connect(ground.topology, { service: "event-api", url: ground.url("event-api") });
  onTestFinished(() => bus.close());
  await bus.publishAll(
    "event",
    Array.from({ length: 10 }, (_, n) => event(n + 1)),
  );
  const count = async (word: string): Promise<number> => (await worker.log()).match(new RegExp(`^${word} `, "gm"))?.length ?? 0;
  await worker.says("service.open");
  await until(async () => (await count("begun")) >= 2, 30_000);
  expect(await worker.stop()).toMatchObject({ code: 0, ms: expect.toSatisfy((ms: number) => ms < 5_000) });
  const done = await count("done");
  expect(await count("begun")).toBe(done);
  expect(done).toBeGreaterThanOrEqual(2);
  // What was done is settled, the rejected one is a dead letter, and the rest waits for the next worker.
  expect(await ground.depth("events.qdrant")).toBe(10 - done);
  await until(async () => (await ground.depth("events.dlq")) === 1);
});

test("a signal ends it while it still looks for its broker", async () => {
  const unreachable = { RABBITMQ_URL: "amqp://user:secret@127.0.0.1:1/v", RABBITMQ_CONNECTION_ATTEMPTS: "10", RABBITMQ_RETRY_DELAY: "30" };
  const worker = await start({
    ...unreachable,
    WARREN_SYSTEM: "debias",
    WARREN_SERVICE: "dlq-handler",
    WARREN_HTTP_PORT: await freePort(),
  });
  await sleep(1500);
  const { ms, code } = await worker.stop();
  expect(code).not.toBe(137);
  expect(ms).toBeLessThan(5_000);
  expect(await worker.log()).not.toContain("secret");
});
