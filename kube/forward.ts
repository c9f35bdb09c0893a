/** A port on loopback that leads into a pod of the cluster, whichever is ready: it outlives each of them. */
import { createServer, type Server, type Socket } from "node:net";
import { CoreV1Api, PortForward, type KubeConfig, type V1Pod } from "@kubernetes/client-node";
import { WarrenError } from "../topology/errors.js";

export interface ForwardArgs {
  readonly namespace: string;
  /** Of the pods, as kubectl takes it: `app.kubernetes.io/name=rabbitmq`. */
  readonly selector: string;
  /** Of the pod. */
  readonly port: number;
  /** On 127.0.0.1. */
  readonly localPort: number;
}

export interface Forward {
  close(): Promise<void>;
}

const isReady = ({ status, metadata }: V1Pod): boolean =>
  metadata?.deletionTimestamp === undefined &&
  (status?.conditions ?? []).some(({ type, status: value }) => type === "Ready" && value === "True");

/**
 * Listens at once, also before there is a pod: a connection that finds none ready is reset, as at a broker that is down.
 * Throws a WarrenError if the port is taken.
 */
export async function forward(config: KubeConfig, args: ForwardArgs): Promise<Forward> {
  const { namespace, selector: labelSelector, port, localPort } = args;
  const api = config.makeApiClient(CoreV1Api);
  const tunnel = new PortForward(config);
  const open = new Set<Socket>();
  let turn = 0;

  async function connect(socket: Socket): Promise<void> {
    const { items } = await api.listNamespacedPod({ namespace, labelSelector });
    const ready = items.filter(isReady).map(({ metadata }) => metadata?.name ?? "");
    const pod = ready[turn++ % Math.max(1, ready.length)];
    if (pod === undefined || socket.destroyed) return void socket.resetAndDestroy();
    const stream = await tunnel.portForward(namespace, pod, [port], socket, null, socket);
    const end = (): void => {
      const now = typeof stream === "function" ? stream() : stream;
      now?.close();
    };
    if (socket.destroyed) end();
    socket.once("close", end);
    if (typeof stream !== "function") stream.onclose = () => void socket.destroy();
  }

  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => open.delete(socket));
    connect(socket).catch(() => socket.resetAndDestroy());
  });
  await listen(server, localPort);
  // The process may end while it listens: whoever wants it to last keeps the process alive by other means.
  server.unref();
  return {
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    throw new WarrenError(`Port ${port} of 127.0.0.1, which is to lead into the cluster, cannot be had (${error.code ?? error.message}).`, {
      remedy: "end what listens there; or set another one: pulumi config set warren:forwardPort PORT",
      exitCode: 2,
    });
  });
}
