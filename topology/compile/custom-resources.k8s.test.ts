/** Custom resources on a real API server with the operator's own CRDs: every object is admitted as it is, with no field unknown. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sourceFolder } from "../../lab/kubernetes/modules.js";
import { versions } from "../../lab/versions.js";
import { KubernetesApi } from "../../testing/kubernetes/api.js";
import type { Topology } from "../model.js";
import { systems } from "../systems/index.js";
import { compileInstallation } from "./compile.js";
import { customResources, type CustomResource } from "./custom-resources.js";

let api: KubernetesApi;
beforeAll(async () => {
  api = await KubernetesApi.start();
  const module = await sourceFolder({
    path: "github.com/rabbitmq/messaging-topology-operator",
    version: versions.kubernetes.topologyOperator,
  });
  await api.ask(["apply", "--server-side", "-f", join(module, "config/crd/bases")]);
  await api.ask(["wait", "crd", "--all", "--for=condition=Established", "--timeout=60s"]);
}, 30 * 60_000);
afterAll(async () => {
  await api?.stop();
});

/** Every kind, and every field that one may have. */
const everything: Topology = {
  name: "Every/thing",
  vhost: { tags: ["a"], defaultQueueType: "quorum" },
  exchanges: {
    "Ex change": { type: "topic", alternateExchange: "amq.fanout" },
    "ex-change": { type: "x-consistent-hash", hashHeader: "id", settings: "arguments" },
  },
  queues: {
    "q.1": {
      type: "quorum",
      from: { "Ex change": ["a.*", { key: "", arguments: { x: 1 } }], "ex-change": "3" },
      retry: ["1 second"],
      maxLength: 5,
    },
    "q-1": { type: "classic", durable: false, autoDelete: true, maxPriority: 3, settings: "arguments" },
    "q 1": { type: "stream", maxAge: "7 days" },
    parts: { type: "super-stream", partitions: 3 },
  },
  users: {
    ops: {
      tags: ["administrator", "impersonator"],
      permissions: { configure: "", write: ".*", read: ".*" },
      topicPermissions: { "Ex change": { write: "", read: "a" } },
    },
  },
  policies: { p: { pattern: "^x", definition: { "max-length": 3, "dead-letter-exchange": "" }, priority: -1 } },
  operatorPolicies: { o: { pattern: "", applyTo: "all", definition: { "max-length": 1000 } } },
  federationUpstreams: {
    up: {
      uri: { secret: "s" },
      exchange: "e",
      ackMode: "on-confirm",
      prefetchCount: 5,
      reconnectDelay: 3,
      maxHops: 2,
      expires: "1 hour",
      messageTtl: "1 minute",
      trustUserId: true,
    },
  },
  shovels: {
    move: {
      from: { queue: "q.1", deleteAfter: "queue-length", prefetchCount: 9 },
      to: { uri: { secret: "t" }, exchange: "e", key: "k" },
      ackMode: "on-publish",
      reconnectDelay: 5,
    },
  },
};

const list = (items: readonly CustomResource[]): string => JSON.stringify({ apiVersion: "v1", kind: "List", items });
const apply = (namespace: string, items: readonly CustomResource[]): Promise<string> =>
  api.ask(["apply", "--server-side", "--validate=strict", "--namespace", namespace, "-f", "-"], list(items));

interface Stored {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly spec: object;
}

async function stored(namespace: string): Promise<readonly Stored[]> {
  const kinds = "vhosts,users,exchanges,queues,bindings,policies,operatorpolicies,permissions,topicpermissions,federations,shovels";
  const all = kinds.split(",").map((kind) => `${kind}.rabbitmq.com`);
  const answer = await api.ask(["get", all.join(","), "--namespace", namespace, "--output=json"]);
  return (JSON.parse(answer) as { readonly items: readonly Stored[] }).items;
}

describe.each([...Object.entries(systems), ["everything", everything] as const])("%s", (name, system) => {
  const { objects } = customResources(compileInstallation({ topologies: [system] }), {
    cluster: { name: "rabbitmq", namespace: "broker" },
    namespace: name,
  });

  test("is admitted whole, and stored as it was written", async () => {
    await api.ask(["create", "namespace", name]);
    expect((await apply(name, objects)).split("\n")).toHaveLength(objects.length);
    const there = await stored(name);
    expect(there).toHaveLength(objects.length);
    for (const { kind, metadata, spec } of objects)
      expect(there.find((one) => one.kind === kind && one.metadata.name === metadata.name)?.spec).toEqual(expect.objectContaining(spec));
  });

  test("a second time nothing changes", async () => {
    const before = await stored(name);
    await apply(name, objects);
    expect((await stored(name)).map(({ metadata }) => [metadata.name, metadata.generation])).toEqual(
      before.map(({ metadata }) => [metadata.name, metadata.generation]),
    );
  });
});

test("what the CRDs do not know is refused", async () => {
  const [vhost] = customResources(compileInstallation({ topologies: [everything] }), {
    cluster: { connectionSecret: "s" },
    namespace: "default",
  }).objects;
  if (!vhost) throw new Error("no vhost");
  await expect(apply("default", [{ ...vhost, spec: { ...vhost.spec, limits: 3 } }])).rejects.toThrow(/unknown field/);
  await expect(apply("default", [{ ...vhost, spec: { ...vhost.spec, defaultQueueType: "super" } }])).rejects.toThrow(/Unsupported value/);
  await expect(apply("default", [{ ...vhost, metadata: { ...vhost.metadata, name: "Not_valid" } }])).rejects.toThrow(/RFC 1123/);
});
