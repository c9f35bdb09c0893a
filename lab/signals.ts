/** Programs that were started do not outlive their wrapper: a signal to it reaches them. */
import { type ChildProcess } from "node:child_process";

const children = new Map<ChildProcess, { readonly patient: boolean }>();
let listening = false;

/**
 * Ties a program to this process; the answer unties it.
 * A patient one (the engine) is given its time to end in its own order: an interrupt from the terminal has reached it already, as a member of the same group.
 */
export function endWithUs(child: ChildProcess, { patient = false } = {}): () => void {
  listen();
  children.set(child, { patient });
  return () => children.delete(child);
}

function listen(): void {
  if (listening) return;
  listening = true;
  // After a failure elsewhere a build is of no use; what it leaves is swept up by the next one.
  process.on("exit", () => {
    for (const [child, { patient }] of children) if (!patient) child.kill("SIGTERM");
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      let waiting = false;
      for (const [child, { patient }] of children) {
        if (!patient || signal !== "SIGINT") child.kill(patient ? "SIGINT" : "SIGTERM");
        waiting ||= patient;
      }
      // Whoever waits for a patient one goes on when it has ended, and then leaves with its exit code.
      if (!waiting) process.exit(130);
    });
  }
}
