/** Where the cluster lives on this machine: its names, addresses, ports and folders. There is one, whichever checkout started it. */
import { join } from "node:path";
import { cacheFolder, ownFolder } from "../places.js";

/** The context's, the cluster's and the user's name in the kubeconfig. */
export const contextName = "warren-lab";
export const storageClass = "warren-lab";

/** Folders: what the cluster keeps while it is up, and (short, for sockets) what runs. */
export const stateFolder = (): string => join(cacheFolder(), "run", "kubernetes");
export const runFolder = "/run/warren-lab";
/** For whoever uses the cluster from this checkout. */
export const kubeconfigFile = (): string => join(ownFolder(), "kubernetes", "kubeconfig");

export const MAX_NODES = 3;
export const nodeName = (index: number): string => `node${index}`;
export const zoneName = (index: number): string => `lab-${"abc".charAt((index - 1) % 3)}`;

/** A range that neither Docker nor a home network uses by default. */
export const services = { range: "10.97.0.0/16", api: "10.97.0.1", dns: "10.97.0.10" } as const;
export const podRange = "10.245.0.0/16";
export const podRangeOf = (index: number): string => `10.245.${index}.0/24`;
/** On a bridge of its own with nothing behind it: reached from this machine and its pods alone. */
export const nodeAddress = (index: number): string => `10.245.255.${index}`;
export const nodeBridge = "warrenlab0";
export const podBridgePrefix = "warrenpod";
export const podBridge = (index: number): string => `${podBridgePrefix}${index}`;

export const ports = {
  api: 16443,
  etcd: 22379,
  etcdPeers: 22380,
  controllers: 20257,
  scheduler: 20259,
  proxyHealth: 20256,
  proxyMetrics: 20249,
  kwok: 20247,
  /** On the node's own address. */
  kubelet: 10250,
  kubeletHealth: (index: number): number => 20260 + index,
} as const;

export const apiServer = `https://127.0.0.1:${ports.api}`;
/** Below each controller's root. */
export const cgroupName = (index: number): string => `warren-lab-${index}`;
export const containerdSocket = (index: number): string => join(runFolder, nodeName(index), "containerd.sock");
