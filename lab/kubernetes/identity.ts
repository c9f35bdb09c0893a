/** Who is who in the cluster: its authorities and certificates, the tokens of its components, and a kubeconfig for each. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Certificate, makeAuthority, makeClient, makeServer } from "../../docker/certificates.js";
import { apiServer, contextName, kubeconfigFile, MAX_NODES, nodeAddress, nodeName, services, stateFolder } from "./layout.js";

const DAYS = 365;
const HOST_NAMES = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];

/** The user that the API server is to the kubelets; a binding lets it in. */
export const apiServerUser = "warren-lab-apiserver";
export const frontProxyUser = "front-proxy-client";

/** Component to its user and groups, as Kubernetes' own roles expect them. */
const users: Readonly<Record<string, { readonly user: string; readonly groups?: readonly string[] }>> = {
  admin: { user: "warren-lab-admin", groups: ["system:masters"] },
  controllers: { user: "system:kube-controller-manager" },
  scheduler: { user: "system:kube-scheduler" },
  proxy: { user: "system:kube-proxy" },
  provisioner: { user: "warren-lab-provisioner" },
  kwok: { user: "warren-lab-kwok" },
  ...Object.fromEntries(
    Array.from({ length: MAX_NODES }, (_, at) => nodeName(at + 1)).map((name) => [
      name,
      { user: `system:node:${name}`, groups: ["system:nodes"] },
    ]),
  ),
};

const folder = (): string => join(stateFolder(), "identity");
/** A file of it by name: `ca.crt`, `apiserver.key`, `tokens.csv`, `admin.kubeconfig`. */
export const identityFile = (name: string): string => join(folder(), name);

/** Makes everything once; a cluster that runs keeps what it has. */
export async function makeIdentity(): Promise<void> {
  if (existsSync(identityFile("complete"))) return;
  mkdirSync(folder(), { recursive: true, mode: 0o700 });
  const [ca, frontProxy] = await Promise.all([makeAuthority("Warren lab", DAYS), makeAuthority("Warren lab front proxy", DAYS)]);
  const names = [...HOST_NAMES.map((name) => `DNS:${name}`), "IP:127.0.0.1", `IP:${services.api}`];
  const pairs: readonly [string, Certificate][] = [
    ["ca", ca],
    ["front-proxy-ca", frontProxy],
    ["apiserver", await makeServer(ca, names, DAYS)],
    ["kubelet-client", await makeClient(ca, apiServerUser, DAYS)],
    ["front-proxy-client", await makeClient(frontProxy, frontProxyUser, DAYS)],
  ];
  for (const [name, { cert, key }] of pairs) {
    write(`${name}.crt`, cert);
    write(`${name}.key`, key);
  }
  for (let index = 1; index <= MAX_NODES; index++) {
    const { cert, key } = await makeServer(ca, [`IP:${nodeAddress(index)}`, `DNS:${nodeName(index)}`], DAYS);
    write(`${nodeName(index)}.crt`, cert);
    write(`${nodeName(index)}.key`, key);
  }
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  write("service-accounts.pub", publicKey.export({ type: "spki", format: "pem" }));
  write("service-accounts.key", privateKey.export({ type: "pkcs8", format: "pem" }));
  const tokens = Object.entries(users).map(([name, { user, groups = [] }]) => {
    const token = randomBytes(24).toString("base64url");
    write(`${name}.kubeconfig`, kubeconfig(name, token, ca.cert));
    return `${token},${user},${name}${groups.length > 0 ? `,"${groups.join(",")}"` : ""}`;
  });
  write("tokens.csv", `${tokens.join("\n")}\n`);
  write("complete", "");
}

/** Signs what cert-manager's issuer of the lab gives out. Of its own: who has it must not become a user of the cluster. Made once. */
export async function issuingAuthority(): Promise<Certificate> {
  const files = { cert: identityFile("issuer.crt"), key: identityFile("issuer.key") };
  if (!existsSync(files.key)) {
    const { cert, key } = await makeAuthority("Warren lab issuer", DAYS);
    write("issuer.crt", cert);
    write("issuer.key", key);
  }
  return { cert: readFileSync(files.cert, "utf8"), key: readFileSync(files.key, "utf8") };
}

function write(name: string, content: string | Buffer): void {
  writeFileSync(identityFile(name), content, { mode: 0o600 });
}

/** For this checkout's users. Gives the file. */
export function publishKubeconfig(): string {
  const file = kubeconfigFile();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, readFileSync(identityFile("admin.kubeconfig")), { mode: 0o600 });
  return file;
}

/** Text of a kubeconfig with one context. */
export function kubeconfig(user: string, token: string, ca: string): string {
  return `${JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": contextName,
      clusters: [{ name: contextName, cluster: { server: apiServer, "certificate-authority-data": Buffer.from(ca).toString("base64") } }],
      users: [{ name: user, user: { token } }],
      contexts: [{ name: contextName, context: { cluster: contextName, user } }],
    },
    undefined,
    2,
  )}\n`;
}
