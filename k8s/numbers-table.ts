/** The numbers of the services that are deployed, and where each comes from, as a table for people. Pure. */
import { columns, span } from "./columns.js";
import { scalingOf, type ServicePart } from "./services.js";
import type { ProdSettings } from "./settings.js";

function messages({ replicas, thresholds, from }: ServicePart): string {
  if (thresholds.size === 0) return "";
  const each = [...thresholds].map(([queue, value]) => `${queue} ${value}`);
  const split = new Set([...thresholds.values(), replicas.perReplica]).size > 1 ? ` (${each.join(", ")})` : "";
  return `${replicas.perReplica} ${from.perReplica}${split}`;
}

/** One line a service; nothing where none is deployed. A threshold says nothing where no autoscaler looks at it. */
export function numbersTable(parts: readonly ServicePart[], settings: ProdSettings): string {
  const rows = parts
    .filter(({ deployed }) => deployed)
    .map((part): string[] => {
      const { replicas, within, prefetch, concurrency, handlerSeconds, from, name } = part;
      const scaling = scalingOf(part, settings);
      const [min, max] = [String(replicas.min), String(scaling === "none" ? replicas.min : replicas.max)];
      return [
        name,
        `${span(min, max)} ${from.replicas}${within ? ` (of ${within.min} - ${within.max} ${within.from})` : ""}`,
        scaling === "none" ? "" : messages(part),
        scaling === "none" || replicas.cpu === undefined ? "" : `${replicas.cpu} %`,
        prefetch === undefined ? from.prefetch : `${prefetch} ${from.prefetch}`,
        concurrency === undefined ? from.concurrency : `${concurrency} ${from.concurrency}`,
        `${handlerSeconds} s ${from.handlerSeconds}`,
      ];
    });
  if (rows.length === 0) return "";
  return columns([["", "replicas", "messages a replica", "CPU", "prefetch", "at a time", "slowest handler"], ...rows]);
}
