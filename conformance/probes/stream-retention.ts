/** How long and how much a stream keeps is in effect as declared. */
import { inEffect } from "../effective.js";
import { subjects } from "../ends.js";
import type { Probe } from "../probe.js";

export const RETENTION = ["max-age", "max-length-bytes", "stream-max-segment-size-bytes"];

export const streamRetention: Probe = {
  name: "stream-retention",
  promise: "The age and the size up to which a stream keeps its messages are those in effect.",
  level: "core",
  profile: "read-only",
  cases: (plan) =>
    subjects(plan)
      .filter(({ type, role, settings }) => type === "stream" && role !== undefined && RETENTION.some((key) => settings.has(key)))
      .map((subject) => ({
        name: `queue ${JSON.stringify(subject.name)}`,
        run: (ground, note) => inEffect(ground, note, subject, RETENTION),
      })),
};
