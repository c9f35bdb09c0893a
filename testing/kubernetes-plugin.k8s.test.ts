/** The kubernetes plugin behind the real engine and the npm package, against a real Kubernetes API. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { sourceOf } from "../lab/plugins.js";
import { getTools } from "../lab/tools.js";
import { freePorts, KubernetesApi, kubeconfigFor } from "./kubernetes/api.js";
import { configMap, definition, deployment, group, namespace, thing } from "./kubernetes/objects.js";
import { ObjectStack, type Outcome, type Wanted } from "./kubernetes/stack.js";
import { until as untilWithin } from "./until.js";

let api: KubernetesApi;
let tools: NodeJS.ProcessEnv;
let stack: ObjectStack;
const stacks: ObjectStack[] = [];

beforeAll(async () => {
  tools = (await getTools("kubernetes")).env;
  api = await KubernetesApi.start();
}, 30 * 60_000);
afterAll(async () => {
  await api?.stop();
});
afterEach(() => {
  for (const used of stacks.splice(0)) used.remove();
});

async function begin(objects: readonly Wanted[], provider: ObjectStack["provider"] = {}): Promise<void> {
  stack = await new ObjectStack({ kubeconfig: api.kubeconfig, context: "test", ...provider }, tools).init();
  stacks.push(stack);
  stack.objects = objects;
}

function succeeds(outcome: Outcome): Outcome {
  if (outcome.code !== 0) throw new Error(outcome.output);
  return outcome;
}
function fails(outcome: Outcome): string {
  if (outcome.code === 0) throw new Error(`was to fail:\n${outcome.output}`);
  return outcome.output;
}
const change = (at: number, changed: Wanted): void => {
  stack.objects = stack.objects.with(at, changed);
};
/** An engine that starts on a busy machine takes its time. */
const until = async (what: () => unknown): Promise<void> => untilWithin(what, 180_000);
const uid = async (...object: readonly string[]): Promise<string> => api.field(".metadata.uid", ...object);

