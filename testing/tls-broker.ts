/** A broker in a container of its own, for what a shared one must not suffer: TLS only, with metrics, and with the right to configure and restart it. */
import { setTimeout as sleep } from "node:timers/promises";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Management, type Endpoint } from "../broker/index.js";
import { generatePassword } from "../broker/password.js";
import { within } from "../conformance/amqp.js";
import type { Target } from "../conformance/target.js";
import { makeCertificates, type Certificates } from "./certificates.js";
import { brokerImage, docker, OWNED, publishedAt, removeOrphans } from "./docker.js";

const READY_MS = 120_000;
const LOOK_MS = 2_000;
const USER = "warren-test";
const FOLDER = "/etc/rabbitmq/warren-test";

const PORTS = { amqp: 5672, amqps: 5671, management: 15672, metrics: 15692 } as const;

const CONF = [
  `load_definitions = ${FOLDER}/definitions.json`,
  "listeners.ssl.1 = 5671",
  `ssl_options.cacertfile = ${FOLDER}/ca.pem`,
  `ssl_options.certfile = ${FOLDER}/server.pem`,
  `ssl_options.keyfile = ${FOLDER}/server.key`,
  "log.console = true",
  "disk_free_limit.absolute = 256MB",
];

/** What a mutation may write instead. */
export const TLS_ONLY = "listeners.tcp = none";
/** Who connects has to show a certificate of the authority. */
export const CLIENT_CERTIFICATES = ["ssl_options.verify = verify_peer", "ssl_options.fail_if_no_peer_cert = true"];

export class TlsBroker {
  readonly management: Endpoint;
  /** Without credentials. */
  readonly amqpsUrl: string;
  /** Where nothing answers, unless it is configured to. */
  readonly plainUrl: string;
  readonly metricsUrl: string;

  private constructor(
    private readonly home: string,
    private readonly broker: string,
    readonly certificates: Certificates,
    password: string,
    ports: Readonly<Record<keyof typeof PORTS, string>>,
  ) {
    const { ca } = certificates;
    this.management = { endpoint: `http://${ports.management}`, username: USER, password, ca, answerTimeoutMs: 30_000 };
    this.amqpsUrl = `amqps://${ports.amqps}`;
    this.plainUrl = `amqp://${ports.amqp}`;
    this.metricsUrl = `http://${ports.metrics}/metrics`;
  }

  /** Resolves when it answers. Whoever starts it removes it. */
  static async start(): Promise<TlsBroker> {
    await removeOrphans();
    const { password, passwordHash } = generatePassword();
    const certificates = await makeCertificates(["DNS:localhost", "IP:127.0.0.1"]);
    const image = await brokerImage();
    // The network is another container's, so that the published ports stay the same when the broker is restarted.
    const published = Object.values(PORTS).flatMap((port) => ["--publish", `127.0.0.1::${port}`]);
    const home = await docker(["run", "--detach", ...OWNED, ...published, image, "sleep", "infinity"]);
    const made = [home];
    try {
      const broker = await docker(["create", ...OWNED, "--network", `container:${home}`, image]);
      made.unshift(broker);
      const ports = { amqp: "", amqps: "", management: "", metrics: "" };
      for (const [name, port] of Object.entries(PORTS)) ports[name as keyof typeof PORTS] = await publishedAt(home, port);
      const started = new TlsBroker(home, broker, certificates, password, ports);
      await started.#write({ definitions: JSON.stringify(administrator(passwordHash)), certificates });
      await started.configure();
      return started;
    } catch (error) {
      await docker(["rm", "--force", "--volumes", ...made]);
      throw error;
    }
  }

  /** What a conformance run is laid against. */
  target(installation: Target["installation"]): Target {
    return {
      ...{ installation, management: this.management, amqpUrl: this.amqpsUrl, metricsUrl: this.metricsUrl },
      tls: { amqpsUrl: this.amqpsUrl, plainIsClosed: true, plainUrl: this.plainUrl, ca: this.certificates.ca },
      restart: () => this.restart(),
    };
  }

  /** Starts it anew with these lines in its configuration; without any it takes TLS 1.2 and 1.3, and nothing else. */
  async configure(lines: readonly string[] = [TLS_ONLY]): Promise<void> {
    await this.#write({ conf: [...CONF, ...lines, ""].join("\n") });
    await this.restart();
    await this.ready();
  }

  /** Gives it other certificates, with the next start. */
  async certify(certificates: Certificates = this.certificates): Promise<void> {
    await this.#write({ certificates });
  }

  restart(): Promise<void> {
    return docker(["restart", "--time", "20", this.broker]).then(() => undefined);
  }

  /** Runs a command of the broker: `command("rabbitmqctl", "status")`. */
  command(...args: readonly string[]): Promise<string> {
    return docker(["exec", "--user", "rabbitmq", this.broker, ...args]);
  }

  async ready(): Promise<void> {
    const management = new Management({ ...this.management, connectTimeoutMs: LOOK_MS, answerTimeoutMs: LOOK_MS });
    try {
      for (const deadline = Date.now() + READY_MS; ; await sleep(250)) {
        // A connection that Docker's proxy accepts and drops may stay without an answer.
        if (await within(LOOK_MS, "an answer", management.version()).catch(() => undefined)) return;
        if (Date.now() > deadline) throw new Error(`The broker does not answer.\n${await docker(["logs", "--tail", "30", this.broker])}`);
      }
    } finally {
      await management.close();
    }
  }

  async remove(): Promise<void> {
    await docker(["rm", "--force", "--volumes", this.broker, this.home]);
  }

  async #write(files: { definitions?: string; conf?: string; certificates?: Certificates }): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "warren-tls-broker-"));
    try {
      mkdirSync(join(folder, "warren-test"));
      mkdirSync(join(folder, "conf.d"));
      const put = (path: string, text: string | undefined): void => {
        if (text !== undefined) writeFileSync(join(folder, path), text, { mode: 0o644 });
      };
      put("warren-test/definitions.json", files.definitions);
      put("warren-test/ca.pem", files.certificates?.ca);
      put("warren-test/server.pem", files.certificates?.cert);
      put("warren-test/server.key", files.certificates?.key);
      put("conf.d/20-warren-test.conf", files.conf);
      if (files.definitions) copyFileSync(join(__dirname, "../lab/image/enabled_plugins"), join(folder, "enabled_plugins"));
      await docker(["cp", `${folder}/.`, `${this.broker}:/etc/rabbitmq`]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

const administrator = (passwordHash: string): object => ({
  users: [{ name: USER, password_hash: passwordHash, hashing_algorithm: "rabbit_password_hashing_sha256", tags: ["administrator"] }],
});
