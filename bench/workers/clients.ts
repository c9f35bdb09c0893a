/** Who is measured: each client, its version, and how its process is started. */
import { build } from "esbuild";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { checkout, ownFolder } from "../../lab/places.js";
import type { Say } from "../../lab/steps.js";
import { getAioPika, getGoClient, getPerfTest, peerVersions, type Command } from "./peers.js";

export const BASELINE = "amqplib";

/** Warren by the options for Node that its image has. */
export const AS_IMAGE = "warren, as its image runs it";

export interface Client {
  readonly name: string;
  readonly version: string;
  readonly command: Command;
  /** It has requests over direct reply-to. */
  readonly rpc: boolean;
  /** Java's PerfTest is told by arguments, and makes its own payload. */
  readonly own: boolean;
}

export interface Clients {
  readonly clients: readonly Client[];
  /** By name, why it is left out. */
  readonly missing: ReadonlyMap<string, string>;
  /** Of Node's: more programs that measure Warren alone. */
  readonly program: (name: string) => Command;
  readonly remove: () => void;
}

/** Name, and the npm package whose version counts; the file under clients/. */
const NODE: Readonly<Record<string, { readonly module?: string; readonly file: string }>> = {
  warren: { file: "warren" },
  amqplib: { module: "amqplib", file: "amqplib" },
  "amqplib-tuned": { module: "amqplib", file: "amqplib-tuned" },
  "rabbitmq-client": { module: "rabbitmq-client", file: "rabbitmq-client" },
  rascal: { module: "rascal", file: "rascal" },
  "@cloudamqp/amqp-client": { module: "@cloudamqp/amqp-client", file: "cloudamqp" },
  "amqp-connection-manager": { module: "amqp-connection-manager", file: "amqp-connection-manager" },
};

const OTHERS = {
  "aio-pika": { version: peerVersions["aio-pika"], get: getAioPika, rpc: true, own: false },
  "amqp091-go": { version: peerVersions["amqp091-go"], get: getGoClient, rpc: true, own: false },
  PerfTest: { version: peerVersions["perf-test"], get: getPerfTest, rpc: false, own: true },
} as const;

export const clientNames: readonly string[] = [...Object.keys(NODE), ...Object.keys(OTHERS)];

const versionOf = (folder: string): string =>
  (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly version: string }).version;

/** Whose memory is measured: Warren's with Node's own defaults and with its image's, and the baseline's. */
export function memoryCases(clients: readonly Client[]): readonly (readonly [name: string, Command])[] {
  const dockerfile = readFileSync(join(checkout, "lab", "worker-image", "Dockerfile"), "utf8");
  const [, ...options] = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? "[]") as string[];
  const flags = options.filter((option) => option.startsWith("--"));
  return clients.flatMap(({ name, command: [node, ...rest] }) => {
    if (name === BASELINE) return [[name, [node, ...rest]]];
    return name === "warren"
      ? [
          [name, [node, ...rest]],
          [AS_IMAGE, [node, ...flags, ...rest]],
        ]
      : [];
  });
}

/** Compiles those for Node into a folder inside the checkout, where the packages are found; gets the others. */
export async function getClients(wanted: readonly string[], say: Say): Promise<Clients> {
  mkdirSync(ownFolder(), { recursive: true });
  const folder = mkdtempSync(join(ownFolder(), "bench-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const program = (name: string): Command => [process.execPath, join(folder, `${name}.js`)];
  try {
    const files = [...new Set([...Object.values(NODE).map(({ file }) => file), "debias"])];
    await build({
      entryPoints: files.map((file) => join(__dirname, "clients", `${file}.ts`)),
      outdir: folder,
      ...{ bundle: true, platform: "node", target: "node20", format: "cjs", logLevel: "silent" },
      packages: "external",
      conditions: ["warren-source"],
    });
    const clients: Client[] = [];
    const missing = new Map<string, string>();
    for (const name of wanted) {
      const node = NODE[name];
      if (node) {
        const version = versionOf(node.module === undefined ? checkout : join(checkout, "node_modules", node.module));
        clients.push({ name, version, command: program(node.file), rpc: name !== "rascal", own: false });
        continue;
      }
      const { get, ...facts } = OTHERS[name as keyof typeof OTHERS];
      try {
        clients.push({ name, ...facts, command: await get(say) });
      } catch (error) {
        missing.set(name, (error as Error).message.split("\n")[0] ?? "");
        say(`${name} is left out: ${(error as Error).message}`);
      }
    }
    return { clients, missing, program, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
