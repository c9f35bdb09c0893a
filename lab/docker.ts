/** The Docker engine: found running, started, or installed on Debian and Ubuntu. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WarrenError } from "../topology/errors.js";
import { aptInstall, isDebianRoot } from "./apt.js";
import { run, tail, which } from "./command.js";
import { MB, needSpace } from "./disk.js";
import { cacheFolder } from "./places.js";
import { isRunning } from "./processes.js";
import { type Outcome, type Say } from "./steps.js";

/** How long a started engine may take until it answers. */
const START_SECONDS = 60;
const ANSWER_MS = 10_000;

/** Makes sure that a Docker engine answers. */
export async function getDocker(say: Say): Promise<Outcome<void>> {
  const first = await askDocker();
  if (first.version) return { value: undefined, way: "found", title: `Docker engine ${first.version}` };
  // An engine elsewhere is not ours to start or to replace.
  const elsewhere = process.env["DOCKER_HOST"];
  if (elsewhere && !elsewhere.startsWith("unix://")) {
    throw new WarrenError(`The Docker engine at DOCKER_HOST=${elsewhere} does not answer: ${first.reason}`, {
      remedy: "start it, or unset DOCKER_HOST to use the local one",
    });
  }
  if (/permission denied/i.test(first.reason)) {
    throw new WarrenError("The Docker engine runs, but this account may not use it", {
      remedy: "`sudo usermod -aG docker $USER`, then log in again",
    });
  }
  let way = "started";
  if (!which("docker") || !which("dockerd")) {
    if (!isDebianRoot()) {
      throw new WarrenError("No Docker engine answers, and none is installed that could be started here", {
        remedy:
          "install and start Docker (https://docs.docker.com/engine/install/), or run as root on Debian or Ubuntu to have it installed",
      });
    }
    say("installing with apt-get");
    await aptInstall("Docker", ["docker.io", "iptables"]);
    way = "installed and started";
  }
  const version = await startDocker(say);
  return { value: undefined, way, title: `Docker engine ${version}` };
}

async function askDocker(): Promise<{ version?: string; reason: string }> {
  const answer = await run("docker", ["version", "--format", "{{.Server.Version}}"], { limit: ANSWER_MS });
  const version = answer.stdout.trim();
  if (answer.code === 0 && version) return { version, reason: "" };
  return { reason: tail(answer.stderr.trim(), 1) || (answer.timedOut ? `no answer in ${ANSWER_MS / 1000} seconds` : "no answer") };
}

async function startDocker(say: Say): Promise<string> {
  say("starting");
  if (existsSync("/run/systemd/system")) {
    const answer = await run("systemctl", ["start", "docker"], { limit: START_SECONDS * 1000 });
    if (answer.code !== 0) throw notStarted(`systemctl start docker: ${answer.stderr.trim()}`);
    return await waitForDocker(() => undefined, "journalctl -u docker", "");
  }
  if (process.getuid?.() !== 0) throw notStarted("only root can start it here");
  needSpace("The Docker engine", "/var/lib/docker", 500 * MB);
  forgetDeadEngine();
  const folder = join(cacheFolder(), "run");
  mkdirSync(folder, { recursive: true });
  const log = join(folder, "dockerd.log");
  const output = openSync(log, "w");
  let ended: string | undefined;
  const daemon = spawn(which("dockerd") ?? "dockerd", [], { detached: true, cwd: "/", stdio: ["ignore", output, output] });
  daemon.on("error", (error) => (ended = error.message));
  daemon.on("exit", (code) => (ended = `it ended with exit code ${code}`));
  daemon.unref();
  closeSync(output);
  return await waitForDocker(() => ended, log, log);
}

async function waitForDocker(ended: () => string | undefined, where: string, log: string): Promise<string> {
  const limit = Date.now() + START_SECONDS * 1000;
  let reason = "";
  while (Date.now() < limit && ended() === undefined) {
    const answer = await askDocker();
    if (answer.version) return answer.version;
    reason = answer.reason;
    await sleep(200);
  }
  const said = log && existsSync(log) ? `\n${tail(readFileSync(log, "utf8").trim(), 10)}` : "";
  throw notStarted(`${ended() ?? `it did not answer within ${START_SECONDS} seconds (${reason})`}; its log is ${where}${said}`);
}

function notStarted(why: string): WarrenError {
  return new WarrenError(`The Docker engine is installed but could not be started: ${why}`, {
    remedy: "start it by hand (`sudo systemctl start docker`, or `dockerd` as root), then run the command again",
  });
}

/** Files that a killed engine left name process numbers; one that another program has by now would keep a new engine from starting. */
function forgetDeadEngine(): void {
  const left = { dockerd: "/var/run/docker.pid", containerd: "/var/run/docker/containerd/containerd.pid" };
  for (const [program, file] of Object.entries(left)) {
    if (existsSync(file) && !isRunning(Number(readFileSync(file, "utf8")), program)) rmSync(file, { force: true });
  }
}
