/** Drift and alerts, each at the box that it concerns. Pure. */
import type { Drift, DriftEntry, Mismatch } from "../broker/index.js";
import { isWithin, path } from "../topology/path.js";
import type { Atlas } from "./atlas.js";
import type { AlertMark, DriftEvent, SceneNode } from "./protocol.js";

const SECTION: Partial<Record<SceneNode["kind"], string>> = { queue: "queues", exchange: "exchanges" };

const cell = (value: unknown): string => (value === null ? "none" : typeof value === "string" ? value : JSON.stringify(value));

/** By the place in the topology that the entry names; what is generated for a queue stands at the queue. */
function nodeOf(atlas: Atlas, entry: DriftEntry): string | undefined {
  const { kind, vhost, name, path: where } = entry;
  if (vhost === null) {
    const service = atlas.regions.flatMap(({ users }) => [...users].filter(([, own]) => own.includes(name)).map(([one]) => one))[0];
    return kind === "user" && service !== undefined ? atlas.consumerNodes(service)[0] : undefined;
  }
  if (kind === "queue") return atlas.queueNode(vhost, name);
  if (kind === "exchange") return atlas.exchangeNode(vhost, name);
  const at = atlas.scene.nodes.find(({ kind: is, vhost: of, rows: [row] }) => {
    const section = SECTION[is];
    return section !== undefined && of === vhost && row !== undefined && isWithin(where, path(section, row.name));
  });
  return at?.id;
}

const title = ({ kind, name }: DriftEntry): string => `${kind} ${name}`;

export function driftMarks(atlas: Atlas, { missing, mismatched, extra }: Drift): DriftEvent["marks"] {
  const at = (entry: DriftEntry): { node?: string } => {
    const node = nodeOf(atlas, entry);
    return node === undefined ? {} : { node };
  };
  const differs = (entry: Mismatch): string =>
    `${entry.field}: expected ${cell(entry.expected)}, is ${cell(entry.actual)}${entry.winner === undefined ? "" : ` (by ${entry.winner})`}`;
  return [
    ...missing.map((entry) => ({ kind: "missing" as const, title: title(entry), text: "missing on the broker", ...at(entry) })),
    ...mismatched.map((entry) => ({ kind: "mismatched" as const, title: title(entry), text: differs(entry), ...at(entry) })),
    ...extra.map((entry) => ({ kind: "extra" as const, title: title(entry), text: "on the broker, not in the topology", ...at(entry) })),
  ];
}

/** An alert of Alertmanager, as far as the page needs it. */
export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
}

const SEVERITIES = ["page", "critical", "error", "warning", "ticket", "info"];
const rank = (severity: string): number => (SEVERITIES.indexOf(severity) + SEVERITIES.length) % SEVERITIES.length;

/** Matched by labels `vhost` with `queue`, `exchange` or `service`; without `vhost`, in any. The most severe first. */
export function alertMarks(atlas: Atlas, alerts: readonly Alert[]): AlertMark[] {
  const vhosts = [...new Set(atlas.regions.map(({ vhost }) => vhost))];
  return alerts
    .map(({ labels, annotations, startsAt }): AlertMark => {
      const { vhost, queue, exchange, service } = labels;
      const among = vhost === undefined ? vhosts : [vhost];
      const node = among.flatMap((one) => {
        const found =
          queue !== undefined ? atlas.queueNode(one, queue) : exchange !== undefined ? atlas.exchangeNode(one, exchange) : undefined;
        return found ?? [];
      })[0];
      const atService = service === undefined ? undefined : atlas.consumerNodes(service)[0];
      const runbook = annotations["runbook_url"];
      const of = node ?? atService;
      return {
        title: labels["alertname"] ?? "alert",
        text: annotations["summary"] ?? annotations["description"] ?? "",
        severity: labels["severity"] ?? "",
        since: startsAt,
        ...(of === undefined ? {} : { node: of }),
        // Only what a browser may safely be led to.
        ...(runbook !== undefined && /^https?:\/\//.test(runbook) ? { runbook } : {}),
      };
    })
    .sort((a, b) => rank(a.severity) - rank(b.severity));
}
