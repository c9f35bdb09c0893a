// The pure parts of the lab's cluster: modules, names, rules, mounts, manifests, configurations.
import fc from "fast-check";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { WarrenError } from "../../topology/errors.js";
import { dnsObjects } from "./base-objects.js";
import { kubernetes } from "./command.js";
import { flags } from "./control-plane.js";
import { selectMounts } from "./host.js";
import { kubeconfig } from "./identity.js";
import { fullName } from "./images.js";
import { kwokNodes } from "./kwok.js";
import { MAX_NODES, nodeAddress, podBridge, podRangeOf, services, zoneName } from "./layout.js";
import { fitDeployment, parseManifests } from "./manifests.js";
import { goMod } from "./modules.js";
import { kubeRemovals } from "./network.js";
import { containerdConfig, kubeletConfig, networksOf, proxyConfig } from "./node.js";
import { statusText } from "./status.js";

describe("a go.mod that builds a module's program", () => {
  const own = `module k8s.io/kubernetes

go 1.26.0

replace (
	k8s.io/api => ./staging/src/k8s.io/api
	example.org/beside => ../beside
)

// one of its own
replace example.org/a v0.1.0 => example.org/b v0.2.0
replace example.org/c => ./FORBIDDEN
`;
  const text = goMod({ path: "k8s.io/kubernetes", version: "1.36.3" }, own);

  test("requires it, in the Go that it is written for", () => {
    expect(text).toContain("\ngo 1.26.0\n");
    expect(text).toContain("\nrequire k8s.io/kubernetes v1.36.3\n");
  });
  test("takes the staging folders as they are published", () => expect(text).toContain("\nreplace k8s.io/api => k8s.io/api v0.36.3\n"));
  test("replaces what the module replaces by other modules", () =>
    expect(text).toContain("\nreplace example.org/a => example.org/b v0.2.0\n"));
  test("knows nothing of folders that are not published", () => expect(text).not.toMatch(/beside|FORBIDDEN|\.\//));
});

test("an image has the name that containerd gives it", () => {
  expect(fullName("rabbitmq:4.3")).toBe("docker.io/library/rabbitmq:4.3");
  expect(fullName("warren/worker:1")).toBe("docker.io/warren/worker:1");
  expect(fullName("example.org/a/b:1")).toBe("example.org/a/b:1");
  expect(fullName("localhost:5000/b:1")).toBe("localhost:5000/b:1");
});

describe("what is left of kube-proxy and the kubelet", () => {
  const saved = [
    "-P FORWARD DROP",
    "-N DOCKER",
    "-N KUBE-FORWARD",
    "-N KUBE-FIREWALL",
    '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
    "-A FORWARD -o docker0 -j DOCKER",
    '-A KUBE-FORWARD -m comment --comment "a \\"quoted\\" one" -j KUBE-FIREWALL',
    "",
  ].join("\n");

  test("goes: jumps first, then what is in the chains, then the chains", () =>
    expect(kubeRemovals(saved)).toEqual([
      ["-D", "FORWARD", "-m", "comment", "--comment", "kubernetes forwarding rules", "-j", "KUBE-FORWARD"],
      ["-F", "KUBE-FORWARD"],
      ["-F", "KUBE-FIREWALL"],
      ["-X", "KUBE-FORWARD"],
      ["-X", "KUBE-FIREWALL"],
    ]));
  test("and nothing of anybody else", () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom("-N DOCKER", "-A FORWARD -j DOCKER", "-A DOCKER -j RETURN", "-P INPUT ACCEPT")), (lines) => {
        expect(kubeRemovals(lines.join("\n"))).toEqual([]);
      }),
    ));
});

test("mounts below the cluster's folders are found, the innermost first, and no others", () => {
  const targets = "/\n/run/lab\n/run/lab/a\n/run/lab/a/b\\x20c\n/run/labels\n/home/lab\n";
  expect(selectMounts(targets, ["/run/lab"])).toEqual(["/run/lab/a/b c", "/run/lab/a", "/run/lab"]);
});

test("a container tells the pod's network that it is in, and one without a name is nobody's to remove", () => {
  const info = (namespaces: object[]): string => JSON.stringify({ ID: "a", Spec: { linux: { namespaces } } });
  expect(networksOf(info([{ type: "pid" }, { type: "network", path: "/var/run/netns/cni-1" }]))).toEqual(["/var/run/netns/cni-1"]);
  expect(
    networksOf(
      info([
        { type: "network", path: "/proc/1/ns/net" },
        { type: "ipc", path: "/var/run/netns/x" },
      ]),
    ),
  ).toEqual([]);
  expect(networksOf("")).toEqual([]);
});

