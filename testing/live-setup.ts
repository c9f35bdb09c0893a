/** Runs once before the live tests: finds the broker that the environment names, or starts one in a container and removes it at the end. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import type { LiveBroker } from "./broker.js";
import { brokerImage, docker, OWNED, publishedAt, removeOrphans } from "./docker.js";

const START_MS = 120_000;

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

/** The broker that the environment names, or one in a container of its own that `remove` takes away. */
export async function openBroker(): Promise<{ readonly broker: LiveBroker; readonly remove: () => Promise<void> }> {
  const named = fromEnvironment();
  if (named) return { broker: named, remove: async () => undefined };
  await removeOrphans();
  const username = "warren-test";
  const password = randomBytes(18).toString("base64url");
  // The password goes by the environment of the docker command, so that no process list shows it.
  const container = await docker(
    [
      ...["create", ...OWNED, "--env", "RABBITMQ_DEFAULT_USER", "--env", "RABBITMQ_DEFAULT_PASS"],
      ...["--publish", "127.0.0.1::5672", "--publish", "127.0.0.1::15672", await brokerImage()],
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
    const broker: LiveBroker = {
      managementUrl: `http://${await publishedAt(container, 15672)}`,
      amqpUrl: `amqp://${username}:${password}@${await publishedAt(container, 5672)}`,
      username,
      password,
    };
    await waitUntilReady(broker, container);
    return { broker, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** One for each process that runs tests: nothing of another file is in it meanwhile. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const opened = await Promise.allSettled(Array.from({ length: Number(project.config.maxWorkers) }, openBroker));
  const brokers = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const remove = async (): Promise<void> => {
    await Promise.all(brokers.map((each) => each.remove()));
  };
  const failed = opened.find((each) => each.status === "rejected");
  if (failed) {
    await remove();
    throw failed.reason;
  }
  project.provide(
    "liveBrokers",
    brokers.map(({ broker }) => broker),
  );
  return remove;
}
