/** The exporter's HTTP: `/metrics` for Prometheus, `/health/live` for what watches the process. */
import { createServer, type Server } from "node:http";
import type { Registry } from "prom-client";
import { WarrenError } from "../topology/errors.js";

export interface MetricsServer {
  /** `http://127.0.0.1:9419` */
  readonly url: string;
  close(): Promise<void>;
}

/** Listens; port 0 takes a free one. Throws a WarrenError (exit code 2) if it cannot. There is no login: what it says is no secret. */
export async function metricsServer(registry: Registry, host: string, port: number): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    const answer = (status: number, type: string, text: string): void => {
      response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
      response.end(request.method === "HEAD" ? undefined : text);
    };
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "text/plain", "GET only\n");
    if (path === "/health/live") return answer(200, "application/json", `{"status":"live"}\n`);
    if (path !== "/metrics") return answer(404, "text/plain", "/metrics\n/health/live\n");
    registry.metrics().then(
      (text) => answer(200, registry.contentType, text),
      () => answer(500, "text/plain", "the metrics could not be written\n"),
    );
  });
  await listening(server, host, port);
  const bound = server.address();
  const [at, on] = typeof bound === "object" && bound !== null ? [bound.address, bound.port] : [host, port];
  return {
    url: `http://${at.includes(":") ? `[${at}]` : at}:${on}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", ({ code }: NodeJS.ErrnoException) => {
      const why = code === "EADDRINUSE" ? "something else listens there" : (code ?? "it failed");
      const remedy = "choose an address of this machine and a free port: --listen 127.0.0.1:0";
      reject(new WarrenError(`The exporter cannot listen on ${host}:${port}: ${why}.`, { remedy, exitCode: 2 }));
    });
    server.listen(port, host, resolve);
  });
}
