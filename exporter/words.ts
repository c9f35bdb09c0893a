/** The words with which `warren exporter` starts in a container. Pure. */

export interface ExporterStart {
  /** Path of the installation's script. */
  readonly topology: string;
  /** The management API of each node, or of all of them. */
  readonly nodes: readonly string[];
  /** What speaks TLS, and whose certificates are watched: `amqps://host:5671`. */
  readonly certificates: readonly string[];
  readonly port: number;
  readonly intervalSeconds: number;
  /** The label `installation`. */
  readonly name: string;
  /** Watched, if Alertmanager can be told. */
  readonly prometheus?: string | undefined;
  readonly alertmanager?: string | undefined;
}

export function exporterArguments({
  topology,
  nodes,
  certificates,
  port,
  intervalSeconds,
  name,
  prometheus,
  alertmanager,
}: ExporterStart): string[] {
  const [first = "", ...others] = nodes;
  const watched =
    prometheus === undefined || alertmanager === undefined ? [] : ["--prometheus", prometheus, "--alertmanager", alertmanager];
  return [
    ...["exporter", topology, "--broker", first],
    ...others.flatMap((node) => ["--node", node]),
    ...certificates.flatMap((endpoint) => ["--certificate", endpoint]),
    ...["--listen", `0.0.0.0:${port}`, "--interval", `${intervalSeconds}s`],
    ...watched,
    ...["--name", name],
  ];
}
