/** `npm run check:kubernetes`: brings the lab's cluster up, shows that it is a real one with the operators at work, and that nothing of it stays. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { WarrenError } from "../topology/errors.js";
import { downCluster, isPresent, leftovers } from "../lab/kubernetes/down.js";
import { apply, kubectl, type KubernetesObject, tryKubectl, waitCondition } from "../lab/kubernetes/kubectl.js";
import { runFolder, stateFolder, storageClass } from "../lab/kubernetes/layout.js";
import { type Cluster, upCluster } from "../lab/kubernetes/up.js";
import { step, tell } from "../lab/steps.js";

const options = new Command("npm run check:kubernetes --")
  .description("Brings the lab's cluster up with three nodes, uses every part of it, and takes it away again.")
  .option("--keep", "leave the cluster up")
  .addHelpText("after", "\nNeeds Linux and root. Exit codes: 0 all is as it should be, 1 something is not.\n")
  .parse()
  .opts<{ keep?: true }>();

const NAMESPACE = "lab-check";
const inside = ["-n", NAMESPACE];

/** What Pod Security "restricted" asks for. */
const restrictedPod = { runAsNonRoot: true, runAsUser: 999, runAsGroup: 999, fsGroup: 999, seccompProfile: { type: "RuntimeDefault" } };
const restricted = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };

function sleeper(name: string, image: string, more: object = {}): object {
  return {
    securityContext: restrictedPod,
    terminationGracePeriodSeconds: 1,
    containers: [
      { name, image, command: ["sleep", "infinity"], securityContext: restricted, resources: { requests: { cpu: "5m", memory: "8Mi" } } },
    ],
    ...more,
  };
}

const deployment = (name: string, replicas: number, pod: object): KubernetesObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace: NAMESPACE },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: pod } },
});

async function check(title: string, work: () => Promise<string | void>): Promise<void> {
  await step(title, async () => ({ value: undefined, way: (await work()) ?? "as it should be" }));
}

async function until(what: string, seconds: number, done: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + seconds * 1000;
  while (!(await done())) {
    if (Date.now() > limit) throw new WarrenError(`${what}: not within ${seconds} seconds`);
    await sleep(500);
  }
}

const field = async (what: string, args: readonly string[], path: string): Promise<string> =>
  (await kubectl(what, [...inside, "get", ...args, "-o", `jsonpath=${path}`])).trim();

async function checkNodes(): Promise<string> {
  const zones = (
    await kubectl("Nodes", ["get", "nodes", "-l", "!type", "-o", "jsonpath={.items[*].metadata.labels.topology\\.kubernetes\\.io/zone}"])
  ).split(" ");
  assert.equal(new Set(zones).size, 3);
  await waitCondition("Nodes", "Ready", ["nodes", "--all"], 30);
  return "three, each in its zone";
}

async function checkPods(broker: string): Promise<string> {
  await apply("A namespace", [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE, labels: { "pod-security.kubernetes.io/enforce": "restricted" } } },
  ]);
  const open = await tryKubectl([...inside, "run", "open", `--image=${broker}`, "--privileged"]);
  assert.match(open.stderr, /violates PodSecurity "restricted/);
  await apply("A pod", [
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "plain", namespace: NAMESPACE },
      spec: sleeper("plain", broker),
    },
  ]);
  await waitCondition("A pod", "Ready", [...inside, "pod/plain"], 60);
  const exec = async (script: string): Promise<string> =>
    await kubectl("A command in a pod", [...inside, "exec", "plain", "--", "bash", "-c", script], { limit: 20_000 });
  assert.match(await exec("getent hosts kubernetes.default.svc.cluster.local"), /^10\.97\.0\.1\s/);
  // The address of the API's service, which leads out of the pod's network to this machine's loopback; and nothing else there does.
  await exec("exec 3<>/dev/tcp/kubernetes.default.svc/443");
  assert.equal(await exec("id -u"), "999\n");
  return "admitted, DNS and API reached";
}

