/** What the system says about processes: which live, and what they are. */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";

/** Whether a process of this number exists (it may belong to another user). */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The program that a process runs, e.g. `pulumi`; undefined if it is gone or the system does not tell. */
export function programOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Whether a process of this number exists and runs this program; a system without /proc cannot tell, so a live number is enough there. */
export function isRunning(pid: number, program: string): boolean {
  if (!isAlive(pid)) return false;
  const found = programOf(pid);
  return found === undefined || found === program.slice(0, 15);
}

/** Processes whose parent is gone and whose environment holds `name=value`: what a killed engine left behind. Empty where there is no /proc. */
export function orphansWith(name: string, value: string): number[] {
  return listProcesses().filter((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      return environment.includes(`${name}=${value}`) && isAdopted(pid);
    } catch {
      return false;
    }
  });
}

/** Whether its parent is gone: the system's first process, or a session's, has taken it over. */
function isAdopted(pid: number): boolean {
  const parent = parentOf(pid);
  return parent <= 1 || ["systemd", "init"].includes(programOf(parent) ?? "");
}

function parentOf(pid: number): number {
  // The name, in parentheses, may hold spaces: the fields are counted from its end.
  const status = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(status.slice(status.lastIndexOf(")") + 2).split(" ")[1]);
}

/** Numbers of all processes; empty where there is no /proc. */
export function listProcesses(): number[] {
  try {
    readlinkSync("/proc/self");
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid > 0);
  } catch {
    return [];
  }
}
