/** The audit log: every call that changes something, and every one that is refused; who, what, when and how it ended, never a body. */
import { openSync, writeSync } from "node:fs";
import { WorkerError } from "../../errors.js";

export interface AuditEntry {
  /** ISO 8601. */
  readonly at: string;
  /** Of the API key; none if there was no valid one. */
  readonly key: string | undefined;
  readonly role: string | undefined;
  readonly address: string;
  readonly method: string;
  /** The route, `/rabbitmq/tasks/:task_id`. */
  readonly route: string;
  /** What it was done to: a task, a queue. */
  readonly target: string | undefined;
  readonly status: number;
  /** The error's code, of what was refused or failed. */
  readonly code: string | undefined;
}

export type Audit = (entry: AuditEntry) => void;

/** One JSON object a line, appended; it is with the system before the call is answered. Throws a `WorkerError`. */
export function fileAudit(path: string): Audit {
  let file: number;
  try {
    file = openSync(path, "a", 0o600);
  } catch (error) {
    throw new WorkerError(
      "wrong-use",
      `The audit log "${path}" cannot be written (${(error as NodeJS.ErrnoException).code ?? "unknown fault"}).`,
      {
        remedy: "name a file in CGCG_AUDIT_FILE that this user may write",
      },
    );
  }
  return (entry) => void writeSync(file, `${JSON.stringify(entry)}\n`);
}
