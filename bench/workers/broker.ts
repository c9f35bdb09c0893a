/** The broker of one run: a container of the lab's image, reached without Docker's port proxy where that is possible. */
import amqp, { type Channel, type ChannelModel } from "amqplib";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Management } from "../../broker/index.js";
import { brokerImage, docker, OWNED, publishedAt, removeOrphans } from "../../testing/docker.js";
import { compileInstallation } from "../../topology/compile/compile.js";
import { definitions } from "../../topology/compile/definitions.js";
import type { Topology } from "../../topology/model.js";
import { corkByTurn, socketOf } from "../../workers/connection/cork.js";
import { nowMicros, textOf } from "./task.js";

const USERNAME = "bench";
const READY_MS = 120_000;

export class BenchBroker {
  private constructor(
    private readonly container: string,
    private readonly management: Management,
    private readonly connection: ChannelModel,
    private readonly channel: Channel,
    private readonly at: string,
    readonly version: string,
    readonly image: string,
  ) {}

  /** Resolves when it takes connections. Whoever starts it removes it. */
  static async start(): Promise<BenchBroker> {
    await removeOrphans();
    const password = randomBytes(18).toString("base64url");
    const image = process.env["WARREN_IMAGE"] ?? (await brokerImage());
    const container = await docker(
      [
        ...["run", "--detach", ...OWNED, "--hostname", "bench", "--env", "RABBITMQ_DEFAULT_USER", "--env", "RABBITMQ_DEFAULT_PASS"],
        ...["--env", "RABBITMQ_DEFAULT_VHOST=bench", "--publish", "127.0.0.1::5672", "--publish", "127.0.0.1::15672", image],
      ],
      { RABBITMQ_DEFAULT_USER: USERNAME, RABBITMQ_DEFAULT_PASS: password },
    );
    try {
      const endpoint = `http://${await publishedAt(container, 15672)}`;
      const management = new Management({ endpoint, username: USERNAME, password });
      const version = await untilReady(() => management.requireVersion("4.0"));
      const own = await docker(["inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}", container]);
      const [address = ""] = own.split(" ");
      const host = (await opens(address, 5672)) ? `${address}:5672` : await publishedAt(container, 5672);
      const at = `amqp://${USERNAME}:${password}@${host}`;
      const connection = await untilReady(() => amqp.connect(`${at}/bench`, { noDelay: true }));
      connection.on("error", () => undefined);
      corkByTurn(socketOf(connection));
      const channel = await connection.createChannel({ highWaterMark: 4096 });
      return new BenchBroker(container, management, connection, channel, at, version, image);
    } catch (error) {
      await docker(["rm", "--force", "--volumes", container]);
      throw error;
    }
  }

  url(vhost = "bench"): string {
    return `${this.at}/${encodeURIComponent(vhost)}`;
  }

  /** An empty queue without a past. */
  async fresh(queue: string, type: "classic" | "quorum"): Promise<void> {
    await this.channel.deleteQueue(queue);
    await this.channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": type } });
  }

  async drop(queue: string): Promise<void> {
    await this.channel.deleteQueue(queue);
  }

  async purge(vhost: string, queue: string): Promise<void> {
    await this.management.purgeQueue(vhost, queue);
  }

  /** Puts messages into a queue, all with the properties that Warren gives them, and waits until they are there. */
  async fill(queue: string, count: number, bytes: number): Promise<void> {
    const text = textOf(bytes);
    for (let sent = 0; sent < count;) {
      const { messageCount } = await this.channel.checkQueue(queue);
      // A broker that is behind is waited for, so that its own queues stay short.
      if (sent - messageCount > 10_000) {
        await sleep(20);
        continue;
      }
      for (const end = Math.min(count, sent + 5_000); sent < end; sent++) {
        const id = nowMicros();
        this.channel.publish("", queue, Buffer.from(JSON.stringify({ id, text })), {
          ...{ persistent: true, contentType: "application/json", type: "order", appId: "bench.sender" },
          ...{ messageId: `00000000-0000-4000-8000-${String(sent).padStart(12, "0")}`, timestamp: Math.floor(id / 1e6) },
        });
      }
    }
    while ((await this.channel.checkQueue(queue)).messageCount < count) await sleep(20);
  }

  /** A topology in a vhost of its own. */
  async provision(topology: Topology): Promise<void> {
    const plan = compileInstallation({ topologies: [topology] });
    await this.management.importDefinitions({ ...definitions(plan), users: [], permissions: [], topic_permissions: [] });
    for (const { vhost } of plan.vhosts)
      await this.management.putPermission(vhost.name, USERNAME, { configure: ".*", write: ".*", read: ".*" });
  }

  /** Microseconds of CPU that everything in the container has used. */
  async cpuMicros(): Promise<number> {
    const said = await docker([
      ...["exec", this.container, "sh", "-c"],
      "cat /sys/fs/cgroup/cpu.stat 2>/dev/null || cat /sys/fs/cgroup/cpuacct/cpuacct.usage",
    ]);
    const micros = /^usage_usec (\d+)/m.exec(said)?.[1];
    return micros === undefined ? Number(said) / 1000 : Number(micros);
  }

  /** Without waiting for anything but Docker: at a sudden end. */
  removeNow(): void {
    spawnSync("docker", ["rm", "--force", "--volumes", this.container], { stdio: "ignore" });
  }

  async remove(): Promise<void> {
    await this.connection.close().catch(() => undefined);
    await this.management.close();
    await docker(["rm", "--force", "--volumes", this.container]);
  }
}

async function untilReady<T>(work: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + READY_MS; ; await sleep(250))
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
}

/** Whether a port can be reached within a second. */
function opens(host: string, port: number): Promise<boolean> {
  if (host === "") return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const done = (answer: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => done(false), 1000);
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  });
}
