// Through which provider an operator's manifests are registered, in which order, and what stays of them.
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, expect, test, vi } from "vitest";
import { keyOf, type KubernetesObject } from "../k8s/objects.js";
import { registerManifests } from "./kubernetes-objects.js";
import { ownProvider } from "./kubernetes-providers.js";

type Monitor = NonNullable<ReturnType<typeof pulumi.runtime.getMonitor>>;
type Request = Parameters<Monitor["registerResource"]>[0];
type Answer = (error: unknown, response: unknown) => void;

let requests: Request[] = [];
let inputs: Record<string, Record<string, unknown>> = {};

beforeEach(async () => {
  [requests, inputs] = [[], {}];
  vi.stubEnv("KUBECONFIG", "/home/one/.kube/config");
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs: given }) => {
      inputs[name] = given as Record<string, unknown>;
      return { id: name, state: given as object };
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
  });
});

const settled = (): Promise<void> => (pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> }).waitForRPCs();
const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";
/** A provider is named by its URN and its id, here its name. */
const providerOf = (request: Request): string => nameOf(request.getProvider());
const object = (apiVersion: string, kind: string, name: string): KubernetesObject => ({ apiVersion, kind, metadata: { name }, spec: {} });

const NAMESPACE = object("v1", "Namespace", "rabbitmq-system");
const KIND = object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "rabbitmqclusters.rabbitmq.com");
const OPERATOR = object("apps/v1", "Deployment", "operator");

async function registered(objects: readonly KubernetesObject[]): Promise<Record<string, Request>> {
  const made = registerManifests(objects, { provider: ownProvider("test"), context: "test" });
  await settled();
  expect(made).toHaveLength(objects.length);
  return Object.fromEntries(requests.map((request) => [request.getName(), request]));
}

test("kinds alone stay behind, so they alone are taken over where they are there, whoever set their fields", async () => {
  const made = await registered([OPERATOR, KIND, NAMESPACE]);
  const of = [NAMESPACE, KIND, OPERATOR].map((one) => made[keyOf(one)] as Request);
  expect(of.map(providerOf)).toEqual(["kubernetes", "kubernetes-kinds", "kubernetes"]);
  expect(of.map((request) => request.getRetainondelete())).toEqual([false, true, false]);
  expect(of.map((request) => request.getDependenciesList().map(nameOf))).toEqual([[], [keyOf(NAMESPACE)], [keyOf(NAMESPACE), keyOf(KIND)]]);
  expect(inputs["kubernetes"]).toEqual({ context: "test" });
  expect(inputs["kubernetes-kinds"]).toEqual({ context: "test", upsertExistingObjects: "true", enablePatchForce: "true" });
  expect(process.env["KUBECONFIG"]).toBe("/home/one/.kube/config");
});

test("without kinds there is no provider for them", async () => {
  expect(Object.keys(await registered([NAMESPACE, OPERATOR])).sort()).toEqual(["kubernetes", keyOf(NAMESPACE), keyOf(OPERATOR)].sort());
});
