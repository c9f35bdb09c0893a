/**
 * What the five reference systems choose for their services in production, where it does not follow from their topologies; a stack's configuration wins,
 * key by key. Pure.
 */
import type { z } from "zod";
import type { service } from "./settings.js";
import { isObject } from "../topology/plain.js";

type Chosen = NonNullable<z.input<typeof service>>;

/** Stage7's members answer each other over HTTP while the broker is away. */
const member = { port: 8080 } as const satisfies Chosen;

export const SYSTEM_SETTINGS: Readonly<Record<string, Readonly<Record<string, Chosen>>>> = {
  contextiq: {
    // Each asks a language model.
    "extraction-worker": { handlerSeconds: 60, resources: { cpu: "250m", memory: "256Mi" } },
    "consolidation-worker": { handlerSeconds: 120, resources: { cpu: "250m", memory: "256Mi" } },
  },
  "fo-analytics": { worker: { handlerSeconds: 300, resources: { cpu: "250m", memory: "256Mi" } } },
  debias: {
    "neo4j-worker": { resources: { cpu: "200m", memory: "256Mi" } },
    "qdrant-worker": { resources: { cpu: "200m", memory: "256Mi" } },
  },
  cgcg: {
    // Keeps results in its memory: two of them would know different ones.
    api: { port: 8080, replicas: { min: 1, max: 1 } },
    worker: { handlerSeconds: 120 },
  },
  stage7: { "post-office": member, "mission-control": member, brain: member, "agent-set": member, librarian: member },
};

/** What is written for services, over what the systems choose; what is not an object is left for the schema to refuse. */
export function withSystems(written: unknown): unknown {
  if (written !== undefined && !isObject(written)) return written;
  const merged: Record<string, unknown> = { ...SYSTEM_SETTINGS };
  for (const [topology, services] of Object.entries(written ?? {})) {
    const chosen = SYSTEM_SETTINGS[topology];
    if (!chosen || !isObject(services)) {
      merged[topology] = services;
      continue;
    }
    const each = Object.entries(services).map(([name, value]) => [name, isObject(value) ? { ...chosen[name], ...value } : value]);
    merged[topology] = { ...chosen, ...(Object.fromEntries(each) as object) };
  }
  return merged;
}