describe("the life of objects", () => {
  const secret = "correct-horse-battery";
  const objects = (level: string, data: string, image: string): Wanted[] => [
    namespace("life"),
    configMap("named", { namespace: "life", name: "named" }, { level: data }),
    configMap("unnamed", { namespace: "life" }, { level: data }),
    {
      class: "core.v1.Secret",
      name: "login",
      args: { metadata: { namespace: { $of: ["namespace", "metadata.name"] } }, stringData: { password: secret } },
    },
    {
      class: "core.v1.Service",
      name: "entry",
      args: { metadata: { namespace: "life", name: "entry" }, spec: { ports: [{ port: 80 }] } },
      dependsOn: ["namespace"],
    },
    deployment({ namespace: "life", name: "web" }, 0, { image, resources: { requests: { cpu: "1000m" } } }),
    configMap(
      "after",
      { namespace: "life", name: "after" },
      { address: { $of: ["entry", "spec.clusterIP"] }, login: { $of: ["login", "metadata.name"] } },
    ),
    definition("Life"),
    thing("Life", { namespace: "life", name: "thing" }, { level, key: { $secret: secret }, list: [1, 2.5] }),
  ];

  test("from the first preview to the end", async () => {
    await begin(objects("low", "1", "web:1"));
    stack.outputs = { address: ["entry", "spec.clusterIP"], id: ["thing", "metadata.uid"] };
    const first = succeeds(await stack.preview());
    expect(first.counts["to create"]).toBe(11);
    expect(first.output).toMatch(/address *: \[unknown\]|address *: output<string>/);
    const made = succeeds(await stack.up());
    expect(made.counts).toMatchObject({ created: 11 });
    expect(await api.field(".data.address", "configmap", "after", "-n", "life")).toMatch(/^10\.98\./);
    const login = await api.field(".data.login", "configmap", "after", "-n", "life");
    expect(login).toMatch(/^login-[a-z0-9]{8}$/);
    expect(await api.field(".data.password", "secret", login, "-n", "life")).toBe(Buffer.from(secret).toString("base64"));
    expect(await api.field(".spec.key", `lifes.${group}`, "thing", "-n", "life")).toBe(secret);
    expect(await api.field(".metadata.managedFields[*].operation", "configmap", "named", "-n", "life")).toBe("Apply");

    succeeds(await stack.up("--expect-no-changes"));
    const refreshed = succeeds(await stack.refresh());
    expect(refreshed.counts).not.toHaveProperty("updated");
    succeeds(await stack.up("--expect-no-changes"));

    const before = { named: await uid("configmap", "named", "-n", "life"), web: await uid("deployment", "web", "-n", "life") };
    const unnamed = await api.ask(["get", "configmap", "-n", "life", "--output=name"]);
    stack.objects = objects("high", "2", "web:2");
    const announced = succeeds(await stack.preview());
    expect(announced.counts).toMatchObject({ "to update": 2, "to replace": 2 });
    expect(announced.output).toMatch(/image: "web:1" => "web:2"/);
    succeeds(await stack.up());
    expect(await api.field(".spec.level", `lifes.${group}`, "thing", "-n", "life")).toBe("high");
    expect(await uid("deployment", "web", "-n", "life")).toBe(before.web);
    expect(await uid("configmap", "named", "-n", "life")).not.toBe(before.named);
    expect(await api.ask(["get", "configmap", "-n", "life", "--output=name"])).not.toBe(unnamed);
    expect(await api.field(".data.level", "configmap", "named", "-n", "life")).toBe("2");

    for (const text of [first.output, made.output, announced.output, refreshed.output, stack.state()]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret).toString("base64"));
    }
    succeeds(await stack.destroy());
    expect(await uid("namespace", "life")).toBe("");
    expect(await uid("crd", `lifes.${group}`)).toBe("");
  });

  test("a field that leaves the program leaves the object, one that others added stays", async () => {
    await begin([
      namespace("fields"),
      definition("Field"),
      thing("Field", { namespace: "fields", name: "thing", labels: { a: "1", b: "2" } }, { level: "low", size: 1 }),
    ]);
    succeeds(await stack.up());
    await api.ask(["label", `fields.${group}`, "thing", "-n", "fields", "others=3"]);
    change(2, thing("Field", { namespace: "fields", name: "thing", labels: { b: "2" } }, { size: 1 }));
    succeeds(await stack.up());
    expect(JSON.parse(await api.field(".metadata.labels", `fields.${group}`, "thing", "-n", "fields"))).toEqual({ b: "2", others: "3" });
    expect(JSON.parse(await api.field(".spec", `fields.${group}`, "thing", "-n", "fields"))).toEqual({ size: 1 });
    succeeds(await stack.destroy());
  });

  test("what Kubernetes does not change in place is replaced, by its own word too", async () => {
    const priority = (value: number): Wanted => ({
      class: "scheduling.v1.PriorityClass",
      name: "class",
      args: { metadata: { name: "replaced" }, value },
    });
    await begin([priority(1)]);
    succeeds(await stack.up());
    change(0, priority(2));
    expect(succeeds(await stack.preview()).counts).toMatchObject({ "to replace": 1 });
    succeeds(await stack.up());
    expect(await api.field(".value", "priorityclass", "replaced")).toBe("2");
    succeeds(await stack.destroy());
  });
});

