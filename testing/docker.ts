/** Docker for tests: containers and networks that carry the process they belong to, and the removal of those whose process is gone. */
import { execFile } from "node:child_process";
import { hostname } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);
const LABEL = "warren.test";

/** Labels what a test makes with the process whose end makes it garbage: `docker create ...OWNED`. */
export const OWNED: readonly string[] = ["--label", `${LABEL}=${hostname()}:${process.pid}`];

/** What a docker command prints. Throws what docker says, and that the tests need it. Secrets go by `environment`, which no process list shows. */
export async function docker(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string> {
  try {
    return (await run("docker", args, { env: { ...process.env, ...environment }, maxBuffer: 64 * 1024 * 1024 })).stdout.trim();
  } catch (error) {
    const fault = error as NodeJS.ErrnoException & { stderr?: string };
    const reason = fault.code === "ENOENT" ? "there is no docker command" : (fault.stderr ?? fault.message).trim();
    throw new Error(
      `The tests need Docker, and docker ${args[0]} failed: ${reason}\n` +
        "Start it (npm test does). Tests that need one broker alone take another, named by WARREN_TEST_MANAGEMENT=http://user:password@host:15672 and WARREN_TEST_AMQP=amqp://user:password@host:5672.",
    );
  }
}

/** The image of a broker that is here already. */
export async function brokerImage(): Promise<string> {
  if (process.env["WARREN_TEST_IMAGE"]) return process.env["WARREN_TEST_IMAGE"];
  const present = (await docker(["images", "--format", "{{.Repository}}:{{.Tag}}"])).split("\n");
  const found = present.find((name) => name === "rabbitmq:4.3-management") ?? present.find((name) => name.startsWith("warren/rabbitmq:"));
  if (!found)
    throw new Error(
      "No broker image for the live tests: neither rabbitmq:4.3-management nor warren/rabbitmq is here. Name one by WARREN_TEST_IMAGE.",
    );
  return found;
}

/** Removes what runs of this machine left behind that were killed before they could. */
export async function removeOrphans(): Promise<void> {
  for (const [list, remove] of [
    [
      ["ps", "-a"],
      ["rm", "--force", "--volumes"],
    ],
    [
      ["network", "ls"],
      ["network", "rm"],
    ],
  ] as const) {
    const lines = (await docker([...list, "--filter", `label=${LABEL}`, "--format", `{{.ID}} {{.Label "${LABEL}"}}`])).split("\n");
    for (const line of lines.filter(Boolean)) {
      const [id = "", owner = ""] = line.split(" ");
      // Who removes orphans at the same time may have been quicker.
      if (isGone(owner)) await docker([...remove, id]).catch(() => undefined);
    }
  }
}

function isGone(owner: string): boolean {
  const [host, pid] = owner.split(":");
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** `127.0.0.1:32768`: where Docker published a port of a container. */
export async function publishedAt(container: string, inside: number): Promise<string> {
  return (await docker(["port", container, String(inside)])).split("\n")[0] ?? "";
}
