/** What a run found: the shape of the JSON report (version 1), from which all other reports are made. */
import { z } from "zod";
import { PROFILES } from "./probe.js";

/**
 * success  everything that could be tried was kept
 * partial  nothing was broken, but a core promise, or a feature that the target declares, was not tried
 * failure  a promise was broken
 * not-run  nothing was tried
 */
export const Result = z.enum(["success", "partial", "failure", "not-run"]);
export type Result = z.infer<typeof Result>;

const EvidenceShape = z.strictObject({
  kind: z.enum(["sent", "arrived", "read", "tried", "waited", "changed"]),
  text: z.string(),
  /** Since the case began. */
  ms: z.number(),
});

export const CaseReport = z.strictObject({
  name: z.string(),
  result: z.enum(["success", "failure", "not-run"]),
  /** What was broken, or why it was not tried. */
  message: z.string().optional(),
  seconds: z.number(),
  evidence: z.array(EvidenceShape),
});
export type CaseReport = z.infer<typeof CaseReport>;

export const ProbeReport = z.strictObject({
  name: z.string(),
  promise: z.string(),
  level: z.enum(["core", "extended"]),
  /** Which topology, by its vhost. */
  vhost: z.string(),
  result: Result,
  /** Why it was not tried. */
  reason: z.string().optional(),
  seconds: z.number(),
  cases: z.array(CaseReport),
});
export type ProbeReport = z.infer<typeof ProbeReport>;

export const Report = z.strictObject({
  version: z.literal(1),
  result: Result,
  profile: z.enum(PROFILES),
  /** ISO 8601. */
  startedAt: z.string(),
  seconds: z.number(),
  broker: z.strictObject({
    /** Without credentials. */
    endpoint: z.string(),
    version: z.string(),
    nodes: z.array(z.string()),
  }),
  topologies: z.array(
    z.strictObject({
      name: z.string(),
      vhost: z.string(),
      /** The flow of its messages, as Mermaid text. */
      diagram: z.string(),
    }),
  ),
  /** Of cases. */
  counts: z.strictObject({ success: z.number(), failure: z.number(), "not-run": z.number() }),
  probes: z.array(ProbeReport),
});
export type Report = z.infer<typeof Report>;