describe("waiting", () => {
  test("ends when the object is ready; one that was not is waited for again by the next update", async () => {
    const waiting = { "pulumi.com/waitFor": "condition=Ready", "pulumi.com/timeoutSeconds": "3" };
    await begin([namespace("wait"), definition("Wait"), thing("Wait", { namespace: "wait", name: "thing", annotations: waiting }, {})]);
    const object = [`waits.${group}`, "thing", "-n", "wait"];
    expect(fails(await stack.up())).toMatch(/was not ready after 3s: no condition Ready yet/);
    const made = await uid(...object);
    await api.setStatus({ conditions: [{ type: "Ready", status: "False", reason: "Busy", message: "still cooking" }] }, ...object);
    expect(fails(await stack.up())).toMatch(/condition Ready is False; expected True: Busy still cooking/);
    expect(succeeds(await stack.refresh()).output).toMatch(/unhealthy state:[^]*still cooking/);
    await api.setStatus({ conditions: [{ type: "Ready", status: "True" }] }, ...object);
    expect(succeeds(await stack.up()).counts).toMatchObject({ updated: 1 });
    expect(await uid(...object)).toBe(made);
    succeeds(await stack.up("--expect-no-changes"));
    succeeds(await stack.destroy());
  });

  test("a deployment and its service are ready with their pods; without them the update says why", async () => {
    const service = {
      class: "core.v1.Service",
      name: "entry",
      args: { metadata: { namespace: "pods", name: "entry" }, spec: { selector: { app: "web" }, ports: [{ port: 80 }] } },
      dependsOn: ["namespace"],
    };
    const patient = deployment({ namespace: "pods", name: "web" }, 2);
    const hasty = deployment({ namespace: "pods", name: "web" }, 2, {}, { customTimeouts: { create: "4s", update: "4s" } });
    await begin([namespace("pods"), hasty]);
    const pods = async (): Promise<string[]> => (await api.ask(["get", "pods", "-n", "pods", "--output=name"])).split("\n").filter(Boolean);
    const failed = stack.up();
    await until(async () => (await pods()).length === 2);
    const [first = ""] = await pods();
    const stuck = { name: "web", image: "web:1", imageID: "", ready: false, restartCount: 0 };
    const pull = { reason: "ImagePullBackOff", message: "cannot pull web:1" };
    await api.setStatus({ phase: "Pending", containerStatuses: [{ ...stuck, state: { waiting: pull } }] }, first, "-n", "pods");
    expect(fails(await failed)).toMatch(/not ready after 4s[^]*ImagePullBackOff cannot pull web:1/);

    stack.objects = [namespace("pods"), patient, service];
    const later = stack.up();
    await until(async () => (await uid("service", "entry", "-n", "pods")) !== "");
    for (const pod of await pods()) {
      const running = [{ ...stuck, ready: true, state: { running: {} } }];
      await api.setStatus(
        { phase: "Running", conditions: [{ type: "Ready", status: "True" }], containerStatuses: running },
        pod,
        "-n",
        "pods",
      );
    }
    // Without a node no controller writes it.
    const slice = {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "entry-test", namespace: "pods", labels: { "kubernetes.io/service-name": "entry" } },
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.1.0.1"], conditions: { ready: true } }],
    };
    await api.ask(["apply", "--filename=-"], JSON.stringify(slice));
    succeeds(await later);
    succeeds(await stack.up("--expect-no-changes"));
    succeeds(await stack.destroy());
  });

  test("a job is awaited until it is complete, and one that failed ends the wait at once", async () => {
    const job = (name: string): Wanted => ({
      class: "batch.v1.Job",
      name,
      args: {
        metadata: { namespace: "jobs", name },
        spec: { backoffLimit: 0, template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "c" }] } } },
      },
      dependsOn: ["namespace"],
    });
    await begin([namespace("jobs"), job("good"), job("bad")]);
    const ended = stack.up();
    const podOf = async (name: string): Promise<string> =>
      api.ask(["get", "pods", "-n", "jobs", "-l", `job-name=${name}`, "--output=name"]);
    await until(async () => (await podOf("good")) !== "" && (await podOf("bad")) !== "");
    await api.setStatus({ phase: "Succeeded" }, await podOf("good"), "-n", "jobs");
    await api.setStatus({ phase: "Failed" }, await podOf("bad"), "-n", "jobs");
    const output = fails(await ended);
    expect(output).toMatch(/jobs\/bad[^]*it failed: BackoffLimitExceeded/);
    expect(output).not.toMatch(/jobs\/good was created, but/);
    succeeds(await stack.destroy());
  });

  test("skipAwait and paths", async () => {
    const lazy = deployment({ namespace: "lazy", name: "web", annotations: { "pulumi.com/skipAwait": "true" } }, 1);
    const path = { "pulumi.com/waitFor": '["jsonpath={.status.phase}=Ready", "jsonpath={.status.url}"]' };
    await begin([namespace("lazy"), lazy, definition("Lazy"), thing("Lazy", { namespace: "lazy", name: "thing", annotations: path }, {})]);
    const done = stack.up();
    const object = [`lazys.${group}`, "thing", "-n", "lazy"];
    await until(async () => (await uid(...object)) !== "");
    await api.setStatus({ phase: "Ready", url: "http://thing" }, ...object);
    succeeds(await done);
    succeeds(await stack.destroy());
  });

  test("a deletion that is held says by what, and the next one goes on", async () => {
    await begin([
      namespace("held"),
      configMap(
        "kept",
        { namespace: "held", name: "kept", finalizers: ["warren.test/hold"], annotations: { "pulumi.com/timeoutSeconds": "2" } },
        {},
      ),
    ]);
    succeeds(await stack.up());
    expect(fails(await stack.destroy())).toMatch(/ConfigMap held\/kept was not gone after 2s: finalizers .*warren.test\/hold/);
    await api.ask(["patch", "configmap", "kept", "-n", "held", "--type=merge", "--patch", '{"metadata":{"finalizers":null}}']);
    succeeds(await stack.destroy());
  });
});

