// How a broker in Kubernetes is found, and what is said where its Secrets are not what is needed; the API's answers are played.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { makeAuthority, makeServer } from "../docker/certificates.js";
import { brokerHost, nodeHosts } from "../k8s/names.js";
import { readProdSettings } from "../k8s/settings.js";
import { authorityIn, clusterUid, liveCluster, type AccessOptions, type LiveCluster } from "./kubernetes-access.js";

const CLUSTER = "/apis/rabbitmq.com/v1beta1/namespaces/warren-broker/rabbitmqclusters/rabbitmq";
const secretAt = (name: string): string => `/api/v1/namespaces/warren-broker/secrets/${name}`;
const encoded = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
const USER = { data: encoded({ username: "admin", password: "geheim" }) };
const ready = [{ type: "AllReplicasReady", status: "True" }];
const cluster = (status: object = { conditions: ready }): object => ({
  spec: { replicas: 3, persistence: { storage: "10Gi" }, tls: { secretName: "broker-tls" } },
  status,
});

const hosts = [brokerHost("rabbitmq", "warren-broker"), ...nodeHosts("rabbitmq", "warren-broker", 3)];
let data: Readonly<Record<string, string>>;
let authority: Awaited<ReturnType<typeof makeAuthority>>;
beforeAll(async () => {
  authority = await makeAuthority("test", 1);
  const { cert, key } = await makeServer(
    authority,
    [...hosts, "localhost"].map((host) => `DNS:${host}`),
    1,
  );
  data = encoded({ "tls.crt": cert, "tls.key": key, "ca.crt": authority.cert });
});

/** @param answers by path; a number is a status code, what is not there 404 */
async function api(answers: Readonly<Record<string, object | number>>): Promise<KubeConfig> {
  const server = createServer(({ url = "" }, response) => {
    const answer = answers[url] ?? 404;
    const code = typeof answer === "number" ? answer : 200;
    response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(code === 200 ? answer : { kind: "Status", code }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: "test", skipTLSVerify: true, server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    { name: "me" },
  );
  return config;
}

const look = async (
  answers: Parameters<typeof api>[0],
  given: object = {},
  options: AccessOptions = { forwarded: true },
): Promise<LiveCluster | undefined> => liveCluster(await api(answers), readProdSettings(given), options);

const all = (): Parameters<typeof api>[0] => ({
  [CLUSTER]: cluster(),
  [secretAt("rabbitmq-default-user")]: USER,
  [secretAt("broker-tls")]: { data },
});

test("one that runs, with how it is spoken to; none", async () => {
  expect(await look(all())).toEqual({
    ...{ nodes: 3, storage: "10Gi", failing: undefined },
    access: { username: "admin", password: "geheim", ca: authority.cert },
  });
  expect(await look({})).toBeUndefined();
});

test("authorities that are trusted beside its own", async () => {
  const next = await makeAuthority("next", 1);
  const access = (await look(all(), {}, { forwarded: true, authorities: [next.cert] }))?.access;
  expect(access?.ca).toBe(authority.cert + next.cert);
});

test("another Secret in the configuration: the certificate is the one that the broker has now", async () => {
  expect((await look(all(), { tls: { secret: "next" } }))?.access?.ca).toBe(authority.cert);
});

test.each(["rabbitmq-default-user", "broker-tls"])(
  "a broker that runs without %s is not taken for one that is gone, or is being made",
  async (name) => {
    const { [secretAt(name)]: _, ...rest } = all();
    await expect(look(rest)).rejects.toThrow(`is there, and not its Secret ${name}: it cannot be asked what it holds`);
    const started = { ...rest, [CLUSTER]: cluster({ conditions: [{ type: "AllReplicasReady", status: "False" }] }) };
    expect((await look(started))?.access).toBeUndefined();
    await expect(look(started, {}, { forwarded: true, wasReady: true })).rejects.toThrow(name);
  },
);

test("what the operator could not do", async () => {
  const conditions = [...ready, { type: "ReconcileSuccess", status: "False", message: "Cluster Scale down not supported" }];
  expect((await look({ ...all(), [CLUSTER]: cluster({ conditions }) }))?.failing).toBe("Cluster Scale down not supported");
});

test("who may not read is told which right is missing", async () => {
  await expect(look({ ...all(), [secretAt("broker-tls")]: 403 })).rejects.toThrow(
    /it answers 403[^]*kubectl auth can-i get secrets -n warren-broker/,
  );
});

test("a certificate that lacks a key, a name, or is none", async () => {
  const { "ca.crt": _, ...without } = data;
  expect(() => authorityIn(without, "n/s", hosts)).toThrow("Secret n/s, with the broker's certificate, has no ca.crt.");
  expect(() => authorityIn(encoded({ "tls.crt": "PEM", "tls.key": "k", "ca.crt": "c" }), "n/s", hosts)).toThrow("no certificate in PEM");
  const { cert } = await makeServer(authority, [`DNS:${hosts[0]}`], 1);
  const narrow = { ...data, ...encoded({ "tls.crt": cert }) };
  expect(() => authorityIn(narrow, "n/s", ["localhost", ...hosts])).toThrow(`not for localhost, ${hosts.slice(1).join(", ")}`);
  expect(authorityIn(narrow, "n/s", hosts.slice(0, 1))).toBe(authority.cert);
});

test("the cluster's identity; who may not see it has none", async () => {
  const at = "/api/v1/namespaces/kube-system";
  expect(await clusterUid(await api({ [at]: { metadata: { uid: "u" } } }))).toBe("u");
  expect(await clusterUid(await api({ [at]: 403 }))).toBeUndefined();
  await expect(clusterUid(await api({ [at]: 500 }))).rejects.toThrow("it answers 500");
});
