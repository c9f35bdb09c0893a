// What an update of a stack in Kubernetes is refused for before anything is registered.
import { describe, expect, test } from "vitest";
import { readProdSettings } from "../k8s/settings.js";
import { ownType } from "../provision/own/resource.js";
import { managedIn } from "../provision/managed.js";
import { refuseOtherPlace, refuseOtherWay, refuseSmaller } from "./same-cluster.js";

const settings = (given: object = {}): ReturnType<typeof readProdSettings> => readProdSettings(given);
const state = (uid?: string): ReturnType<typeof managedIn> =>
  managedIn({
    "urn:pulumi:prod::p::kubernetes:rabbitmq.com/v1beta1:RabbitmqCluster::c": {
      type: "kubernetes:rabbitmq.com/v1beta1:RabbitmqCluster",
      outputs: { metadata: { namespace: "warren-broker", name: "rabbitmq", uid: "of the object" }, spec: { replicas: 3 } },
    },
    "urn:pulumi:prod::p::ready::r": {
      type: ownType("ready"),
      outputs: { spec: { broker: "b", ...(uid === undefined ? {} : { kubernetes: uid }) } },
    },
  });
const here = { stack: "prod", context: "prod-eu", uid: "a" };

describe("another place for the broker", () => {
  test("the same one, a stack without one, and a cluster that cannot be seen", () => {
    expect(state("a").inKubernetes).toEqual({ namespace: "warren-broker", name: "rabbitmq", wasReady: true, uid: "a" });
    for (const managed of [state("a"), state(), managedIn({}), undefined])
      expect(() => refuseOtherPlace(managed, settings(), here)).not.toThrow();
    expect(() => refuseOtherPlace(state("a"), settings(), { ...here, uid: undefined })).not.toThrow();
  });

  test.each([{ cluster: { name: "other" } }, { namespaces: { broker: "other" } }])("%j", (given) => {
    const now = "broker" in (given.namespaces ?? {}) ? "other/rabbitmq" : "warren-broker/other";
    expect(() => refuseOtherPlace(state("a"), settings(given), here)).toThrow(
      `broker is RabbitmqCluster warren-broker/rabbitmq, and warren:kubernetes says ${now}: that one would be made, empty, and the other deleted with its messages.`,
    );
  });

  test("another Kubernetes cluster behind the context", () => {
    expect(() => refuseOtherPlace(state("b"), settings(), here)).toThrow(/in another Kubernetes cluster than the one of context "prod-eu"/);
  });
});

test("what the operator would leave undone", () => {
  const refused =
    (live: object, given: object = {}) =>
    () =>
      refuseSmaller({ nodes: undefined, storage: undefined, ...live }, settings(given));
  expect(refused({ nodes: 3, storage: "10Gi" })).not.toThrow();
  expect(refused({ nodes: 5 }, { cluster: { nodes: 3 } })).toThrow("has 5 nodes, and warren:kubernetes.cluster.nodes says 3");
  expect(refused({ nodes: 3 }, { cluster: { nodes: 5 } })).not.toThrow();
  expect(refused({ storage: "20Gi" }, { cluster: { storage: { size: "10Gi" } } })).toThrow("a volume does not shrink");
  expect(refused({ storage: "10Gi" }, { cluster: { storage: { size: "20Gi" } } })).not.toThrow();
});

test("the other way of provisioning", () => {
  const ways = new Set(["operator"] as const);
  expect(() => refuseOtherWay({ ways }, { provision: "operator" }, "prod")).not.toThrow();
  expect(() => refuseOtherWay({ ways }, { provision: "management" }, "prod")).toThrow(/provision "operator", and now it says "management"/);
});