test("a condition of before a change does not count, where the controller says what it has seen", async () => {
  const metadata = { namespace: "seen", name: "thing", annotations: { "pulumi.com/waitFor": "condition=Ready" } };
  const object = [`seens.${group}`, "thing", "-n", "seen"];
  const conditions = [{ type: "Ready", status: "True" }];
  await begin([namespace("seen"), definition("Seen"), thing("Seen", metadata, { level: "low" })]);
  const first = stack.up();
  await until(async () => (await uid(...object)) !== "");
  await api.setStatus({ observedGeneration: 1, conditions }, ...object);
  succeeds(await first);
  const hasty = { ...metadata, annotations: { ...metadata.annotations, "pulumi.com/timeoutSeconds": "3" } };
  change(2, thing("Seen", hasty, { level: "high" }));
  expect(fails(await stack.up())).toContain("has not seen the change yet");
  await api.setStatus({ observedGeneration: 2 }, ...object);
  // A deletion has the time that was said last, and the garbage collector may learn of a new kind half a minute late.
  change(2, thing("Seen", metadata, { level: "high" }));
  succeeds(await stack.up());
  succeeds(await stack.destroy());
});

describe("an update that was killed", () => {
  test("in the middle of a wait is completed by the next, on the same object", async () => {
    const annotations = { "pulumi.com/waitFor": "condition=Ready" };
    await begin([namespace("killed"), definition("Killed"), thing("Killed", { namespace: "killed", name: "thing", annotations }, {})]);
    const object = [`killeds.${group}`, "thing", "-n", "killed"];
    const engine = stack.startUp();
    await until(async () => (await uid(...object)) !== "");
    const made = await uid(...object);
    engine.kill("SIGKILL");
    await once(engine, "exit");
    const plugins = (): string => spawnSync("pgrep", ["-f", `resource-kubernetes.*127.0.0.1`], { encoding: "utf8" }).stdout;
    await until(
      () =>
        !plugins()
          .split("\n")
          .some((pid) => pid && isOurs(pid)),
    );
    succeeds(await stack.pulumi("cancel", "--yes"));
    await api.setStatus({ conditions: [{ type: "Ready", status: "True" }] }, ...object);
    succeeds(await stack.up());
    expect(await uid(...object)).toBe(made);
    succeeds(await stack.up("--expect-no-changes"));
    succeeds(await stack.destroy());
  });

  /** A plugin of this test's stack: others may run on this machine. */
  function isOurs(pid: string): boolean {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").includes(stack.folder);
    } catch {
      return false;
    }
  }
});

describe("objects that are there already", () => {
  test("are refused, and taken over only when the provider is told so", async () => {
    await api.ask(["create", "namespace", "taken"]);
    await api.ask(["create", "configmap", "there", "-n", "taken", "--from-literal=level=old"]);
    const there = (): Wanted => ({ ...configMap("there", { namespace: "taken", name: "there" }, { level: "new" }), dependsOn: [] });
    await begin([there()]);
    expect(succeeds(await stack.preview()).output).toMatch(/warning: .*taken\/there already exists/);
    expect(fails(await stack.up())).toMatch(/already exists in the cluster, and this stack did not make it: import it/);
    expect(await api.field(".data.level", "configmap", "there", "-n", "taken")).toBe("old");
    await begin([there()], { upsertExistingObjects: true });
    succeeds(await stack.up());
    expect(await api.field(".data.level", "configmap", "there", "-n", "taken")).toBe("new");
    succeeds(await stack.destroy());
    await api.ask(["delete", "namespace", "taken"]);
  });

  test("are imported as they are, and then changed", async () => {
    await api.ask(["create", "namespace", "imported"]);
    await api.ask(["create", "deployment", "web", "-n", "imported", "--image=web:1", "--replicas=0"]);
    const object = ["deployment", "web", "-n", "imported"];
    const before = await uid(...object);
    const labels = { app: "web" };
    const spec = (replicas: number, image: string): unknown => ({
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "web", image }] } },
    });
    const web = (image: string, options?: Wanted["options"]): Wanted => ({
      class: "apps.v1.Deployment",
      name: "web",
      args: { metadata: { namespace: "imported", name: "web" }, spec: spec(0, image) },
      ...(options ? { options } : {}),
    });
    await begin([web("web:1", { import: "imported/web" })]);
    const { counts } = succeeds(await stack.up());
    expect(counts).toMatchObject({ imported: 1 });
    expect(counts).not.toHaveProperty("updated");
    change(0, web("web:2"));
    expect(succeeds(await stack.up()).counts).toMatchObject({ updated: 1 });
    expect(await uid(...object)).toBe(before);
    expect(await api.field(".spec.template.spec.containers[*].image", ...object)).toBe("web:2");
    succeeds(await stack.destroy());
    await api.ask(["delete", "namespace", "imported"]);
  });
});

