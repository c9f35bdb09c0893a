/** The stack's custom resources with the real messaging topology operator and a real broker: each becomes Ready, and the broker has what the plan says. */
import { readFileSync } from "node:fs";
import { connect } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drift } from "../broker/drift.js";
import { readLive } from "../broker/live.js";
import { Management } from "../broker/management.js";
import { callBroker, type LiveBroker } from "../testing/broker-api.js";
import { KubernetesApi } from "../testing/kubernetes/api.js";
import { pretendCluster, startTopologyOperator } from "../testing/kubernetes/topology-operator.js";
import { openBroker } from "../testing/live-setup.js";
import { until } from "../testing/until.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { Topology } from "../topology/model.js";
import { systems } from "../topology/systems/index.js";
import type { KubernetesObject } from "./objects.js";
import { prod, type Prod } from "./prod.js";
import { readProdSettings } from "./settings.js";

const settings = readProdSettings({ provision: "operator" });
const NAMESPACE = settings.namespaces.broker;
const CLUSTER = settings.cluster.name;
const READY_MS = 180_000;

let api: KubernetesApi;
let broker: LiveBroker;
let remove: () => Promise<void>;
let log: string;
beforeAll(async () => {
  ({ broker, remove } = await openBroker());
  api = await KubernetesApi.start();
  log = await startTopologyOperator(api);
  await api.ask(["create", "namespace", NAMESPACE]);
  const [cluster] = prod({ topologies: [] }, settings).cluster.filter(({ kind }) => kind === "RabbitmqCluster");
  await apply([cluster as KubernetesObject]);
  await pretendCluster(api, NAMESPACE, CLUSTER, broker);
}, 30 * 60_000);
afterAll(async () => {
  await api?.stop();
  await remove?.();
});

const list = (items: readonly object[]): string => JSON.stringify({ apiVersion: "v1", kind: "List", items });
const apply = (items: readonly object[]): Promise<string> =>
  api.ask(["apply", "--server-side", "--validate=strict", "-f", "-"], list(items));

const KINDS = ["vhosts", "users", "exchanges", "queues", "bindings", "policies", "operatorpolicies", "permissions", "topicpermissions"];

interface Stored {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
}

async function stored(): Promise<readonly Stored[]> {
  const kinds = KINDS.map((kind) => `${kind}.rabbitmq.com`).join(",");
  return (JSON.parse(await api.ask(["get", kinds, "--namespace", NAMESPACE, "--output=json"])) as { readonly items: readonly Stored[] })
    .items;
}