describe("a manifest's Deployment", () => {
  const text = `kind: Deployment
metadata: {name: a}
spec: {template: {spec: {containers: [{image: far/away:1, imagePullPolicy: Always, readinessProbe: {initialDelaySeconds: 20}}]}}}
---
kind: Service
metadata: {name: a}
---
`;
  const objects = parseManifests(text);
  interface Fitted {
    readonly spec: { readonly template: { readonly spec: { readonly containers: readonly object[] } } };
  }

  test("is read with all that stands beside it", () => expect(objects.map(({ kind }) => kind)).toEqual(["Deployment", "Service"]));
  test("gets the lab's image, which nothing pulls", () => {
    const [deployment, service] = fitDeployment(objects, "a", "lab/a:1") as unknown as [Fitted, object];
    expect(deployment.spec.template.spec.containers).toEqual([
      { image: "lab/a:1", imagePullPolicy: "IfNotPresent", readinessProbe: { initialDelaySeconds: 1, periodSeconds: 2 } },
    ]);
    expect(service).toBe(objects[1]);
  });
  test("leaves what was read as it was", () => expect(JSON.stringify(objects)).toContain("far/away:1"));
  test("has to be there", () => expect(() => fitDeployment(objects, "b", "lab/b:1")).toThrow("no Deployment b"));
});

describe("nodes", () => {
  const indexes = Array.from({ length: MAX_NODES }, (_, at) => at + 1);
  test("have addresses, bridges, ranges and zones of their own", () => {
    for (const of of [nodeAddress, podBridge, podRangeOf, zoneName])
      expect(new Set(indexes.map((index) => of(index))).size).toBe(MAX_NODES);
  });
  test("have bridges whose names the kernel takes", () => expect(indexes.every((index) => podBridge(index).length <= 15)).toBe(true));
  test("let nobody in who is not known", () => {
    expect(kubeletConfig(1, "/state")).toMatchObject({
      readOnlyPort: 0,
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
      authorization: { mode: "Webhook" },
    });
  });
  test("ask the DNS where it is", () => {
    expect(kubeletConfig(1, "/state")).toMatchObject({ clusterDNS: [services.dns] });
    const service = dnsObjects("1").find(({ kind }) => kind === "Service");
    expect(service?.["spec"]).toMatchObject({ clusterIP: services.dns });
  });
  test("are served by one kube-proxy", () =>
    expect(proxyConfig(2)).toMatchObject({ nodePortAddresses: [`${nodeAddress(1)}/32`, `${nodeAddress(2)}/32`] }));
  test("have a containerd each", () => {
    expect(containerdConfig(2, "/state/node2", "/cni", "/runc")).toContain('root = "/state/node2/containerd"');
    expect(containerdConfig(2, "/s", "/cni", "/runc")).not.toBe(containerdConfig(1, "/s", "/cni", "/runc"));
  });
  test("of kwok stand in the zones of the real ones, and take only pods that are meant for them", () => {
    const zones = (real: number): unknown[] => kwokNodes(7, real).map(({ metadata }) => metadata.labels?.["topology.kubernetes.io/zone"]);
    expect(new Set(zones(1))).toEqual(new Set(["lab-a"]));
    expect(new Set(zones(3)).size).toBe(3);
    expect(kwokNodes(1, 1)[0]?.["spec"]).toMatchObject({ taints: [{ effect: "NoSchedule" }] });
  });
});

test("flags are written as Kubernetes reads them", () =>
  expect(flags({ a: "b c", d: 1, e: false })).toEqual(["--a=b c", "--d=1", "--e=false"]));

test("the kubeconfig has one context, which is the current one", () => {
  const config = parse(kubeconfig("admin", "secret", "PEM")) as Record<string, unknown>;
  expect(config["current-context"]).toBe("warren-lab");
  expect(config["contexts"]).toEqual([{ name: "warren-lab", context: { cluster: "warren-lab", user: "admin" } }]);
});

describe("the command", () => {
  const wrong = (options: object): Promise<number> => kubernetes({ operators: true, ...options });
  test.each([
    [{ nodes: "4" }, "--nodes 4"],
    [{ nodes: "x" }, "--nodes x"],
    [{ kwok: "0" }, "--kwok 0"],
    [{ down: true, status: true }, "exclude"],
    [{ with: "cert-manager,kafka" }, "--with kafka"],
    [{ with: "cert-manager", operators: false }, "exclude"],
  ])("refuses %j", async (options, said) => {
    const error = await wrong(options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WarrenError);
    expect((error as WarrenError).message).toContain(said);
    expect((error as WarrenError).exitCode).toBe(2);
  });
  test("says what to do where no cluster runs", () => {
    const status = { running: false, kubeconfig: "/k", context: "warren-lab", kubectl: "/kubectl", nodes: {}, processes: {} };
    expect(statusText(status)).toContain("npm run lab:kubernetes");
    expect(statusText({ ...status, processes: { etcd: false } })).toContain("--down");
  });
  test("names what has ended in a running one", () => {
    const status = {
      running: true,
      kubeconfig: "/k",
      context: "warren-lab",
      kubectl: "/kubectl",
      nodes: { node1: true },
      processes: { proxy: false },
    };
    expect(statusText(status)).toMatch(/node1 Ready[^]*ended +proxy/);
  });
});
