/** What a trial of the prod stack stands on: the lab's cluster, ways in to the broker, and what pods and queues look like. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Agent, fetch } from "undici";
import { parse, stringify } from "yaml";
import { brokerNames, brokerSelector, PORTS } from "../../k8s/names.js";
import { kubeConfig } from "../../kube/context.js";
import { forward, type Forward } from "../../kube/forward.js";
import { laidOver, type Json } from "../../kube/settings.js";
import { kubectl, tryKubectl } from "../../lab/kubernetes/kubectl.js";
import { contextName } from "../../lab/kubernetes/layout.js";
import type { Said } from "../clone.js";
import { Trial } from "../trial.js";

export const BROKER = { namespace: "warren-broker", cluster: "rabbitmq", nodes: 3 } as const;
export const WORKERS = "warren-workers";
/** Beside those of the project's own commands. */
const OWN_PORTS = { management: 15_771, amqps: 15_770 } as const;

interface Queue {
  readonly messages?: number;
  readonly message_stats?: { readonly redeliver?: number };
}

/** Some seconds old. */
export interface QueueStats {
  /** Ready and unacknowledged. */
  readonly messages: number;
  /** Since its node started. */
  readonly redelivered: number;
}

export class ProdRun extends Trial {
  readonly amqpsUrl = `amqps://localhost:${OWN_PORTS.amqps}`;
  readonly #forwards: Forward[] = [];
  /** Of the administrator, and the authority, PEM; from the cluster. */
  username = "";
  password = "";
  ca = "";
  #dispatcher: Agent | undefined;

  /** The lab's settings with these over them, as a file of the checkout. Gives its path, as the stack takes it. */
  settings(name: string, over: Json): string {
    const small = parse(readFileSync(join(this.clone.directory, "lab/kubernetes/small.yaml"), "utf8")) as Json;
    writeFileSync(join(this.clone.directory, `${name}.yaml`), stringify(laidOver(small, over)));
    return `./${name}.yaml`;
  }

  async up(system: string, file: string): Promise<Said> {
    const began = Date.now();
    const chosen = [`kubeContext=${contextName}`, `kubernetesFile=${file}`].flatMap((word) => ["--config", word]);
    const said = await this.clone.up("--stack", "prod", "--system", system, ...chosen);
    const counts = [...said.output.matchAll(/^ +(?:[+~-]+ )?(\d+ (?:created|updated|replaced|deleted|unchanged))$/gm)].map(
      ([, count]) => count,
    );
    this.tell(`up with ${file}: ${counts.join(", ")} in ${Math.round((Date.now() - began) / 1000)}s`);
    return said;
  }

  /** Ways in of the trial's own, which no command of the project closes. */
  async open(): Promise<void> {
    const config = kubeConfig(contextName);
    const selector = brokerSelector(BROKER.cluster);
    for (const [localPort, port] of [
      [OWN_PORTS.management, PORTS.managementTls],
      [OWN_PORTS.amqps, PORTS.amqps],
    ] as const)
      this.#forwards.push(await forward(config, { namespace: BROKER.namespace, selector, port, localPort }));
    const secret = brokerNames(BROKER.cluster).defaultUser;
    this.username = await this.#secret(secret, "username");
    this.password = await this.#secret(secret, "password");
    this.ca = await this.#secret("broker-tls", "ca\\.crt");
  }

  async #secret(name: string, key: string): Promise<string> {
    const args = ["-n", BROKER.namespace, "get", "secret", name, "-o", `jsonpath={.data.${key}}`];
    return Buffer.from(await kubectl(`Secret ${name}`, args), "base64").toString();
  }

  /** The management API's answer. */
  async api(method: string, path: string, body?: object): Promise<unknown> {
    this.#dispatcher ??= new Agent({ connect: { ca: this.ca } });
    const authorization = `Basic ${Buffer.from(`${this.username}:${this.password}`).toString("base64")}`;
    const answer = await fetch(`https://localhost:${OWN_PORTS.management}/api${path}`, {
      ...{ method, dispatcher: this.#dispatcher, headers: { authorization, "content-type": "application/json" } },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  async queue(vhost: string, name: string): Promise<QueueStats> {
    const { messages = 0, message_stats } = (await this.api("GET", `/queues/${vhost}/${name}`)) as Queue;
    return { messages, redelivered: message_stats?.redeliver ?? 0 };
  }

  async field(namespace: string, what: readonly string[], path: string): Promise<string> {
    return (await kubectl(what.join(" "), ["-n", namespace, "get", ...what, "-o", `jsonpath=${path}`])).trim();
  }

  /** Ready pods of a worker's Deployment. */
  async ready(deployment: string): Promise<number> {
    return Number((await this.field(WORKERS, ["deployment", deployment], "{.status.readyReplicas}")) || "0");
  }

  /** All pods of the broker are ready, and as its StatefulSet has them now. */
  async wholeBroker(): Promise<void> {
    const set = brokerNames(BROKER.cluster).statefulSet;
    const words = ["-n", BROKER.namespace, "rollout", "status", `statefulset/${set}`, "--timeout=600s"];
    await kubectl("The broker's pods", words, { limit: 610_000 });
  }

  /** Takes the stack away with all that is in it, whatever it is; says what of it is left in the cluster. */
  async remove(): Promise<string[]> {
    await this.#dispatcher?.destroy();
    for (const each of this.#forwards) await each.close();
    const { output, code } = await this.clone.npm("down", "--", "--stack", "prod", "--discard");
    if (code !== 0) console.error(output);
    rmSync(this.clone.directory, { recursive: true, force: true });
    const { stdout } = await tryKubectl(["get", "namespaces,persistentvolumes", "-o", "name"]);
    return stdout.split("\n").filter((name) => /warren-(broker|workers|monitoring)|persistentvolume/.test(name));
  }
}
