/** Looks for drift again and again, and tells what changes: what drifts, what no longer does, a broker that does not answer. */
import type { Drift, DriftEntry, Mismatch } from "../../broker/drift.js";
import { WarrenError } from "../../topology/errors.js";
import type { Look } from "./textfile.js";

const shown = (value: unknown): string => (value === null ? "(none)" : typeof value === "string" ? value : JSON.stringify(value));
const place = ({ vhost, kind, name }: DriftEntry): string => `${vhost === null ? "" : `${vhost}: `}${kind} ${name}`;
const mismatch = (entry: Mismatch): string =>
  `${place(entry)}: ${entry.field}: expected ${shown(entry.expected)}, is ${shown(entry.actual)}${entry.winner === undefined ? "" : ` (${entry.winner})`}`;

/** One line for each object or field. */
export function driftLines({ missing, mismatched, extra }: Drift): string[] {
  return [
    ...missing.map((entry) => `missing     ${place(entry)}`),
    ...mismatched.map((entry) => `mismatched  ${mismatch(entry)}`),
    ...extra.map((entry) => `extra       ${place(entry)}`),
  ];
}

/** What is there now and was not (`+`), and what is no longer (`-`). */
export function changedLines(before: Drift, now: Drift): string[] {
  const [old, found] = [driftLines(before), driftLines(now)];
  const [was, is] = [new Set(old), new Set(found)];
  return [
    ...old.filter((line) => !is.has(line)).map((line) => `- ${line}`),
    ...found.filter((line) => !was.has(line)).map((line) => `+ ${line}`),
  ];
}

export interface Watch {
  /** One look; what it throws as a WarrenError is told, and tried again. */
  readonly look: () => Promise<Drift>;
  readonly every: number;
  /** Ends the watch when it settles. */
  readonly stop: Promise<unknown>;
  readonly now: () => number;
  /** After each look. */
  readonly onLook: (look: Look) => void;
  /** The first drift, and each one that differs from the one before. */
  readonly onDrift: (drift: Drift, before: Drift | undefined) => void;
  /** Once when the broker stops answering; `undefined` when it answers again. */
  readonly onFault: (fault: WarrenError | undefined) => void;
}

/** Resolves with what was found last. The first look has to succeed: what it throws is thrown. */
export async function watchDrift({ look, every, stop, now, onLook, onDrift, onFault }: Watch): Promise<Drift> {
  let stopped = false;
  const end = stop.then(() => void (stopped = true));
  let known = await look();
  let at = now();
  onLook({ drift: known, at, up: true });
  onDrift(known, undefined);
  let fault: string | undefined;
  for (;;) {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([end, new Promise((resolve) => (timer = setTimeout(resolve, every)))]);
    clearTimeout(timer);
    if (stopped) return known;
    try {
      const found = await look();
      at = now();
      if (fault !== undefined) onFault(undefined);
      fault = undefined;
      onLook({ drift: found, at, up: true });
      if (changedLines(known, found).length > 0) onDrift(found, known);
      known = found;
    } catch (error) {
      if (!(error instanceof WarrenError)) throw error;
      onLook({ drift: known, at, up: false });
      if (fault !== error.message) onFault(error);
      fault = error.message;
    }
  }
}
