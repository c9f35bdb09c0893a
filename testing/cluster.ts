/** A real cluster of three nodes for tests: TLS only, a network of its own, and the right to kill its nodes and to cut them off. */
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Management, type Endpoint } from "../broker/index.js";
import { generatePassword } from "../broker/password.js";
import { within } from "../conformance/amqp.js";
import type { Faults, Target } from "../conformance/target.js";
import { peerLines, tlsLines } from "../docker/files.js";
import { makeCertificates, type Certificates } from "./certificates.js";
import { brokerImage, docker, OWNED, publishedAt, removeOrphans } from "./docker.js";

const HOSTS = ["one", "two", "three"] as const;
const READY_MS = 180_000;
const LOOK_MS = 5_000;
const USER = "warren-test";

const FOLDER = "/etc/rabbitmq/warren-test";

const CONF = [
  ...peerLines(HOSTS),
  `cluster_formation.target_cluster_size_hint = ${HOSTS.length}`,
  `load_definitions = ${FOLDER}/definitions.json`,
  ...tlsLines(FOLDER, { plain: false }),
  "log.console = true",
  "disk_free_limit.absolute = 256MB",
  "",
].join("\n");

/**
 * Of one node. The network belongs to a container of its own, which does nothing else: so a node that is killed comes back at the same ports,
 * and can be cut off from the others while its clients, who come through another network, reach it.
 */
interface Node {
  readonly host: string;
  readonly home: string;
  readonly broker: string;
  readonly management: Endpoint;
  readonly amqpUrl: string;
}

export class TestCluster implements Faults {
  readonly nodes: readonly string[] = HOSTS.map((host) => `rabbit@${host}`);
  /** An administrator's, of the first node. */
  readonly management: Endpoint;
  readonly #cut = new Set<string>();

  private constructor(
    private readonly network: string,
    private readonly members: readonly Node[],
  ) {
    this.management = this.#node("rabbit@one").management;
  }

  /** Resolves when all nodes run as one cluster. Whoever starts it removes it. */
  static async start(): Promise<TestCluster> {
    await removeOrphans();
    const made: string[] = [];
    let network: string | undefined;
    try {
      // Without a way out: it carries nothing but what the nodes say to each other.
      network = await docker(["network", "create", ...OWNED, "--internal", `warren-test-${randomBytes(4).toString("hex")}`]);
      const cluster = network;
      const image = await brokerImage();
      const secrets = { password: generatePassword(), cookie: randomBytes(24).toString("hex") };
      const certificates = await makeCertificates(["DNS:localhost", "IP:127.0.0.1", ...HOSTS.map((host) => `DNS:${host}`)]);
      const files = configuration(certificates, secrets.password.passwordHash);
      const members = await Promise.all(
        HOSTS.map(async (host): Promise<Node> => {
          const published = ["--publish", "127.0.0.1::5671", "--publish", "127.0.0.1::15671"];
          // Clients come through Docker's own bridge, where nodes do not know each other's names.
          const home = await docker([
            "create",
            ...OWNED,
            "--network",
            "bridge",
            "--hostname",
            host,
            ...published,
            image,
            "sleep",
            "infinity",
          ]);
          made.push(home);
          await docker(["network", "connect", "--alias", host, cluster, home]);
          await docker(["start", home]);
          const broker = await docker(
            ["create", ...OWNED, "--network", `container:${home}`, "--env", "RABBITMQ_ERLANG_COOKIE", "--env", "RABBITMQ_NODENAME", image],
            { RABBITMQ_ERLANG_COOKIE: secrets.cookie, RABBITMQ_NODENAME: `rabbit@${host}` },
          );
          made.push(broker);
          await docker(["cp", `${files}/.`, `${broker}:/etc/rabbitmq`]);
          return {
            ...{ host, home, broker },
            management: {
              endpoint: `https://${await publishedAt(home, 15671)}`,
              ...{ username: USER, password: secrets.password.password, ca: certificates.ca },
              ...{ connectTimeoutMs: LOOK_MS, answerTimeoutMs: 30_000 },
            },
            amqpUrl: `amqps://${await publishedAt(home, 5671)}`,
          };
        }),
      ).finally(() => rmSync(files, { recursive: true, force: true }));
      const started = new TestCluster(cluster, members);
      await Promise.all(members.map(({ broker }) => docker(["start", broker])));
      await started.whole();
      return started;
    } catch (error) {
      await remove(made, network);
      throw error;
    }
  }