async function checkBroker(broker: string): Promise<string> {
  const cluster: KubernetesObject = {
    apiVersion: "rabbitmq.com/v1beta1",
    kind: "RabbitmqCluster",
    metadata: { name: "rabbit", namespace: NAMESPACE },
    spec: {
      replicas: 3,
      image: broker,
      persistence: { storageClassName: storageClass, storage: "1Gi" },
      resources: { requests: { cpu: "100m", memory: "600Mi" }, limits: { cpu: "1", memory: "600Mi" } },
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: { "app.kubernetes.io/name": "rabbit" } }, topologyKey: "topology.kubernetes.io/zone" },
          ],
        },
      },
    },
  };
  await apply("A RabbitmqCluster", [cluster]);
  await waitCondition("The RabbitmqCluster", "AllReplicasReady", [...inside, "rabbitmqcluster/rabbit"], 240);
  const status = await kubectl("The brokers", [
    ...inside,
    "exec",
    "rabbit-server-0",
    "-c",
    "rabbitmq",
    "--",
    "rabbitmqctl",
    "cluster_status",
    "--formatter=json",
  ]);
  assert.equal((JSON.parse(status) as { running_nodes: string[] }).running_nodes.length, 3);
  const volumes = (await field("Volumes", ["pvc"], "{.items[*].status.phase}")).split(" ");
  assert.deepEqual(volumes, ["Bound", "Bound", "Bound"]);
  return "three nodes, one cluster";
}

/** The management API at the service's address, which this machine reaches as a pod does. */
async function management(method: string, path: string, body?: object): Promise<unknown> {
  const address = await field("The service", ["service/rabbit"], "{.spec.clusterIP}");
  const [user = "", password = ""] = (await field("The user", ["secret/rabbit-default-user"], "{.data.username} {.data.password}"))
    .split(" ")
    .map((text) => Buffer.from(text, "base64").toString());
  const answer = await fetch(`http://${address}:15672/api/${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`, "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  const text = await answer.text();
  return text === "" ? undefined : JSON.parse(text);
}

async function checkKeda(broker: string): Promise<string> {
  await management("PUT", "queues/%2F/work", { durable: true, arguments: { "x-queue-type": "quorum" } });
  const keda = { apiVersion: "keda.sh/v1alpha1" } as const;
  const parameters = ["username", "password"].map((key) => ({ parameter: key, name: "rabbit-default-user", key }));
  await apply("A ScaledObject", [
    deployment("work", 1, sleeper("work", broker)),
    { ...keda, kind: "TriggerAuthentication", metadata: { name: "rabbit", namespace: NAMESPACE }, spec: { secretTargetRef: parameters } },
    {
      ...keda,
      kind: "ScaledObject",
      metadata: { name: "work", namespace: NAMESPACE },
      spec: {
        scaleTargetRef: { name: "work" },
        pollingInterval: 5,
        minReplicaCount: 1,
        maxReplicaCount: 4,
        advanced: { horizontalPodAutoscalerConfig: { behavior: { scaleDown: { stabilizationWindowSeconds: 5 } } } },
        triggers: [
          {
            type: "rabbitmq",
            metadata: {
              protocol: "http",
              host: `http://rabbit.${NAMESPACE}.svc:15672/`,
              queueName: "work",
              mode: "QueueLength",
              value: "10",
            },
            authenticationRef: { name: "rabbit" },
          },
        ],
      },
    },
  ] as KubernetesObject[]);
  await waitCondition("The ScaledObject", "Ready", [...inside, "scaledobject/work"], 90);
  for (let n = 0; n < 25; n++) {
    const message = { properties: {}, routing_key: "work", payload: "x", payload_encoding: "string" };
    assert.deepEqual(await management("POST", "exchanges/%2F/amq.default/publish", message), { routed: true });
  }
  const ready = (count: number) => async (): Promise<boolean> =>
    (await field("Replicas", ["deployment/work"], "{.status.readyReplicas}")) === String(count);
  const since = Date.now();
  await until("three replicas for 25 messages", 90, ready(3));
  const up = Date.now() - since;
  await management("DELETE", "queues/%2F/work/contents");
  await until("one replica for none", 120, ready(1));
  return `1 to 3 in ${Math.round(up / 1000)}s, and back`;
}

async function checkScale(broker: string): Promise<string> {
  const pod = sleeper("played", broker, {
    nodeSelector: { type: "kwok" },
    tolerations: [{ key: "kwok.x-k8s.io/node", operator: "Exists" }],
  });
  await apply("A wide Deployment", [deployment("played", 100, pod)]);
  await waitCondition("A wide Deployment", "Available", [...inside, "deployment/played"], 60);
  return "100 pods on 10 nodes";
}

async function checkMetrics(): Promise<string> {
  await until("figures of every node", 60, async () => {
    const top = await tryKubectl(["top", "nodes", "--no-headers"]);
    return top.code === 0 && ["node1", "node2", "node3"].every((name) => new RegExp(`^${name}\\s+\\d+m\\s`, "m").test(top.stdout));
  });
  return "kubectl top answers";
}

/** Rules of the firewall that are a cluster's. */
function ownRules(): string[] {
  return ["iptables-save", "ip6tables-save"].flatMap((program) =>
    execFileSync(program, { encoding: "utf8" })
      .split("\n")
      .filter((line) => /KUBE-|warrenpod|10\.(245|97)\./.test(line)),
  );
}

/** Processes that name a folder of the cluster in their command. */
function ownProcesses(): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const command = /^\d+$/.test(pid) ? readFileSync(join("/proc", pid, "cmdline"), "utf8").replaceAll("\0", " ") : "";
      return [stateFolder(), runFolder].some((folder) => command.includes(folder)) ? [`${pid} ${command}`] : [];
    } catch {
      return [];
    }
  });
}

