/** The dev stack as a user has it: a fresh checkout, the commands of the README, a broker in Docker, and what goes wrong with them. */
import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../lab/command.js";
import { systems } from "../topology/systems/index.js";
import { Clone } from "./clone.js";

const management = "http://127.0.0.1:15672";

let clone: Clone;
/** The arguments of all processes, looked at while an update ran. */
let processes = "";

/** The broker's own count of a quorum queue is up to 5 seconds old. */
const expectDepth = (vhost: string, queue: string) => expect.poll(() => depth(vhost, queue), { timeout: 15_000, interval: 250 });

async function publish(vhost: string, queue: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const message = { properties: { delivery_mode: 2 }, routing_key: queue, payload: "{}", payload_encoding: "string" };
    expect((await clone.api("POST", `/exchanges/${vhost}/amq.default/publish`, message)).status).toBe(200);
  }
}

async function depth(vhost: string, queue: string): Promise<number> {
  const answer = await clone.api("GET", `/queues/${vhost}/${queue}?disable_stats=true&enable_queue_totals=true`);
  return ((await answer.json()) as { messages: number }).messages;
}

const purge = async (vhost: string, queue: string): Promise<void> => void (await clone.api("DELETE", `/queues/${vhost}/${queue}/contents`));

const vhosts = async (): Promise<string[]> =>
  ((await (await clone.api("GET", "/vhosts")).json()) as { name: string }[]).map(({ name }) => name);

const docker = (...args: readonly string[]): string[] =>
  execFileSync("docker", [...args], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line !== "");

const left = (): Record<string, string[]> => ({
  containers: docker("ps", "--all", "--quiet", "--filter", "label=warren.stack=dev"),
  volumes: docker("volume", "ls", "--quiet", "--filter", "label=warren.stack=dev"),
  networks: docker("network", "ls", "--quiet", "--filter", "label=warren.stack=dev"),
});

const containers = (): string[] => left()["containers"] ?? [];

/** The processes of an engine that works for this clone. */
function engines(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const [program = ""] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return (
          /(^|\/)pulumi$/.test(program) && readFileSync(`/proc/${pid}/environ`, "utf8").includes(`WARREN_CHECKOUT=${clone.directory}\0`)
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}

function lookAtProcesses(): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      processes += readFileSync(`/proc/${pid}/cmdline`, "utf8");
    } catch {
      // It has ended since.
    }
  }
}

beforeAll(() => void (clone = new Clone()));
afterAll(() => clone.remove());

describe("before anything is up", () => {
  it("a taken port is named, with what to do, and nothing is made", async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(5672, "127.0.0.1", done));
    try {
      const refused = await clone.npm("up");
      expect(refused.code).not.toBe(0);
      expect(refused.output).toMatch(/5672/);
      expect(refused.output).toMatch(/warren:amqpPort/);
      expect(left()).toEqual({ containers: [], volumes: [], networks: [] });
    } finally {
      await new Promise((done) => server.close(done));
    }
  });

  it("a system that does not exist is refused, and those that do are named", async () => {
    const refused = await clone.npm("up", "--", "--system", "contextqi");
    expect(refused.code).toBe(2);
    expect(refused.output).toMatch(/did you mean "contextiq"/);
  });

  it("nothing is up to be taken down", async () => {
    expect((await clone.npm("down")).code).toBe(0);
  });
});

