/** Commands of the `docker` program about a node's container, and the broker's own inside it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A node that hangs must not hold an update for ever. */
const EXEC_MS = 120_000;

/** On a node's container: the hash of what it was made from. */
export const FINGERPRINT_LABEL = "warren.fingerprint";

/** What a command said when it failed: its last lines. */
export function said(error: unknown): string {
  const { stdout = "", stderr = "", message, killed } = error as Error & { stdout?: string; stderr?: string; killed?: boolean };
  if (killed) return `no answer within ${EXEC_MS / 1000} seconds`;
  return (stderr.trim() || stdout.trim() || message).split("\n").slice(-6).join("\n");
}

/** Gives its standard output. Rejects when it fails, and after two minutes. */
export async function inside(container: string, ...command: readonly string[]): Promise<string> {
  const args = ["exec", "--user", "rabbitmq", container, ...command];
  const { stdout } = await run("docker", args, { maxBuffer: 16 * 1024 * 1024, timeout: EXEC_MS, killSignal: "SIGKILL" });
  return stdout;
}

/** Whether it succeeds. */
export const succeeds = (container: string, ...command: readonly string[]): Promise<boolean> =>
  inside(container, ...command).then(
    () => true,
    () => false,
  );

export async function isRunning(container: string): Promise<boolean> {
  const { stdout } = await run("docker", ["ps", "--filter", `name=^/${container}$`, "--format", "{{.State}}"]);
  return stdout.trim() === "running";
}

/** Of a container that is there; empty if it has no such label. */
export async function labelOf(container: string, label: string): Promise<string> {
  const { stdout } = await run("docker", ["inspect", "--format", `{{index .Config.Labels "${label}"}}`, container]);
  return stdout.trim();
}
