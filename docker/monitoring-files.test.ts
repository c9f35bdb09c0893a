// What the containers of the monitoring start with: addresses, the exporter's words, its topology as plain data, Alertmanager's and Grafana's files.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { loadTopology } from "../sources/load.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { Installation } from "../topology/model.js";
import { read } from "../topology/read.js";
import { systems } from "../topology/systems/index.js";
import type { Listeners } from "./nodes.js";
import { exporterWords, grafanaFiles, topologyScript, targetsOf } from "./monitoring-files.js";

it("Prometheus is told of every node, plain, by its name in the network", () => {
  expect(targetsOf(3)).toEqual({
    nodes: ["broker-0:15692", "broker-1:15692", "broker-2:15692"],
    exporters: ["exporter:9419"],
    alertmanagers: ["alertmanager:9093"],
  });
});

describe("the exporter", () => {
  const words = (nodes: number, listeners: Listeners, interval: number): string =>
    exporterWords(nodes, listeners, interval, "warren-dev").join(" ");

  it("asks every node, and goes by TLS only where there is nothing else", () => {
    expect(words(1, { tls: false, plain: true }, 15)).toBe(
      "exporter /run/warren/topology.cjs --broker http://broker-0:15672 --listen 0.0.0.0:9419 --interval 15s " +
        "--prometheus http://prometheus:9090 --alertmanager http://alertmanager:9093 --name warren-dev",
    );
    expect(words(3, { tls: true, plain: false }, 15)).toMatch(
      /--broker https:\/\/broker-0:15671 --node https:\/\/broker-1:15671 --node https:\/\/broker-2:15671 /,
    );
    expect(words(3, { tls: true, plain: true }, 15)).toMatch(/--broker http:\/\/broker-0:15672 --node http:/);
  });

  it("watches the certificates of all nodes where there are any", () => {
    const watched = [...words(3, { tls: true, plain: true }, 2).matchAll(/--certificate (\S+)/g)].map(([, endpoint]) => endpoint);
    expect(watched.sort()).toEqual([0, 1, 2].flatMap((node) => [`amqps://broker-${node}:5671`, `https://broker-${node}:15671`]).sort());
    expect(words(3, { tls: false, plain: true }, 2)).not.toContain("--certificate");
  });

  it.each([undefined, "dev", "prod"])("reads the same plan as the program has, with the sizes of %s", async (environment) => {
    const folder = mkdtempSync(join(tmpdir(), "warren-exporter-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const installation: Installation = { topologies: Object.values(systems), globalParameters: { a: [1] } };
    writeFileSync(join(folder, "topology.cjs"), topologyScript(installation, environment));
    const { value, label } = await loadTopology("topology.cjs", folder);
    const { installation: again, findings } = read(value, label);
    expect(findings).toEqual([]);
    expect(again && compileInstallation(again)).toEqual(compileInstallation(installation, environment));
    expect(again?.topologies.some(({ environments }) => environments)).toBe(environment === undefined);
  });
});

it("Grafana gets its source, and the dashboards where it looks for them", () => {
  const files = grafanaFiles({ "overview.json": "{}" });
  const provider = parse(files["/etc/grafana/provisioning/dashboards/warren.yml"] ?? "") as {
    providers: readonly { options: { path: string } }[];
  };
  expect(files[`${provider.providers[0]?.options.path}/overview.json`]).toBe("{}");
  expect(files["/etc/grafana/provisioning/datasources/warren.yml"]).toContain("url: http://prometheus:9090");
});
