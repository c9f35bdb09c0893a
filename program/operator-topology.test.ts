// What the program registers for the messaging topology operator: the objects of the plan one by one, each with its wait, its order, its guards and its Secret.
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import { keyOf } from "../k8s/objects.js";
import { prod } from "../k8s/prod.js";
import { readProdSettings } from "../k8s/settings.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { Topology } from "../topology/model.js";
import { systems } from "../topology/systems/index.js";
import { OperatorTopology } from "./operator-topology.js";

type Monitor = NonNullable<ReturnType<typeof pulumi.runtime.getMonitor>>;
type Request = Parameters<Monitor["registerResource"]>[0];
type Answer = (error: unknown, response: unknown) => void;

/** The mark that the SDK puts on a secret. */
const SECRET = "4dabf18193072939515e22adb298388d";
let requests: Request[] = [];
let inputs: Record<string, Record<string, unknown>> = {};

beforeEach(async () => {
  [requests, inputs] = [[], {}];
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs: given }) => {
      inputs[name] = given as Record<string, unknown>;
      return { id: name, state: { ...(given as object), password: "generated" } };
    },
    call: () => ({}),
  });
  const monitor = pulumi.runtime.getMonitor() as Monitor;
  const register = monitor.registerResource.bind(monitor) as unknown as (request: Request, answer: Answer) => Promise<void>;
  Object.assign(monitor, {
    registerResource: (request: Request, answer: Answer) => {
      requests.push(request);
      return register(request, answer);
    },
    registerResourceHook: (_request: unknown, answer: Answer) => answer(null, {}),
  });
});

const settled = (): Promise<void> => (pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> }).waitForRPCs();
const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";

async function registered(system: Topology) {
  const settings = readProdSettings({ provision: "operator" });
  const { byOperator } = prod({ topologies: [system] }, settings, { environment: "prod" });
  if (!byOperator) throw new Error("there is no such part");
  const plan = compileInstallation({ topologies: [system] }, "prod");
  const provider = new kubernetes.Provider("kubernetes", { context: "test" });
  const namespace = new kubernetes.core.v1.Namespace("namespace", {}, { provider });
  const [first] = byOperator.logins;
  const topology = new OperatorTopology("topology", {
    ...{ plan, part: byOperator, provider, namespace, secrets: {}, allowDataLoss: false },
    passwords: first ? { [first.user]: "given" } : {},
    broker: { endpoint: "http://127.0.0.1:9", username: "u", password: "p" },
    isGone: () => Promise.resolve(false),
    release: () => Promise.resolve(),
  });
  await settled();
  return { part: byOperator, topology };
}

describe.each(Object.entries(systems))("%s", (_, system) => {
  it("is registered object by object, as the stack's objects have it, each waited for and deleted with its namespace", async () => {
    const { part } = await registered(system);
    const made = requests.filter((request) => request.getType().startsWith("kubernetes:rabbitmq.com/"));
    expect(made.map((request) => request.getName()).sort()).toEqual(part.objects.map(keyOf).sort());
    for (const object of part.objects)
      expect(inputs[keyOf(object)]).toMatchObject({
        ...object,
        metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, "pulumi.com/waitFor": "condition=Ready" } },
      });
    for (const request of made) {
      expect(nameOf(request.getDeletedwith())).toBe("namespace");
      expect([request.getDeletebeforereplace(), request.getReplaceonchangesList()[0]]).toEqual([true, "spec.rabbitmqClusterReference"]);
    }
    const queues = made.filter((request) => request.getType().endsWith(":Queue"));
    expect(queues.length).toBeGreaterThan(0);
    for (const queue of queues)
      expect(queue.getHooks()?.getBeforeDeleteList()).toEqual(["warren-queue-delete", "warren-operator-queue-delete"]);
  });

  it("has a Secret for each user, in which a given password stands or a generated one, and with which the user is made anew", async () => {
    const { part, topology } = await registered(system);
    const passwords = await new Promise<Record<string, string>>((resolve) => void topology.passwords.apply(resolve));
    for (const [at, { name, namespace, user }] of part.logins.entries()) {
      const key = keyOf({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace } });
      const password = at === 0 ? "given" : "generated";
      expect(passwords[user]).toBe(password);
      expect(inputs[key]).toMatchObject({
        immutable: true,
        stringData: { [SECRET]: expect.any(String) as string, value: { username: user, password } },
      });
      const object = part.objects.find(({ kind, metadata }) => kind === "User" && metadata.annotations?.["warren/user"] === user);
      const request = requests.find((one) => object && one.getName() === keyOf(object));
      expect(request?.getReplaceWithList().map(nameOf)).toEqual([key]);
    }
    const guard = requests.find((one) => one.getName().startsWith("guard/"));
    const before = new Set(guard?.getDependenciesList().map(nameOf));
    expect(part.objects.map(keyOf).filter((key) => !before.has(key))).toEqual([]);
    expect(guard?.getHooks()?.getBeforeDeleteList()).toEqual(["warren-guard-delete"]);
  });
});
