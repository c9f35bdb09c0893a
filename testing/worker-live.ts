/** A topology on a live broker with users that can log in: what a worker needs in a test. */
import amqp from "amqplib";
import { onTestFinished } from "vitest";
import { Management } from "../broker/index.js";
import { generatePassword } from "../broker/password.js";
import { compile } from "../topology/compile/compile.js";
import type { Topology } from "../topology/model.js";
import { brokerApi, liveBroker, scratchName } from "./broker.js";
import { provisionLive } from "./provision-live.js";

export interface WorkerGround {
  readonly vhost: string;
  /** Of a service's own user, or with `administrator` of the broker's. */
  readonly url: (service: string) => string;
  /** Ready messages of a queue, by AMQP: the counters of the management API lag. */
  readonly depth: (queue: string) => Promise<number>;
  readonly api: typeof brokerApi;
}

/** The same topology in a vhost of its own, whose users have names and passwords of their own; gone after the test. */
export async function workerGround<T extends Topology>(
  topology: T,
  after: (remove: () => Promise<void>) => void = onTestFinished,
): Promise<WorkerGround & { readonly topology: T }> {
  const vhost = scratchName("worker");
  const services = Object.fromEntries(
    Object.entries(topology.services ?? {}).map(([name, service]) => [name, { ...service, user: `${vhost}.${name}` }]),
  );
  const own = { ...topology, vhost: { ...topology.vhost, name: vhost }, services } as T;
  const broker = await liveBroker();
  const management = new Management({ endpoint: broker.managementUrl, username: broker.username, password: broker.password });
  const remove = await provisionLive(management, { topologies: [own] });
  after(async () => {
    await remove();
    await management.close();
  });
  await brokerApi("PUT", `/api/permissions/${encodeURIComponent(vhost)}/${encodeURIComponent(broker.username)}`, {
    configure: ".*",
    write: ".*",
    read: ".*",
  });
  const { protocol, host } = new URL(broker.amqpUrl);
  const passwords = new Map<string, string>();
  for (const { name, tags, service } of compile(own).users) {
    const { password, passwordHash } = generatePassword();
    await management.putUser(name, { tags, passwordHash });
    if (service !== undefined) passwords.set(service, `${encodeURIComponent(name)}:${password}`);
  }
  const at = (user: string): string => `${protocol}//${user}@${host}/${encodeURIComponent(vhost)}`;
  const connection = await amqp.connect(at(`${broker.username}:${broker.password}`));
  connection.on("error", () => undefined);
  const channel = await connection.createChannel();
  after(() => connection.close().catch(() => undefined));
  return {
    vhost,
    topology: own,
    url: (service) => at(service === "administrator" ? `${broker.username}:${broker.password}` : (passwords.get(service) ?? "")),
    depth: async (queue) => (await channel.checkQueue(queue)).messageCount,
    api: brokerApi,
  };
}