describe("npm run up", () => {
  it("on a fresh clone brings up contextiq, exactly", async () => {
    const { output } = await clone.up();
    for (const step of ["Docker engine", "Broker image", "Pulumi engine"]) expect(output).toContain(step);
    expect(output).toContain("contextiq");
    expect(output).toContain(management);
    expect(await vhosts()).toContain("contextiq");
    const drift = await clone.warren("drift", "contextiq", "--environment", "dev");
    expect(drift.output).not.toMatch(/missing:/);
    expect(drift.code).toBe(0);
  });

  it("leaves no default user", async () => {
    expect((await clone.api("GET", "/whoami", undefined, "guest:guest")).status).toBe(401);
    const users = ((await (await clone.api("GET", "/users")).json()) as { name: string }[]).map(({ name }) => name);
    expect(users).not.toContain("guest");
  });

  it("listens on this machine alone", () => {
    const [ports = ""] = docker("ps", "--filter", "label=warren.stack=dev", "--format", "{{.Ports}}");
    // Ports that follow each other are told as a range.
    expect(ports).toMatch(/127\.0\.0\.1:5671-5672->5671-5672/);
    expect(ports.replaceAll(/127\.0\.0\.1:[\d-]+->/g, "")).not.toMatch(/->/);
  });

  it("again changes nothing, and the checkout is clean", async () => {
    const { output } = await clone.up();
    expect(output).toMatch(/unchanged/);
    expect(output).not.toMatch(/created|updated|deleted|replaced/);
    expect(clone.git("status", "--porcelain")).toBe("");
  });

  it("takes another system in its place, and remembers it", async () => {
    await clone.up("--system", "debias");
    expect(await vhosts()).toEqual(expect.arrayContaining(["debias"]));
    expect(await vhosts()).not.toContain("contextiq");
    expect((await clone.warren("drift", "debias", "--environment", "dev")).code).toBe(0);
    expect((await clone.npm("preview")).output).toMatch(/unchanged/);
  });

  it("refuses another system while this one holds messages, with the count", async () => {
    await publish("debias", "events.neo4j", 3);
    const refused = await clone.npm("up", "--", "--system", "contextiq");
    expect(refused.code).toBe(1);
    expect(refused.output).toMatch(/3 messages/);
    await expectDepth("debias", "events.neo4j").toBe(3);
    expect((await clone.up()).output).toMatch(/unchanged/);
  });

  it("keeps messages when the container was stopped", async () => {
    docker("stop", ...containers());
    await clone.up();
    await expectDepth("debias", "events.neo4j").toBe(3);
    await purge("debias", "events.neo4j");
  });

  it("completes what a killed engine left half done", async () => {
    const child = spawn("npm", ["run", "--silent", "up", "--", "--all"], {
      cwd: clone.directory,
      env: { ...process.env, CI: "true", INIT_CWD: clone.directory },
    });
    const ended = new Promise<number | null>((done) => child.on("close", done));
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (clone.said += text.toString()));
    const deadline = Date.now() + 120_000;
    // In the middle of it: some of the five are there, not all.
    while ((await vhosts()).filter((name) => name in systems).length < 3 && Date.now() < deadline) {
      lookAtProcesses();
      await sleep(50);
    }
    const killed = engines();
    expect(killed.length).toBeGreaterThan(0);
    killed.forEach((pid) => process.kill(pid, "SIGKILL"));
    expect(await ended).not.toBe(0);

    await clone.up();
    for (const name of Object.keys(systems)) {
      expect({ name, code: (await clone.warren("drift", name, "--environment", "dev")).code }).toEqual({ name, code: 0 });
    }
    expect((await clone.up()).output).not.toMatch(/created|updated|deleted|replaced/);
  });

  it("does not begin on a full disk, and goes on from the copy when one left the state empty", async () => {
    const own = join(clone.directory, ".warren");
    const aside = join(clone.directory, ".warren-aside");
    renameSync(own, aside);
    execFileSync("mkdir", [own]);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", own]);
    try {
      execFileSync("cp", ["-a", `${aside}/.`, own]);
      const refused = await clone.npm("up");
      expect(refused.code).not.toBe(0);
      expect(refused.output).toMatch(/needs .* of free space/);
    } finally {
      execFileSync("umount", [own]);
      rmSync(own, { recursive: true });
      renameSync(aside, own);
    }

    const state = join(own, "state/.pulumi/stacks/warren/dev.json");
    writeFileSync(state, "");
    writeFileSync(`${state}.attrs`, "");
    const { output } = await clone.up();
    expect(output).toMatch(/the copy from before the last run is used/);
    expect(output).toMatch(/attributes of the state that a killed engine left half written are removed/);
    for (const name of Object.keys(systems)) expect((await clone.warren("drift", name, "--environment", "dev")).code).toBe(0);
  });

  it("takes a file of one's own", async () => {
    writeFileSync(
      join(clone.directory, "mine.ts"),
      `import { topology } from "warren";\nexport const mine = topology({ name: "mine", queues: { only: { type: "quorum", maxLength: 10 } } });\n`,
    );
    await clone.up("--system", "./mine.ts");
    expect((await vhosts()).filter((name) => name === "mine" || name in systems)).toEqual(["mine"]);
    rmSync(join(clone.directory, "mine.ts"));
    await clone.up("--system", "fo-analytics");
  });
});

describe("secrets", () => {
  it("are in no output, no argument of a process, no state, no container, no tracked file", async () => {
    const state = readFileSync(join(clone.directory, ".warren/state/.pulumi/stacks/warren/dev.json"), "utf8");
    const inspected = docker("inspect", ...containers()).join("\n");
    const logs = execFileSync("docker", ["logs", ...containers()], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    const places = {
      said: clone.said,
      processes,
      state,
      inspected,
      logs,
      config: readFileSync(join(clone.directory, ".warren/Pulumi.dev.yaml"), "utf8"),
    };
    const shown = await run(
      process.execPath,
      ["lab/start.mjs", "exec", ..."pulumi stack output passwords --show-secrets --json".split(" ")],
      {
        cwd: clone.directory,
      },
    );
    const generated = Object.values(JSON.parse(shown.stdout) as Record<string, string>);
    expect(generated.length).toBeGreaterThan(2);
    const secrets = [
      ...generated,
      clone.password,
      readFileSync(join(clone.directory, ".warren/passphrase"), "utf8").trim(),
      readFileSync(join(clone.directory, ".warren/salt"), "utf8").trim(),
    ];
    const hashes = ((await (await clone.api("GET", "/users")).json()) as { password_hash: string }[]).map((user) => user.password_hash);
    expect(processes).toContain("pulumi");
    expect(hashes.length).toBeGreaterThan(2);
    expect(state).toContain("fo-analytics");
    for (const [place, text] of Object.entries(places)) {
      for (const secret of secrets) expect({ place, found: text.includes(secret) }).toEqual({ place, found: false });
    }
    // Users' hashes are secrets too, apart from the administrator's, which the container needs in a file of its own.
    for (const hash of hashes) expect(state.includes(hash) || clone.said.includes(hash)).toBe(false);
  });
});

describe("npm run down", () => {
  it("refuses while a queue holds messages, with the count", async () => {
    await publish("fo-analytics", "document_processing", 2);
    const refused = await clone.npm("down");
    expect(refused.code).toBe(1);
    expect(refused.output).toMatch(/2 messages/);
    expect(refused.output).toMatch(/--discard/);
    await expectDepth("fo-analytics", "document_processing").toBe(2);
    expect((await clone.up()).output).not.toMatch(/created|updated|deleted|replaced/);
  });

  it("leaves nothing", async () => {
    expect((await clone.npm("down", "--", "--discard")).code).toBe(0);
    expect(left()).toEqual({ containers: [], volumes: [], networks: [] });
    expect(clone.git("status", "--porcelain")).toBe("");
  });
});
