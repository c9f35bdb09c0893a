/** The broker is well: its management API answers, its own checks pass, no resource is short, and it is new enough. */
import { isAtLeast } from "../../broker/index.js";
import type { Version } from "../../topology/settings.js";
import type { Ground } from "../ground.js";
import { Broken, type Case, type Note, type Probe } from "../probe.js";

const CHECKS = {
  alarms: "no node of the cluster has an alarm (memory, disk, file descriptors)",
  "local-alarms": "the node that answers has no alarm",
  "virtual-hosts": "every vhost runs",
  "is-in-service": "the node that answers is in service",
  "ready-to-serve-clients": "the node that answers takes clients",
} as const;

/** Missing in brokers before the version that is said. */
const SINCE: Readonly<Record<string, Version>> = { "is-in-service": "4.1", "ready-to-serve-clients": "4.1" };

function checkCase(check: string, meaning: string): Case {
  return {
    name: `check ${check}`,
    run: async ({ management }, note) => {
      const since = SINCE[check];
      if (since !== undefined && !isAtLeast(await management.version(), since)) return note("read", `not known to brokers before ${since}`);
      const reason = await management.health(check);
      note("read", `${meaning}: ${reason ?? "ok"}`);
      if (reason !== undefined) throw new Broken(`the broker at ${management.endpoint} fails its check ${check} (${meaning}): ${reason}`);
    },
  };
}

async function checkVersion({ management, plan }: Ground, note: Note): Promise<void> {
  const version = await management.version();
  note("read", `RabbitMQ ${version}, asked for is ${plan.brokerVersion} or later`);
  if (!isAtLeast(version, plan.brokerVersion))
    throw new Broken(
      `the broker at ${management.endpoint} is RabbitMQ ${version}, and the topology asks for ${plan.brokerVersion} or later`,
    );
}

async function checkListeners({ management }: Ground, note: Note): Promise<void> {
  const { listeners = [] } = await management.overview();
  const amqp = listeners.filter(({ protocol }) => protocol === "amqp" || protocol === "amqp/ssl");
  if (amqp.length === 0) throw new Broken(`the broker at ${management.endpoint} listens for AMQP at no port`);
  for (const port of new Set(amqp.map((listener) => listener.port))) {
    const reason = await management.health(`port-listener/${port}`);
    note("read", `port ${port}: ${reason ?? "ok"}`);
    if (reason !== undefined) throw new Broken(`the broker at ${management.endpoint} does not answer at its AMQP port ${port}: ${reason}`);
  }
}

async function checkNodes({ management }: Ground, note: Note): Promise<void> {
  const nodes = await management.nodes();
  note("read", nodes.map(({ name, running }) => `${name} ${running ? "runs" : "is down"}`).join(", "));
  const down = nodes.filter(({ running }) => !running).map(({ name }) => `node ${JSON.stringify(name)} is down`);
  if (down.length > 0) throw new Broken(down.join("\n"));
}

export const management: Probe = {
  name: "management",
  promise: "The management API answers, the broker's own health checks pass, and its version is at least the one that is asked for.",
  level: "core",
  profile: "read-only",
  cases: (): readonly Case[] => [
    { name: "version", run: checkVersion },
    ...Object.entries(CHECKS).map(([check, meaning]) => checkCase(check, meaning)),
    { name: "AMQP listeners", run: checkListeners },
    { name: "nodes", run: checkNodes },
  ],
};
