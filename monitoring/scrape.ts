/** Scrape settings of Prometheus: which targets, and of the broker's detailed metrics only the families that something asks for. */
import type { Family } from "./series.js";

export interface ScrapeTls {
  /** Path of the CA as Prometheus sees it. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly serverName?: string;
}

export interface Targets {
  /** Each node's metrics listener: `host:15692`. */
  readonly nodes: readonly string[];
  /** Metrics of workers: `host:port`. @default none */
  readonly workers?: readonly string[];
  /** `warren exporter`: `host:port`. @default none */
  readonly exporters?: readonly string[];
  /** The broker's metrics listener speaks TLS. @default plain */
  readonly tls?: ScrapeTls;
}

export interface ScrapeConfig {
  readonly job_name: string;
  readonly metrics_path: string;
  readonly scheme?: "https";
  readonly tls_config?: Readonly<Record<string, string>>;
  readonly params?: Readonly<Record<string, readonly string[]>>;
  readonly static_configs: readonly { readonly targets: readonly string[]; readonly labels: { readonly installation: string } }[];
}

const tlsConfig = ({ caFile, certFile, keyFile, serverName }: ScrapeTls): Readonly<Record<string, string>> => ({
  ...(caFile === undefined ? {} : { ca_file: caFile }),
  ...(certFile === undefined ? {} : { cert_file: certFile }),
  ...(keyFile === undefined ? {} : { key_file: keyFile }),
  ...(serverName === undefined ? {} : { server_name: serverName }),
});

export function scrapeConfigs(
  installation: string,
  { nodes, workers = [], exporters = [], tls }: Targets,
  families: readonly Family[],
  vhosts: readonly string[],
): ScrapeConfig[] {
  const broker = tls === undefined ? {} : { scheme: "https" as const, tls_config: tlsConfig(tls) };
  const of = (targets: readonly string[]) => ({ static_configs: [{ targets, labels: { installation } }] });
  return [
    { job_name: "rabbitmq", metrics_path: "/metrics", ...broker, ...of(nodes) },
    {
      job_name: "rabbitmq-detailed",
      metrics_path: "/metrics/detailed",
      ...broker,
      params: { family: families, vhost: vhosts },
      ...of(nodes),
    },
    ...(workers.length > 0 ? [{ job_name: "warren-workers", metrics_path: "/metrics", ...of(workers) }] : []),
    ...(exporters.length > 0 ? [{ job_name: "warren-exporter", metrics_path: "/metrics", ...of(exporters) }] : []),
  ];
}
