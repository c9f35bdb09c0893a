/** A broker of one test alone, which may be killed, started again, and brought into any distress. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { callBroker, type LiveBroker } from "./broker-api.js";
import { brokerImage, docker, OWNED, publishedAt, removeOrphans } from "./docker.js";
import type { Address } from "./proxy.js";

const READY_MS = 120_000;
const USERNAME = "warren-test";

/** Queues look at their consumers' time-outs at these intervals, which are a minute by default. */
const ADVANCED = "[{rabbit, [{channel_tick_interval, 1000}, {quorum_tick_interval, 1000}]}].\n";

export class BreakableBroker {
  #amqp: Address = { host: "127.0.0.1", port: 0 };
  #management = "";

  private constructor(
    private readonly container: string,
    private readonly password: string,
  ) {}

  /** Resolves when it takes connections. Whoever starts it removes it. */
  static async start(): Promise<BreakableBroker> {
    await removeOrphans();
    const password = randomBytes(18).toString("base64url");
    const container = await docker(
      [
        ...["create", ...OWNED, "--hostname", "breakable", "--env", "RABBITMQ_DEFAULT_USER", "--env", "RABBITMQ_DEFAULT_PASS"],
        ...["--publish", "127.0.0.1::5672", "--publish", "127.0.0.1::15672", await brokerImage()],
      ],
      { RABBITMQ_DEFAULT_USER: USERNAME, RABBITMQ_DEFAULT_PASS: password },
    );
    const broker = new BreakableBroker(container, password);
    const folder = mkdtempSync(join(tmpdir(), "warren-breakable-"));
    try {
      writeFileSync(join(folder, "advanced.config"), ADVANCED);
      await docker(["cp", join(folder, "advanced.config"), `${container}:/etc/rabbitmq/advanced.config`]);
      await docker(["cp", join(__dirname, "../lab/image/enabled_plugins"), `${container}:/etc/rabbitmq/enabled_plugins`]);
      await broker.startAgain();
    } catch (error) {
      await broker.remove();
      throw error;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return broker;
  }

  /** Of AMQP. Another one each time that it was started. */
  get address(): Address {
    return this.#amqp;
  }

  get live(): LiveBroker {
    const { host, port } = this.#amqp;
    return {
      managementUrl: this.#management,
      amqpUrl: `amqp://${USERNAME}:${this.password}@${host}:${port}`,
      username: USERNAME,
      password: this.password,
    };
  }

  /** Calls the management API. Throws for every answer from 400 up. */
  api(method: "GET" | "PUT" | "POST" | "DELETE", path: string, body?: unknown): Promise<unknown> {
    return callBroker(this.live, method, path, body);
  }

  /** SIGKILL to the broker's container: what is not on disk is gone. */
  async kill(): Promise<void> {
    await docker(["kill", "--signal", "KILL", this.container]);
  }

  /** A proper stop. */
  async stop(): Promise<void> {
    await docker(["stop", "--time", "30", this.container]);
  }

  /** Starts it, with what it has on disk, and resolves when AMQP and the management API answer. */
  async startAgain(): Promise<void> {
    await docker(["start", this.container]);
    const [host = "", port = ""] = (await publishedAt(this.container, 5672)).split(":");
    this.#amqp = { host, port: Number(port) };
    this.#management = `http://${await publishedAt(this.container, 15672)}`;
    for (const deadline = Date.now() + READY_MS; ; await sleep(100)) {
      if ((await greets(this.#amqp)) && (await this.#answers())) return;
      if (Date.now() > deadline) throw new Error(`The broker did not start.\n${await docker(["logs", "--tail", "30", this.container])}`);
    }
  }

  /** Runs `rabbitmqctl` in it: `control("set_vm_memory_high_watermark", "0.6")`. */
  control(...args: readonly string[]): Promise<string> {
    return docker(["exec", "--user", "rabbitmq", this.container, "rabbitmqctl", ...args]);
  }

  async remove(): Promise<void> {
    await docker(["rm", "--force", "--volumes", this.container]);
  }

  async #answers(): Promise<boolean> {
    const signal = AbortSignal.timeout(1_000);
    // The timer keeps the process alive while fetch waits for an answer that may never come.
    const alive = setTimeout(() => undefined, 1_500);
    const answer = await fetch(`${this.#management}/api/overview`, { signal }).catch(() => undefined);
    clearTimeout(alive);
    return answer?.status === 401;
  }
}

/** Whether a broker speaks AMQP there: Docker's own proxy accepts connections before the broker does. */
function greets({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write("AMQP\0\0\x09\x01"));
    const done = (answer: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => done(false), 1_000);
    socket.once("data", () => done(true));
    socket.once("error", () => done(false));
    socket.once("close", () => done(false));
  });
}