  /** What a conformance run is laid against. */
  target(installation: Target["installation"]): Target {
    return {
      ...{ installation, management: this.management, amqpUrl: this.#node("rabbit@one").amqpUrl, nodes: this.nodes.length, faults: this },
      nodeUrls: Object.fromEntries(this.nodes.map((node) => [node, this.#node(node).amqpUrl])),
    };
  }

  async kill(node: string): Promise<void> {
    await docker(["kill", "--signal", "KILL", this.#node(node).broker]);
  }

  async start(node: string): Promise<void> {
    await docker(["start", this.#node(node).broker]);
  }

  async partition(node: string): Promise<void> {
    await docker(["network", "disconnect", this.network, this.#node(node).home]);
    this.#cut.add(node);
  }

  async heal(node: string): Promise<void> {
    if (!this.#cut.delete(node)) return;
    const { host, home } = this.#node(node);
    await docker(["network", "connect", "--alias", host, this.network, home]);
  }

  /** Runs a command of the broker on a node: `command("rabbit@one", "rabbitmqctl", "status")`. */
  command(node: string, ...args: readonly string[]): Promise<string> {
    return docker(["exec", "--user", "rabbitmq", this.#node(node).broker, ...args]);
  }

  /** Heals and starts what is not well, and waits until every node sees every other one. */
  async whole(): Promise<void> {
    for (const node of [...this.#cut]) await this.heal(node);
    await Promise.all(this.nodes.map((node) => this.start(node)));
    const deadline = Date.now() + READY_MS;
    for (const { host, broker, management: endpoint } of this.members) {
      const management = new Management(endpoint);
      for (let seen = "no answer"; ; await sleep(250)) {
        // A connection that Docker's proxy accepts and drops may stay without an answer.
        const nodes = await within(LOOK_MS, "an answer", management.nodes()).catch(() => undefined);
        if (nodes?.filter(({ running }) => running).length === HOSTS.length) break;
        if (nodes) seen = nodes.map(({ name, running }) => `${name} ${running ? "runs" : "is down"}`).join(", ");
        if (Date.now() > deadline)
          throw new Error(`Node rabbit@${host} has no whole cluster (${seen}).\n${await docker(["logs", "--tail", "30", broker])}`);
      }
      await management.close();
    }
  }

  remove(): Promise<void> {
    return remove(
      this.members.flatMap(({ broker, home }) => [broker, home]),
      this.network,
    );
  }

  #node(name: string): Node {
    const node = this.members.find(({ host }) => name === `rabbit@${host}`);
    if (!node) throw new Error(`The test cluster has no node ${JSON.stringify(name)}; it has ${this.nodes.join(", ")}.`);
    return node;
  }
}

async function remove(containers: readonly string[], network: string | undefined): Promise<void> {
  if (containers.length > 0) await docker(["rm", "--force", "--volumes", ...containers]);
  if (network !== undefined) await docker(["network", "rm", network]);
}

/** What goes into `/etc/rabbitmq` of every node, in a folder that the caller removes. */
function configuration({ ca, cert, key }: Certificates, passwordHash: string): string {
  const folder = mkdtempSync(join(tmpdir(), "warren-cluster-"));
  const inside = join(folder, "warren-test");
  mkdirSync(inside);
  mkdirSync(join(folder, "conf.d"));
  const user = { name: USER, password_hash: passwordHash, hashing_algorithm: "rabbit_password_hashing_sha256", tags: ["administrator"] };
  writeFileSync(join(inside, "definitions.json"), JSON.stringify({ users: [user] }));
  for (const [name, text] of Object.entries({ "ca.pem": ca, "server.pem": cert, "server.key": key }))
    writeFileSync(join(inside, name), text);
  writeFileSync(join(folder, "conf.d", "20-warren-test.conf"), CONF);
  copyFileSync(join(__dirname, "../lab/image/enabled_plugins"), join(folder, "enabled_plugins"));
  return folder;
}
