/** A real Kubernetes API for tests: etcd, API server and controllers on free ports of the loopback, no node. */
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { need } from "../../lab/command.js";
import { getPrograms } from "../../lab/kubernetes/binaries.js";
import { flags } from "../../lab/kubernetes/control-plane.js";
import { sources } from "../../lab/kubernetes/programs.js";
import { until } from "../until.js";

const LOOPBACK = "127.0.0.1";
const START_MS = 120_000;

export class KubernetesApi {
  private readonly processes: ChildProcess[] = [];
  private constructor(
    readonly folder: string,
    private readonly programs: string,
  ) {}

  /** Gets the programs first (minutes, the first time on a machine). */
  static async start(): Promise<KubernetesApi> {
    const say = (text: string): void => console.log(text);
    const etcd = (await getPrograms(sources.etcd, say)).value;
    const programs = (await getPrograms(sources.kubernetes, say)).value;
    const api = new KubernetesApi(mkdtempSync(join(tmpdir(), "warren-kubernetes-")), programs);
    try {
      await api.launch(join(etcd, "etcd"));
    } catch (error) {
      await api.stop();
      throw error;
    }
    return api;
  }

  get kubeconfig(): string {
    return this.file("kubeconfig");
  }

  private file(name: string): string {
    return join(this.folder, name);
  }

  private async launch(etcd: string): Promise<void> {
    const [client = 0, peer = 0, api = 0, controllers = 0] = await freePorts(4);
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    writeFileSync(this.file("accounts.pub"), publicKey.export({ type: "spki", format: "pem" }));
    writeFileSync(this.file("accounts.key"), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    const token = randomBytes(16).toString("hex");
    writeFileSync(this.file("tokens.csv"), `${token},admin,admin,system:masters\n`, { mode: 0o600 });
    writeFileSync(this.kubeconfig, kubeconfigFor(`https://${LOOPBACK}:${api}`, token), { mode: 0o600 });
    const url = (port: number): string => `http://${LOOPBACK}:${port}`;
    this.spawn(etcd, {
      "data-dir": this.file("etcd"),
      "listen-client-urls": url(client),
      "advertise-client-urls": url(client),
      "listen-peer-urls": url(peer),
      "initial-advertise-peer-urls": url(peer),
      "initial-cluster": `default=${url(peer)}`,
      "unsafe-no-fsync": true,
      "log-level": "error",
    });
    this.spawn(join(this.programs, "kube-apiserver"), {
      "etcd-servers": url(client),
      "service-account-key-file": this.file("accounts.pub"),
      "service-account-signing-key-file": this.file("accounts.key"),
      "service-account-issuer": "https://kubernetes.default.svc",
      "token-auth-file": this.file("tokens.csv"),
      "authorization-mode": "RBAC",
      "cert-dir": this.file("certificates"),
      "bind-address": LOOPBACK,
      "advertise-address": LOOPBACK,
      "secure-port": api,
      "service-cluster-ip-range": "10.98.0.0/16",
      "endpoint-reconciler-type": "none",
    });
    await until(async () => (await this.ask(["get", "--raw", "/readyz"]).catch(() => "")) === "ok", START_MS);
    this.spawn(join(this.programs, "kube-controller-manager"), {
      kubeconfig: this.kubeconfig,
      "service-account-private-key-file": this.file("accounts.key"),
      "use-service-account-credentials": true,
      "leader-elect": false,
      "allocate-node-cidrs": false,
      "bind-address": LOOPBACK,
      "secure-port": controllers,
    });
    // With it the controllers are at work: pods need it.
    await until(async () => (await this.ask(["get", "serviceaccount", "default", "--output=name"]).catch(() => "")) !== "", START_MS);
  }

  private spawn(program: string, options: Parameters<typeof flags>[0]): void {
    this.run(program, flags(options));
  }

  /** Starts a program that ends with the API; `KUBECONFIG` leads it here. Gives the file with what it says. */
  run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
    const file = this.file(`${this.processes.length}.log`);
    const log = openSync(file, "w");
    this.processes.push(
      spawn(program, args, { stdio: ["ignore", log, log], cwd: this.folder, env: { ...process.env, KUBECONFIG: this.kubeconfig, ...env } }),
    );
    closeSync(log);
    return file;
  }

  /** What kubectl says. */
  async ask(args: readonly string[], input = ""): Promise<string> {
    const { stdout } = await need("kubectl", join(this.programs, "kubectl"), ["--kubeconfig", this.kubeconfig, ...args], {
      input,
      limit: 60_000,
    });
    return stdout.trim();
  }

  /** A kubeconfig with the rights of a ServiceAccount alone. Gives the file. */
  async kubeconfigOf(namespace: string, account: string): Promise<string> {
    const token = await this.ask(["create", "token", account, "--namespace", namespace, "--duration=1h"]);
    const server = await this.ask(["config", "view", "--output=jsonpath={.clusters[0].cluster.server}"]);
    const file = this.file(`${namespace}-${account}.kubeconfig`);
    writeFileSync(file, kubeconfigFor(server, token), { mode: 0o600 });
    return file;
  }

  /** A field of an object, by JSONPath without braces; "" if either is missing, or the whole kind. */
  async field(path: string, ...object: readonly string[]): Promise<string> {
    return this.ask(["get", ...object, "--ignore-not-found", `--output=jsonpath={${path}}`]).catch((error: Error) => {
      if (error.message.includes("doesn't have a resource type")) return "";
      throw error;
    });
  }

  async has(...object: readonly string[]): Promise<boolean> {
    return (await this.field(".metadata.name", ...object)) !== "";
  }

  /** Writes the status of an object, as its controller or its kubelet would. */
  async setStatus(status: unknown, ...object: readonly string[]): Promise<void> {
    await this.ask(["patch", ...object, "--subresource=status", "--type=merge", "--patch", JSON.stringify({ status })]);
  }

  async stop(): Promise<void> {
    for (const child of this.processes.reverse()) child.kill("SIGKILL");
    await until(() => this.processes.every((child) => child.exitCode !== null || child.signalCode !== null), 10_000);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function kubeconfigFor(server: string, token: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
    "current-context": "test",
  });
}

/** Held together until all are known, so that none is given twice. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
      const address = server.address();
      return typeof address === "object" && address ? address.port : 0;
    }),
  );
  await Promise.all(servers.map(async (server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
