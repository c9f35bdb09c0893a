/** Runs once before the live tests: finds the broker that the environment names, or starts one in a container and removes it at the end. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import type { LiveBroker } from "./broker.js";

const run = promisify(execFile);
const LABEL = "warren.test";
const START_MS = 120_000;

/** What the container's labels name: the process whose end makes it garbage. */
const owner = `${hostname()}:${process.pid}`;

async function docker(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string> {
  try {
    return (await run("docker", args, { env: { ...process.env, ...environment }, maxBuffer: 64 * 1024 * 1024 })).stdout.trim();
  } catch (error) {
    const fault = error as NodeJS.ErrnoException & { stderr?: string };
    const reason = fault.code === "ENOENT" ? "there is no docker command" : (fault.stderr ?? fault.message).trim();
    throw new Error(
      `The live tests need a broker, and docker ${args[0]} failed: ${reason}\n` +
        "Start Docker (npm test does), or name a broker by WARREN_TEST_MANAGEMENT=http://user:password@host:15672 and WARREN_TEST_AMQP=amqp://user:password@host:5672.",
    );
  }
}

function fromEnvironment(): LiveBroker | undefined {
  const { WARREN_TEST_MANAGEMENT: management, WARREN_TEST_AMQP: amqp } = process.env;
  if (!management && !amqp) return undefined;
  if (!management || !amqp) throw new Error("WARREN_TEST_MANAGEMENT and WARREN_TEST_AMQP go together: set both, or none.");
  const url = new URL(management);
  return {
    managementUrl: `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, "")}`,
    amqpUrl: amqp.replace(/\/+$/, ""),
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  };
}

async function image(): Promise<string> {
  if (process.env["WARREN_TEST_IMAGE"]) return process.env["WARREN_TEST_IMAGE"];
  const present = (await docker(["images", "--format", "{{.Repository}}:{{.Tag}}"])).split("\n");
  const found = present.find((name) => name === "rabbitmq:4.3-management") ?? present.find((name) => name.startsWith("warren/rabbitmq:"));
  if (!found)
    throw new Error(
      "No broker image for the live tests: neither rabbitmq:4.3-management nor warren/rabbitmq is here. Name one by WARREN_TEST_IMAGE.",
    );
  return found;
}

/** Removes what runs of this machine left behind that were killed before they could. */
async function sweep(): Promise<void> {
  const lines = (await docker(["ps", "-a", "--filter", `label=${LABEL}`, "--format", `{{.ID}} {{.Label "${LABEL}"}}`]))
    .split("\n")
    .filter(Boolean);
  for (const line of lines) {
    const [id = "", label = ""] = line.split(" ");
    const [host, pid] = label.split(":");
    if (host !== hostname()) continue;
    try {
      process.kill(Number(pid), 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ESRCH") await docker(["rm", "--force", "--volumes", id]);
    }
  }
}

async function waitUntilReady(broker: LiveBroker, container: string): Promise<void> {
  const deadline = Date.now() + START_MS;
  const authorization = `Basic ${Buffer.from(`${broker.username}:${broker.password}`).toString("base64")}`;
  for (;;) {
    // A connection that Docker's proxy accepts and drops leaves fetch pending with nothing to keep Node alive, and AbortSignal.timeout does not
    // either: without a timer of its own the whole run would end here, with exit code 0 and no test run.
    const impatience = new AbortController();
    const timer = setTimeout(() => impatience.abort(), 1000);
    const answer = await fetch(`${broker.managementUrl}/api/health/checks/port-listener/5672`, {
      headers: { authorization },
      signal: impatience.signal,
    }).catch(() => undefined);
    clearTimeout(timer);
    if (answer?.status === 200) return;
    const running = await docker(["inspect", "--format", "{{.State.Running}}", container]).catch(() => "gone");
    if (running !== "true" || Date.now() > deadline) {
      const log = running === "gone" ? "" : await docker(["logs", "--tail", "30", container]);
      throw new Error(`The broker for the live tests did not answer (container running: ${running}).\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const named = fromEnvironment();
  if (named) {
    project.provide("liveBroker", named);
    return undefined;
  }
  await sweep();
  const username = "warren-test";
  const password = randomBytes(18).toString("base64url");
  // The password goes by the environment of the docker command, so that no process list shows it.
  const container = await docker(
    [
      ...["create", "--label", `${LABEL}=${owner}`, "--env", "RABBITMQ_DEFAULT_USER", "--env", "RABBITMQ_DEFAULT_PASS"],
      ...["--publish", "127.0.0.1::5672", "--publish", "127.0.0.1::15672", await image()],
    ],
    { RABBITMQ_DEFAULT_USER: username, RABBITMQ_DEFAULT_PASS: password },
  );
  const remove = async (): Promise<void> => {
    await docker(["rm", "--force", "--volumes", container]);
  };
  try {
    // The official image enables fewer plugins than a topology may ask for.
    await docker(["cp", join(__dirname, "../lab/image/enabled_plugins"), `${container}:/etc/rabbitmq/enabled_plugins`]);
    await docker(["start", container]);
    const port = async (inside: number): Promise<string> => (await docker(["port", container, String(inside)])).split("\n")[0] ?? "";
    const broker: LiveBroker = {
      managementUrl: `http://${await port(15672)}`,
      amqpUrl: `amqp://${username}:${password}@${await port(5672)}`,
      username,
      password,
    };
    await waitUntilReady(broker, container);
    project.provide("liveBroker", broker);
  } catch (error) {
    await remove();
    throw error;
  }
  return remove;
}
