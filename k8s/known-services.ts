/** Whether services that are configured are in the topologies: what nobody is called, nobody would hear. Pure. */
import { WarrenError } from "../topology/errors.js";
import type { Topology } from "../topology/model.js";
import { nearest } from "../topology/nearest.js";
import { path } from "../topology/path.js";
import type { ProdSettings } from "./settings.js";
import { SYSTEM_SETTINGS } from "./systems.js";

/** Throws one WarrenError (exit code 2) with all that are not. What is chosen for reference systems may be of others than those that are there. */
export function requireKnownServices(topologies: readonly Topology[], { services }: ProdSettings): void {
  const names = topologies.map(({ name }) => name);
  const faults = Object.entries(services).flatMap(([name, configured]): string[] => {
    const topology = topologies.find((each) => each.name === name);
    const reference = Object.hasOwn(SYSTEM_SETTINGS, name) ? SYSTEM_SETTINGS[name] : undefined;
    if (!topology) return reference ? [] : [unknown(["services", name], name, "topology", names)];
    const there = Object.keys(topology.services ?? {});
    return Object.keys(configured)
      .filter((service) => !there.includes(service) && !(reference && Object.hasOwn(reference, service)))
      .map((service) => unknown(["services", name, service], service, "service", there));
  });
  if (faults.length === 0) return;
  throw new WarrenError(faults.join("\n"), {
    remedy: "pulumi config rm --path 'warren:kubernetes.services.TOPOLOGY.SERVICE', and set it under the name that is meant",
    exitCode: 2,
  });
}

function unknown(at: readonly string[], name: string, kind: "topology" | "service", there: readonly string[]): string {
  const meant = nearest(name, there);
  const hint = meant === undefined ? `there are: ${there.join(", ") || "none"}` : `did you mean ${JSON.stringify(meant)}?`;
  return `warren:${path("kubernetes", ...at)}: no such ${kind}; ${hint}`;
}
