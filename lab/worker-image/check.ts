/** Whether an image is what the worker's has to be. */
import { rmSync } from "node:fs";
import { WarrenError } from "../../topology/errors.js";
import { need, run } from "../command.js";
import { versions } from "../versions.js";
import { tarEntries } from "./tar.js";

const { maxBytes } = versions.worker;
const SHELLS = new Set(["sh", "bash", "dash", "ash", "busybox", "zsh", "ksh"]);

/**
 * Its size, that it has no shell, and that its program starts. Throws a WarrenError.
 * @param file where the root file system may lie for the time
 */
export async function checkImage(image: string, version: string, file: string): Promise<void> {
  const container = (await need("Looking into the worker's image", "docker", ["create", image])).stdout.trim();
  try {
    await need("Looking into the worker's image", "docker", ["export", "--output", file, container]);
  } finally {
    await run("docker", ["rm", "--force", container]);
  }
  const entries = tarEntries(file);
  rmSync(file);
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  if (bytes > maxBytes) {
    const largest = [...entries].sort((one, other) => other.size - one.size).slice(0, 5);
    throw new WarrenError(`The worker's image has ${bytes} bytes unpacked`, {
      allowed: [`at most ${maxBytes}`],
      remedy: `make it smaller; its largest files: ${largest.map(({ name, size }) => `${name} ${size}`).join(", ")}`,
    });
  }
  const shell = entries.find(({ name }) => SHELLS.has(name.split("/").at(-1) ?? ""));
  if (shell) throw new WarrenError(`The worker's image has a shell: ${shell.name}`);
  const isolated = ["run", "--rm", "--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
  const said = (await need("Starting the worker's program", "docker", [...isolated, image, "--version"])).stdout.trim();
  if (said !== version) throw new WarrenError(`The worker's program says that it is version "${said}", and it is ${version}`);
}