describe("what others change", () => {
  test("is seen by a refresh and taken back by the next update; what is gone is made again", async () => {
    await begin([
      namespace("drift"),
      configMap("changed", { namespace: "drift", name: "changed" }, { level: "1" }),
      configMap("gone", { namespace: "drift", name: "gone" }, { level: "1" }),
      {
        class: "core.v1.Secret",
        name: "login",
        args: { metadata: { namespace: "drift", name: "login" }, stringData: { password: "first-secret" } },
        dependsOn: ["namespace"],
      },
      deployment({ namespace: "drift", name: "web" }, 0, { resources: { requests: { cpu: "1000m", memory: "1024Mi" } } }),
    ]);
    succeeds(await stack.up());
    await api.ask(["patch", "configmap", "changed", "-n", "drift", "--type=merge", "--patch", '{"data":{"level":"2"}}']);
    await api.ask(["patch", "secret", "login", "-n", "drift", "--type=merge", "--patch", '{"stringData":{"password":"other-secret"}}']);
    await api.ask(["delete", "configmap", "gone", "-n", "drift"]);
    const seen = succeeds(await stack.refresh());
    expect(seen.counts).toMatchObject({ updated: 2, deleted: 1 });
    const again = succeeds(await stack.up());
    expect(again.counts).toMatchObject({ created: 1, replaced: 2 });
    expect(await api.field(".data.level", "configmap", "changed", "-n", "drift")).toBe("1");
    expect(await api.field(".data.password", "secret", "login", "-n", "drift")).toBe(Buffer.from("first-secret").toString("base64"));
    for (const text of [seen.output, again.output, stack.state()]) expect(text).not.toMatch(/first-secret|other-secret/);
    succeeds(await stack.destroy());
  });

  test("stays theirs: a conflict names who holds the field, and it is taken only by force", async () => {
    const web = (replicas: number, annotations: Record<string, string>, options?: Wanted["options"]): Wanted =>
      deployment(
        { namespace: "conflict", name: "web", annotations: { "pulumi.com/skipAwait": "true", ...annotations } },
        replicas,
        {},
        options,
      );
    await begin([namespace("conflict"), web(1, {})]);
    succeeds(await stack.up());
    const object = ["deployment", "web", "-n", "conflict"];
    const scale = JSON.stringify({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace: "conflict" },
      spec: { replicas: 3 },
    });
    await api.ask(["apply", "--server-side", "--force-conflicts", "--field-manager=autoscaler", "--filename=-"], scale);

    change(1, web(1, { note: "mine" }, { ignoreChanges: ["spec.replicas"] }));
    succeeds(await stack.up());
    expect(await api.field(".spec.replicas", ...object)).toBe("3");
    expect(await api.field(".metadata.annotations.note", ...object)).toBe("mine");

    change(1, web(2, { note: "mine" }));
    expect(fails(await stack.preview())).toMatch(/conflict[^]*\.spec\.replicas: conflict with "autoscaler"/);
    expect(fails(await stack.up())).toMatch(/conflict with "autoscaler"/);
    expect(await api.field(".spec.replicas", ...object)).toBe("3");
    change(1, web(2, { note: "mine", "pulumi.com/patchForce": "true" }));
    succeeds(await stack.up());
    expect(await api.field(".spec.replicas", ...object)).toBe("2");
    succeeds(await stack.destroy());
  });
});

