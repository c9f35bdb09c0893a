/** The stack's certificates with cert-manager's real controllers, under the rights that the lab gives them: Ready, for the right names, by the right authority. */
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeAuthority } from "../docker/certificates.js";
import { getPrograms } from "../lab/kubernetes/binaries.js";
import { certManagerName, certManagerNamespace, certManagerObjects, issuerName } from "../lab/kubernetes/cert-manager.js";
import { sourceFolder } from "../lab/kubernetes/modules.js";
import { sources } from "../lab/kubernetes/programs.js";
import { KubernetesApi } from "../testing/kubernetes/api.js";
import { certificates } from "./certificates.js";
import { certificateNames } from "./names.js";
import { readProdSettings, type ProdInput } from "./settings.js";

const NAMESPACE = "warren-broker";
let api: KubernetesApi;
let authority: string;

const list = (items: readonly object[]): string => JSON.stringify({ apiVersion: "v1", kind: "List", items });
const apply = (items: readonly object[]): Promise<string> =>
  api.ask(["apply", "--server-side", "--validate=strict", "-f", "-"], list(items));

beforeAll(async () => {
  api = await KubernetesApi.start();
  await api.ask(["apply", "--server-side", "-f", join(await sourceFolder(sources.certManager.module), "deploy/crds")]);
  await api.ask(["wait", "crd", "--all", "--for=condition=Established", "--timeout=60s"]);
  const made = await makeAuthority("Test issuer", 30);
  authority = made.cert;
  const objects = certManagerObjects("lab/cert-manager:1", 65_532, made);
  await apply(objects.filter(({ kind }) => kind === "Namespace"));
  await apply(objects.filter(({ kind }) => kind !== "Namespace"));
  await api.ask(["create", "namespace", NAMESPACE]);
  const folder = (await getPrograms(sources.certManager, console.log)).value;
  api.run(join(folder, "controller"), ["-kubeconfig", await api.kubeconfigOf(certManagerNamespace, certManagerName)]);
}, 30 * 60_000);
afterAll(async () => {
  await api?.stop();
});

interface Issued {
  readonly certificate: X509Certificate;
  readonly authority: X509Certificate;
  readonly key: string;
}

async function issued(name: string): Promise<Issued> {
  const secret = JSON.parse(await api.ask(["get", "secret", name, "--namespace", NAMESPACE, "--output=json"])) as {
    readonly data: Readonly<Record<string, string>>;
  };
  const text = (key: string): string => Buffer.from(secret.data[key] ?? "", "base64").toString();
  return { certificate: new X509Certificate(text("tls.crt")), authority: new X509Certificate(text("ca.crt")), key: text("tls.key") };
}

async function made(input: ProdInput): Promise<Issued> {
  const settings = readProdSettings(input);
  const objects = certificates(settings);
  await apply(objects);
  for (const { kind, metadata } of objects)
    await api.ask([
      "wait",
      `${kind.toLowerCase()}s.cert-manager.io/${metadata.name}`,
      "--namespace",
      NAMESPACE,
      "--for=condition=Ready",
      "--timeout=55s",
    ]);
  const all = await issued(settings.tls.secret);
  const names = (all.certificate.subjectAltName ?? "").split(", ").map((name) => name.replace(/^DNS:/, ""));
  expect(names.sort()).toEqual(certificateNames(settings.cluster.name, NAMESPACE).sort());
  expect(all.certificate.verify(all.authority.publicKey)).toBe(true);
  expect(all.certificate.ca).toBe(false);
  expect(all.key).toMatch(/^-----BEGIN (EC )?PRIVATE KEY-----/);
  const days = (Date.parse(all.certificate.validTo) - Date.parse(all.certificate.validFrom)) / 86_400_000;
  expect(days).toBeCloseTo(settings.tls.days, 1);
  return all;
}

test("by an authority of the stack's own", async () => {
  const { authority: own } = await made({});
  expect(own.ca).toBe(true);
  expect(own.subject).toBe("CN=rabbitmq authority");
});

test("by an issuer of the whole cluster, and for as long as is said", async () => {
  const input: ProdInput = { tls: { secret: "by-issuer", days: 20, issuer: { name: issuerName } } };
  expect((await made(input)).authority.fingerprint256).toBe(new X509Certificate(authority).fingerprint256);
});

test("is made anew when its names change, in the same Secret", async () => {
  const before = await issued("broker-tls");
  const [server] = certificates(readProdSettings({})).filter(({ metadata }) => metadata.name === "broker-tls");
  const spec = server?.["spec"] as { readonly dnsNames: readonly string[] };
  await apply([{ ...server, spec: { ...spec, dnsNames: [...spec.dnsNames, "more.example"] } }]);
  const deadline = Date.now() + 55_000;
  let after = before;
  while (after.certificate.serialNumber === before.certificate.serialNumber && Date.now() < deadline) after = await issued("broker-tls");
  expect(after.certificate.subjectAltName).toContain("more.example");
  expect(after.authority.fingerprint256).toBe(before.authority.fingerprint256);
});
