/** A stack that installs its operators from their makers' manifests: real engine, real API without any kind of theirs, a real broker. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { kustomized } from "../lab/kubernetes/manifests.js";
import { sources } from "../lab/kubernetes/programs.js";
import type { LiveBroker } from "../testing/broker-api.js";
import { KubernetesApi } from "../testing/kubernetes/api.js";
import { bareStack, NAMESPACE, pretendBroker } from "../testing/kubernetes/bare-stack.js";
import { openBroker } from "../testing/live-setup.js";
import { TestStack } from "../testing/stack.js";
import { until } from "../testing/until.js";

const OPERATORS = ["--namespace", "rabbitmq-system"] as const;
const KIND = "customresourcedefinition/rabbitmqclusters.rabbitmq.com";
/** Of the kind, as its makers' manifest sets it. */
const MADE_WITH = "controller-gen.kubebuilder.io/version";
const folder = mkdtempSync(join(tmpdir(), "warren-operators-"));
const manifests = join(folder, "cluster-operator.yaml");
const system = join(folder, "shop.json");

let api: KubernetesApi;
let broker: LiveBroker;
let remove: () => Promise<void>;
let stack: TestStack;
const newStack = (): Promise<TestStack> =>
  TestStack.create({ ...bareStack(system, broker), "kubernetes.operators.manifests[0]": manifests });
beforeAll(async () => {
  ({ broker, remove } = await openBroker());
  api = await KubernetesApi.start();
  process.env["KUBECONFIG"] = api.kubeconfig;
  const objects = (await kustomized(sources.clusterOperator.module, "config/installation")).filter(({ kind }) => kind !== "Service");
  // A Service is waited for until a pod on a machine is behind it, and here are none.
  writeFileSync(manifests, objects.map((object) => stringify(object)).join("---\n"));
  writeFileSync(system, JSON.stringify({ name: "shop", queues: { packing: { type: "quorum" } } }));
  stack = await newStack();
}, 30 * 60_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  stack?.remove();
  await api?.stop();
  await remove?.();
  rmSync(folder, { recursive: true, force: true });
});

/** What a kubelet does meanwhile, and then the operator in its pod. */
async function pretend(): Promise<void> {
  const pods = (): Promise<string> => api.ask(["get", "pods", ...OPERATORS, "--output=name"]);
  await until(async () => (await pods()) !== "", 240_000);
  expect(await api.has("namespace", NAMESPACE), "the stack's own objects wait for the operator").toBe(false);
  const conditions = [{ type: "Ready", status: "True", lastTransitionTime: new Date().toISOString() }];
  await api.setStatus({ phase: "Running", conditions }, await pods(), ...OPERATORS);
  await pretendBroker(api, broker);
}

const installed = async (): Promise<void> => void (await Promise.all([stack.up(), pretend()]));

/** Takes the stack down; the kinds stay. */
async function removed(): Promise<void> {
  const { code, output } = await stack.destroy();
  expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
  expect([await api.has("namespace", "rabbitmq-system"), await api.has("namespace", NAMESPACE), await api.has(KIND)]).toEqual([
    ...[false, false, true],
  ]);
}

test("a preview knows kinds that its own update will bring", async () => {
  expect((await stack.preview())["create"]).toBeGreaterThan(20);
  expect(await api.has(KIND)).toBe(false);
});

test("a pod whose image nobody chose is shown by a preview, and refused by an update before anything is made", async () => {
  await stack.set("kubernetes.workers.store", "true");
  expect((await stack.preview())["create"]).toBeGreaterThan(20);
  await expect(stack.up()).rejects.toThrow(
    /workers\.image names no image, and these would run it: Deployment warren-workers\/store\.[^]*npm run worker-image/,
  );
  expect(await api.has("namespace", "rabbitmq-system")).toBe(false);
  await stack.set("kubernetes.workers.store", "false");
});

test("an update installs them before all else; a second one would change nothing", async () => {
  await installed();
  expect(await stack.preview()).toEqual({});
});

test("another name for the broker would be another broker: refused, and nothing is changed", async () => {
  await stack.set("kubernetes.cluster.name", "other");
  await expect(stack.up()).rejects.toThrow(
    /broker is RabbitmqCluster warren-broker\/rabbitmq, and warren:kubernetes says warren-broker\/other/,
  );
  await stack.set("kubernetes.cluster.name", "rabbitmq");
  expect(await stack.preview()).toEqual({});
});

test("down takes them away after all else, and leaves their kinds; the next update takes these over", async () => {
  await removed();
  await installed();
  expect(await stack.preview()).toEqual({});
});

test("a stack of another name takes them over too, and what somebody else has set in them", async () => {
  await removed();
  const madeWith = (): Promise<string> => api.field(`.metadata.annotations.${MADE_WITH.replaceAll(".", "\\.")}`, KIND);
  const before = await madeWith();
  await api.ask(["annotate", KIND, `${MADE_WITH}=other`, "--overwrite", "--field-manager=helm"]);
  expect([before, await madeWith()]).toEqual([expect.stringMatching(/^v/), "other"]);
  stack.remove();
  vi.stubEnv("WARREN_STACK", "other");
  stack = await newStack();
  await installed();
  expect(await madeWith()).toBe(before);
  expect(await stack.preview()).toEqual({});
});
