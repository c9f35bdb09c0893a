/** etcd, the API server, the controllers and the scheduler, on this machine's loopback. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { programFolder } from "./binaries.js";
import { startDaemon, waitFor } from "./daemons.js";
import { frontProxyUser, identityFile } from "./identity.js";
import { tryKubectl } from "./kubectl.js";
import { ports, services, stateFolder } from "./layout.js";
import { sources } from "./programs.js";

const LOOPBACK = "127.0.0.1";
const etcd = `http://${LOOPBACK}:${ports.etcd}`;
const program = (name: string): string => join(programFolder(sources.kubernetes), name);

/** `{ "secure-port": "1" }` -> `["--secure-port=1"]` */
export function flags(values: Readonly<Record<string, string | number | boolean>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

export async function startControlPlane(): Promise<void> {
  const data = join(stateFolder(), "etcd");
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const peers = `http://${LOOPBACK}:${ports.etcdPeers}`;
  startDaemon({
    name: "etcd",
    program: join(programFolder(sources.etcd), "etcd"),
    args: flags({
      "data-dir": data,
      "listen-client-urls": etcd,
      "advertise-client-urls": etcd,
      "listen-peer-urls": peers,
      "initial-advertise-peer-urls": peers,
      "initial-cluster": `default=${peers}`,
      // A cluster that is thrown away need not outlive a power cut, and disks are slow.
      "unsafe-no-fsync": true,
      "log-level": "error",
    }),
  });
  startDaemon({ name: "apiserver", program: program("kube-apiserver"), args: apiServerFlags() });
  await waitFor("apiserver", 120, async () => (await tryKubectl(["get", "--raw", "/readyz"])).code === 0);
  startDaemon({
    name: "controllers",
    program: program("kube-controller-manager"),
    args: flags({
      kubeconfig: identityFile("controllers.kubeconfig"),
      "service-account-private-key-file": identityFile("service-accounts.key"),
      "root-ca-file": identityFile("ca.crt"),
      "cluster-signing-cert-file": identityFile("ca.crt"),
      "cluster-signing-key-file": identityFile("ca.key"),
      "use-service-account-credentials": true,
      "leader-elect": false,
      "allocate-node-cidrs": false,
      "bind-address": LOOPBACK,
      "secure-port": ports.controllers,
      // Autoscaling is watched here: three times as often as by default, and a pod's CPU counts half a minute after its start.
      "horizontal-pod-autoscaler-sync-period": "5s",
      "horizontal-pod-autoscaler-cpu-initialization-period": "30s",
    }),
  });
  startDaemon({
    name: "scheduler",
    program: program("kube-scheduler"),
    args: flags({
      kubeconfig: identityFile("scheduler.kubeconfig"),
      "leader-elect": false,
      "bind-address": LOOPBACK,
      "secure-port": ports.scheduler,
    }),
  });
}

function apiServerFlags(): string[] {
  return flags({
    "etcd-servers": etcd,
    "bind-address": LOOPBACK,
    "advertise-address": LOOPBACK,
    "secure-port": ports.api,
    "service-cluster-ip-range": services.range,
    // Loopback is no address that a pod could reach; a rule of the lab leads the service's address there.
    "endpoint-reconciler-type": "none",
    "tls-cert-file": identityFile("apiserver.crt"),
    "tls-private-key-file": identityFile("apiserver.key"),
    "client-ca-file": identityFile("ca.crt"),
    "token-auth-file": identityFile("tokens.csv"),
    "authorization-mode": "Node,RBAC",
    "enable-admission-plugins": "NodeRestriction",
    "allow-privileged": true,
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-key-file": identityFile("service-accounts.pub"),
    "service-account-signing-key-file": identityFile("service-accounts.key"),
    "kubelet-certificate-authority": identityFile("ca.crt"),
    "kubelet-client-certificate": identityFile("kubelet-client.crt"),
    "kubelet-client-key": identityFile("kubelet-client.key"),
    "kubelet-preferred-address-types": "InternalIP",
    // Aggregation: KEDA and metrics-server are API servers behind this one.
    "requestheader-client-ca-file": identityFile("front-proxy-ca.crt"),
    "requestheader-allowed-names": frontProxyUser,
    "requestheader-username-headers": "X-Remote-User",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "proxy-client-cert-file": identityFile("front-proxy-client.crt"),
    "proxy-client-key-file": identityFile("front-proxy-client.key"),
    "enable-aggregator-routing": true,
  });
}

/** Whether an API server of ours answers. */
export async function isAnswering(): Promise<boolean> {
  return (await tryKubectl(["get", "--raw", "/readyz"], { limit: 5_000 })).code === 0;
}