describe("the provider", () => {
  test("says that a cluster does not answer, and drops its objects only when told so", async () => {
    await begin([namespace("away"), configMap("map", { namespace: "away", name: "map" }, { level: "1" })]);
    succeeds(await stack.up());
    const [port = 0] = await freePorts(1);
    const contents = readFileSync(api.kubeconfig, "utf8");
    const file = join(stack.folder, "kubeconfig");
    // The same cluster by another address would be another cluster: only the file changes, as when a machine is gone.
    writeFileSync(file, contents);
    stack.provider = { kubeconfig: file, context: "test" };
    succeeds(await stack.up());
    writeFileSync(file, kubeconfigFor(`https://127.0.0.1:${port}`, "a-token-of-the-test"));
    const preview = succeeds(await stack.preview());
    change(1, configMap("map", { namespace: "away", name: "map" }, { level: "2" }));
    const up = fails(await stack.up());
    const refresh = fails(await stack.refresh());
    expect(up).toMatch(/configured Kubernetes cluster is unreachable: https:\/\/127.0.0.1:\d+.*connection refused/);
    expect(refresh).toMatch(/PULUMI_K8S_DELETE_UNREACHABLE=true/);
    for (const text of [preview.output, up, refresh]) expect(text).not.toContain("a-token-of-the-test");
    stack.provider = { ...stack.provider, deleteUnreachable: true };
    succeeds(await stack.pulumi("up", "--yes", "--skip-preview", "--target", "**cluster"));
    expect(succeeds(await stack.destroy()).output).toMatch(/dropped from the state/);
    await api.ask(["delete", "namespace", "away"]);
  });

  test("previews a program for a cluster that is not there", async () => {
    const [port = 0] = await freePorts(1);
    await begin([namespace("none"), configMap("map", { namespace: "none" }, {})]);
    const contents = kubeconfigFor(`https://127.0.0.1:${port}`, "a-token-of-the-test");
    stack.provider = { kubeconfig: contents };
    const { output, counts } = succeeds(await stack.preview());
    expect(counts["to create"]).toBe(4);
    expect(output).toMatch(/warning: configured Kubernetes cluster is unreachable/);
  });

  test("gives objects the namespace of its settings, and keeps them when only credentials change", async () => {
    await api.ask(["create", "namespace", "settings"]);
    await begin([{ ...configMap("map", { name: "map" }, { level: "1" }), dependsOn: [] }], { namespace: "settings" });
    succeeds(await stack.up());
    const before = await uid("configmap", "map", "-n", "settings");
    expect(before).not.toBe("");
    stack.provider = { ...stack.provider, kubeconfig: readFileSync(api.kubeconfig, "utf8") };
    expect(succeeds(await stack.up()).counts).toMatchObject({ updated: 1 });
    expect(await uid("configmap", "map", "-n", "settings")).toBe(before);
    succeeds(await stack.destroy());
    await api.ask(["delete", "namespace", "settings"]);
  });

  test("refuses what it does not do, and says what to do", async () => {
    const patch = { class: "core.v1.ConfigMapPatch", name: "patch", args: { metadata: { name: "x" }, data: {} } };
    const release = { class: "helm.v3.Release", name: "release", args: { chart: "x" } };
    await begin([patch]);
    expect(fails(await stack.preview())).toMatch(/Patch resource kubernetes:core\/v1:ConfigMapPatch is not offered[^]*official one/);
    stack.objects = [release];
    expect(fails(await stack.preview())).toMatch(/kubernetes:helm.sh\/v3:Release is not offered/);
    stack.objects = [namespace("x")];
    stack.provider = { ...stack.provider, enableServerSideApply: false };
    expect(fails(await stack.preview())).toMatch(/enableServerSideApply.*server-side apply only/);
    stack.provider = { kubeconfig: api.kubeconfig };
    stack.objects = [
      {
        class: "apiextensions.CustomResource",
        name: "thing",
        args: { apiVersion: "no.such.group/v1", kind: "Thing", metadata: { name: "thing", namespace: "default" } },
      },
    ];
    succeeds(await stack.preview());
  });

  test("keeps a secret out of an error that the API server makes of it", async () => {
    const level = { $secret: "a-very-secret-level" };
    await begin([namespace("redacted"), definition("Redacted"), thing("Redacted", { namespace: "redacted", name: "thing" }, { level })]);
    const output = fails(await stack.up());
    expect(output).toMatch(/spec.level: Unsupported value: "\[secret\]": supported values: "low", "high"/);
    expect(output).not.toContain("a-very-secret-level");
    succeeds(await stack.destroy());
  });

  test("stands up to Go's own checks", () => {
    const folder = mkdtempSync(join(tmpdir(), "warren-plugin-"));
    try {
      cpSync(join(__dirname, "../lab/plugins/kubernetes"), folder, { recursive: true });
      for (const [name, content] of Object.entries(sourceOf("kubernetes").files)) writeFileSync(join(folder, name), content);
      const go = (...args: string[]): string => {
        const { stdout, stderr } = spawnSync("go", args, {
          cwd: folder,
          encoding: "utf8",
          env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=mod" },
        });
        return stdout + stderr.replaceAll(/^go: .*\n/gm, "");
      };
      expect(go("vet", "./...")).toBe("");
      expect(go("run", "cmd/gofmt", "-l", ".")).toBe("");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