/** Networks of pods: containerd names them, and Docker's do not look like this. */
const podNetworks = (): string[] => (existsSync("/run/netns") ? readdirSync("/run/netns").filter((name) => name.startsWith("cni-")) : []);

const kernel = (): string[] =>
  ["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops"].map((name) => readFileSync(join("/proc/sys", name), "utf8"));

async function main(): Promise<void> {
  if (isPresent() && !options.keep) {
    throw new WarrenError("A cluster of the lab is on this machine already, and this would take it away", {
      remedy: "give --keep, or take it away first: npm run lab:kubernetes -- --down",
    });
  }
  const before = { rules: ownRules(), networks: podNetworks(), kernel: kernel() };
  const wanted = { nodes: 3, kwok: 10 };
  const { images }: Cluster = await upCluster(wanted);
  try {
    await check("Nodes", checkNodes);
    await check("Pods", () => checkPods(images.broker));
    await check("RabbitMQ by its operator", () => checkBroker(images.broker));
    await check("Autoscaling by KEDA", () => checkKeda(images.broker));
    await check("Figures by metrics-server", checkMetrics);
    await check("Nodes of kwok", () => checkScale(images.broker));
    await check("Up once more", async () => {
      const since = Date.now();
      await upCluster(wanted);
      assert.ok(Date.now() - since < 30_000, "it takes long");
    });
    // With everything in it, unless it stays: `down` has to cope.
    if (options.keep) await kubectl("The namespace", ["delete", "namespace", NAMESPACE], { limit: 120_000 });
  } finally {
    if (!options.keep) await downCluster();
  }
  if (options.keep) return;
  await check("Nothing is left", async () => {
    assert.deepEqual(await leftovers(), []);
    assert.deepEqual(ownProcesses(), []);
    assert.deepEqual(ownRules(), before.rules);
    assert.deepEqual(podNetworks(), before.networks);
    assert.deepEqual(kernel(), before.kernel);
  });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    tell(`\nerror: ${error instanceof WarrenError ? error.message : ((error as Error).stack ?? String(error))}`);
    process.exit(1);
  },
);
