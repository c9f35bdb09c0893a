/** Looked at before anything is made: whether Docker answers, the image can be had, the ports are free; and a stopped broker is started again. */
import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { WarrenError } from "../topology/errors.js";
import { INSIDE } from "./nodes.js";

const run = promisify(execFile);

export interface PreflightOptions {
  /** Of the first node, which decides how the broker is. */
  readonly container: string;
  /** Of further nodes: started again too if they stopped. @default none */
  readonly others?: readonly string[];
  readonly image: string;
  /** Of all nodes, each with the config key that sets it. */
  readonly ports: readonly { readonly key: string; readonly port: number }[];
  /** In a preview nothing is pulled or started. */
  readonly dryRun: boolean;
  /** Told what takes time. */
  readonly onProgress?: (text: string) => void;
}

/** How the container is. */
export type ContainerState = "absent" | "stopped" | "running";

export interface Found {
  readonly state: ContainerState;
  /** Where it is reached now, which is not where the configuration wants it if that has just changed; for a running one. */
  readonly managementUrl?: string;
}

interface Published {
  readonly inside: number;
  readonly outside: number;
}

interface Failed {
  readonly code?: string | number;
  readonly stderr?: string;
  readonly message: string;
}

/** The last line of what `docker` said, which is the one with the reason. */
const reason = (error: unknown): string =>
  ((error as Failed).stderr ?? (error as Failed).message)
    .trim()
    .split("\n")
    .at(-1)
    ?.replace(/^Error response from daemon: /, "") ?? "unknown fault";

async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await run("docker", args, { maxBuffer: 16 * 1024 * 1024 });
  return stdout.trim();
}

/** Throws a WarrenError with the remedy if the broker could not be made; tells how its container is now. */
export async function preflight(options: PreflightOptions): Promise<Found> {
  await needDocker();
  const { state, published } = await wake(options.container, options);
  const others = await Promise.all((options.others ?? []).map((container) => wake(container, options)));
  if (state === "absent") await needImage(options);
  const all = [...published, ...others.flatMap((other) => other.published)];
  // A stopped container gets its ports back when it starts, or does not start.
  const stopped = state === "stopped" || others.some((other) => other.state === "stopped");
  for (const { key, port } of options.ports) {
    if (!stopped && !all.some(({ outside }) => outside === port)) await needPort(key, port);
  }
  const managementUrl = managementOf(published);
  return { state, ...(managementUrl === undefined ? {} : { managementUrl }) };
}

async function wake(container: string, options: PreflightOptions): Promise<{ state: ContainerState; published: Published[] }> {
  const found = await containerState(container);
  const state = found === "stopped" && (await startAgain(container, options)) ? "running" : found;
  return { state, published: state === "running" ? await publishedPorts(container) : [] };
}

/** Where a container that runs serves the management API on this machine now; `undefined` if it does not run. */
export async function managementAt(container: string): Promise<string | undefined> {
  return (await containerState(container)) === "running" ? managementOf(await publishedPorts(container)) : undefined;
}

function managementOf(published: readonly Published[]): string | undefined {
  const outside = (wanted: number): number | undefined => published.find(({ inside }) => inside === wanted)?.outside;
  const [plain, tls] = [outside(INSIDE.management), outside(INSIDE.https)];
  if (plain !== undefined) return `http://127.0.0.1:${plain}`;
  return tls === undefined ? undefined : `https://127.0.0.1:${tls}`;
}

/** `15672/tcp -> 127.0.0.1:15672`, line by line. */
async function publishedPorts(container: string): Promise<Published[]> {
  const lines = (await docker("port", container)).split("\n");
  return lines.flatMap((line) => {
    const match = /^(\d+)\/tcp -> .*:(\d+)$/.exec(line);
    return match ? [{ inside: Number(match[1]), outside: Number(match[2]) }] : [];
  });
}

/** Whether neither a node's container nor its data is there any more; the names of both begin with `prefix-broker-`. */
export async function isGone(prefix: string): Promise<boolean> {
  const name = `${prefix}-broker-[0-9]+$`;
  if ((await docker("ps", "--all", "--quiet", "--filter", `name=^/${name}`)) !== "") return false;
  return (await docker("volume", "ls", "--quiet", "--filter", `name=^${name}`)) === "";
}

async function needDocker(): Promise<void> {
  try {
    await docker("version", "--format", "{{.Server.Version}}");
  } catch (error) {
    const absent = (error as Failed).code === "ENOENT";
    throw new WarrenError(
      absent ? "Docker is not installed: there is no `docker` on the PATH." : `Docker does not answer: ${reason(error)}`,
      {
        remedy: absent
          ? "npm run up installs it where it can; or take a broker that is there: pulumi config set warren:broker external"
          : "start the Docker engine (npm run up does), and see that this user may use it; or take a broker that is there: pulumi config set warren:broker external",
        exitCode: 2,
        cause: error,
      },
    );
  }
}

export async function containerState(name: string): Promise<ContainerState> {
  // Read from the list: `inspect` of what is not there fails, and failing is for faults.
  const lines = await docker("ps", "--all", "--filter", `name=^/${name}$`, "--format", "{{.State}}");
  if (lines === "") return "absent";
  return lines === "running" ? "running" : "stopped";
}

async function startAgain(container: string, { dryRun, onProgress }: PreflightOptions): Promise<boolean> {
  if (dryRun) return false;
  onProgress?.(`container ${container} is stopped: starting it again`);
  try {
    await docker("start", container);
    return true;
  } catch (error) {
    throw new WarrenError(`Container ${container} is stopped and cannot be started: ${reason(error)}`, {
      remedy: "free what it names; or remove the container (its data is in a volume) and run `pulumi up --refresh`",
      cause: error,
    });
  }
}

async function needImage({ image, dryRun, onProgress }: PreflightOptions): Promise<void> {
  if ((await docker("image", "ls", "--quiet", image)) !== "" || dryRun) return;
  onProgress?.(`pulling image ${image}`);
  try {
    await docker("pull", "--quiet", image);
  } catch (error) {
    throw new WarrenError(`The image ${image} is not on this machine and cannot be pulled: ${reason(error)}`, {
      remedy:
        "check its name and the network; npm run up builds one where none can be pulled; another one: pulumi config set warren:image NAME",
      exitCode: 2,
      cause: error,
    });
  }
}

async function needPort(key: string, port: number): Promise<void> {
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
  if (!error) return;
  const by = error.code === "EADDRINUSE" ? "is taken by another process" : `cannot be used (${error.code ?? error.message})`;
  throw new WarrenError(`Port ${port} of 127.0.0.1 ${by}.`, {
    remedy: `stop what listens there, or choose another port: pulumi config set ${key} PORT`,
    exitCode: 2,
  });
}