/** Objects that are not Ready, and why. */
async function unready(): Promise<string[]> {
  return (await stored()).flatMap(({ kind, metadata, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    if (ready?.status === "True" && status?.observedGeneration === metadata.generation) return [];
    return [`${kind} ${metadata.name}: ${ready?.message ?? "nobody has looked at it"}`];
  });
}

async function untilReady(): Promise<void> {
  let left: string[] = [];
  await until(async () => (left = await unready()).length === 0, READY_MS).catch(() => {
    throw new Error(`${left.slice(0, 20).join("\n")}\n${readFileSync(log, "utf8").slice(-3000)}`);
  });
}

const said = (text: string): boolean => readFileSync(log, "utf8").includes(text);

const secretsOf = ({ byOperator }: Prod, password: (user: string) => string): object[] =>
  (byOperator?.logins ?? []).map(({ name, namespace, user }) => ({
    ...{ apiVersion: "v1", kind: "Secret", metadata: { name, namespace } },
    stringData: { username: user, password: password(user) },
  }));

async function answering<T>(ask: (management: Management) => Promise<T>): Promise<T> {
  const { managementUrl: endpoint, username, password } = broker;
  const management = new Management({ endpoint, username, password });
  try {
    return await ask(management);
  } finally {
    await management.close();
  }
}

async function mayLogIn(vhost: string, user: string, password: string): Promise<boolean> {
  const { hostname, port } = new URL(broker.amqpUrl);
  try {
    const connection = await connect({ hostname, port: Number(port), username: user, password, vhost });
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

describe.each(Object.entries(systems))("%s", (name, system: Topology) => {
  const installation = { topologies: [system], users: prod({ topologies: [system] }, settings, { environment: "prod" }).users };
  const stack = prod(installation, settings, { environment: "prod" });
  const plan = compileInstallation(installation, "prod");

  test("becomes Ready, and is in the broker as the plan has it, but for limits of users", async () => {
    await apply([...secretsOf(stack, (user) => `first of ${user}`), ...stack.topology]);
    await untilReady();
    const found = await answering(async (management) =>
      drift(
        plan,
        await readLive(
          management,
          plan.vhosts.map(({ vhost }) => vhost.name),
        ),
      ),
    );
    const limited = stack.byOperator?.beside.userLimits.map(({ user }) => user) ?? [];
    expect(found.missing).toEqual([]);
    expect(found.extra).toEqual([]);
    expect(
      found.mismatched.filter(({ kind, name: of, field }) => !(kind === "user" && limited.includes(of) && field.startsWith("limits"))),
    ).toEqual([]);
  });

  test("lets its services in with the passwords of their Secrets", async () => {
    const [vhost] = plan.vhosts;
    const [user] = vhost?.users ?? [];
    if (!vhost || !user) throw new Error(`${name} has no user`);
    expect(await mayLogIn(vhost.vhost.name, user.name, `first of ${user.name}`)).toBe(true);
    expect(await mayLogIn(vhost.vhost.name, user.name, "another")).toBe(false);
  });
});

describe("the operator, as the stack has to know it", () => {
  const system = systems["contextiq"] as Topology;
  const stack = prod({ topologies: [system] }, settings, { environment: "prod" });
  const queueOf = (queue: string): KubernetesObject =>
    stack.topology.find(
      ({ kind, ...object }) => kind === "Queue" && (object["spec"] as { readonly name: string }).name === queue,
    ) as KubernetesObject;
  const at = ({ kind, metadata }: KubernetesObject): string[] => [
    `${kind.toLowerCase()}s.rabbitmq.com/${metadata.name}`,
    "--namespace",
    NAMESPACE,
  ];

  test("reads a user's credentials once: a Secret that changes changes nothing, another User does, and takes its permissions along", async () => {
    const [need] = stack.byOperator?.logins.filter(({ user }) => user === "contextiq.webhook") ?? [];
    const objects = stack.topology.filter(({ metadata }) => metadata.annotations?.["warren/user"] === need?.user);
    const [user] = objects.filter(({ kind }) => kind === "User");
    if (!need || !user) throw new Error("there is no such user");
    const secret = secretsOf(stack, () => "second").filter((each) => (each as KubernetesObject).metadata.name === need.name);
    await apply(secret);
    await api.ask(["annotate", ...at(user), "--overwrite", "touched=1"]);
    await untilReady();
    expect(await mayLogIn("contextiq", need.user, `first of ${need.user}`)).toBe(true);
    await api.ask(["delete", ...at(user), "--timeout=60s"]);
    expect(await mayLogIn("contextiq", need.user, `first of ${need.user}`)).toBe(false);
    // Permissions belong to their User, and go with it.
    await until(async () => !(await stored()).some(({ metadata }) => objects.some((one) => one.metadata.name === metadata.name)), 60_000);
    await apply(objects);
    await untilReady();
    expect(await mayLogIn("contextiq", need.user, "second")).toBe(true);
  });

  test("keeps a queue that holds messages, and lets it go when it is empty", async () => {
    const queue = queueOf("extraction.requests");
    const connection = await connect(`${broker.amqpUrl}/contextiq`);
    try {
      const channel = await connection.createConfirmChannel();
      channel.sendToQueue("extraction.requests", Buffer.from("{}"), { persistent: true });
      await channel.waitForConfirms();
      // It believes the statistics of this one queue, which are some seconds behind: until then it would delete, messages or not.
      const counted = async (): Promise<number | undefined> =>
        ((await callBroker(broker, "GET", "/api/queues/contextiq/extraction.requests")) as { readonly messages?: number }).messages;
      await until(async () => (await counted()) === 1);
      await api.ask(["delete", ...at(queue), "--wait=false"]);
      await until(() => said("cannot delete queue extraction.requests because it has ready messages"), 60_000);
      expect((await channel.checkQueue("extraction.requests")).messageCount).toBe(1);
      expect(await api.field(".metadata.finalizers", ...at(queue))).toContain("queues.rabbitmq.com");
      await channel.purgeQueue("extraction.requests");
    } finally {
      await connection.close();
    }
    await until(async () => !(await api.has(...at(queue))), 120_000);
    const queues = await answering((management) => management.counts());
    expect(queues.map(({ vhost, name }) => `${vhost} ${name}`)).not.toContain("contextiq extraction.requests");
  });
});
