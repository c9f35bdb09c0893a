/** Images for the cluster's nodes: brought over from Docker, and made there of one program if the lab built it. */
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { WarrenError } from "../../topology/errors.js";
import { need, run } from "../command.js";
import { isUp } from "./daemons.js";
import { MAX_NODES } from "./layout.js";
import { containerdName, ctr, nodeFolder } from "./node.js";

const nodes = (): number[] => Array.from({ length: MAX_NODES }, (_, at) => at + 1).filter((index) => isUp(containerdName(index)));

/**
 * Makes an image that Docker has known to every node of the lab, under the same name. One that is there already, with the same content, is left.
 * Gives whether anything was brought. Pods name it as Docker does; with a tag other than `latest` nothing tries to pull it.
 *
 * @param image `warren/worker:0.1.0-3f2a91c07d4e`
 */
export async function importImage(image: string): Promise<boolean> {
  const id = (
    await need(`Looking for the image ${image}`, "docker", ["image", "inspect", "--format", "{{.Id}}", image], {
      remedy: "build or pull it with Docker first",
    })
  ).stdout.trim();
  const running = nodes();
  if (running.length === 0) throw new WarrenError("The lab's cluster is not running", { remedy: "npm run lab:kubernetes" });
  const lacking: number[] = [];
  for (const index of running) if (readKnown(index)[image] !== id || !(await isPresent(index, image))) lacking.push(index);
  if (lacking.length === 0) return false;
  await pipe(
    ["docker", ["save", image]],
    lacking.map((index) => ctr(index, ["images", "import", "--snapshotter", "overlayfs", "-"])),
    image,
  );
  for (const index of lacking) writeFileSync(knownFile(index), JSON.stringify({ ...readKnown(index), [image]: id }));
  return true;
}

/** Image to the id that Docker has for what the node was given. */
const knownFile = (index: number): string => join(nodeFolder(index), "images.json");
function readKnown(index: number): Record<string, string> {
  return existsSync(knownFile(index)) ? (JSON.parse(readFileSync(knownFile(index), "utf8")) as Record<string, string>) : {};
}

async function isPresent(index: number, image: string): Promise<boolean> {
  const names = (await run(...ctr(index, ["images", "list", "--quiet"]))).stdout.split("\n");
  return names.includes(fullName(image));
}

/** As containerd knows it: `warren/worker:1` -> `docker.io/warren/worker:1`. */
export function fullName(image: string): string {
  const [first = "", ...more] = image.split("/");
  if (more.length === 0) return `docker.io/library/${image}`;
  return /[.:]|^localhost$/.test(first) ? image : `docker.io/${image}`;
}

/** Docker writes it once, and all nodes read. */
async function pipe(from: readonly [string, string[]], to: readonly (readonly [string, string[]])[], image: string): Promise<void> {
  const source = spawn(...from, { stdio: ["ignore", "pipe", "pipe"] });
  const sinks = to.map((command) => spawn(...command, { stdio: ["pipe", "ignore", "pipe"] }));
  let said = "";
  for (const { stderr } of [source, ...sinks]) stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  for (const { stdin } of sinks) {
    // One that ends early must not hold up the others.
    stdin.on("error", () => source.stdout.unpipe(stdin));
    source.stdout.pipe(stdin);
  }
  const codes = await Promise.all(
    [source, ...sinks].map(
      (child) =>
        new Promise<number>((resolve) => {
          child.on("error", (error) => {
            said += error.message;
            resolve(1);
          });
          child.on("close", (code) => resolve(code ?? 1));
        }),
    ),
  );
  if (codes.some((code) => code !== 0)) throw new WarrenError(`The image ${image} could not be brought to the node: ${said.trim()}`);
}

export interface ProgramImage {
  /** `warren-lab/keda:2.21.0` */
  readonly image: string;
  /** Files, each put into the root of the image under its own name. */
  readonly programs: readonly string[];
  /** Numeric, for the kubelet has to see that it is not root. @default 0 */
  readonly user?: number;
}

/** Makes an image of programs that need nothing beside them, unless Docker has it already, and brings it to the nodes. */
export async function provideProgram({ image, programs, user = 0 }: ProgramImage): Promise<void> {
  if ((await run("docker", ["image", "inspect", "--format", "{{.Id}}", image])).code !== 0) {
    const folder = mkdtempSync(join(tmpdir(), "warren-lab-image-"));
    try {
      mkdirSync(join(folder, "tmp"));
      chmodSync(join(folder, "tmp"), 0o1777);
      for (const program of programs) {
        copyFileSync(program, join(folder, basename(program)));
        chmodSync(join(folder, basename(program)), 0o755);
      }
      chmodSync(folder, 0o755);
      const tar = `${folder}.tar`;
      await need(`Making ${image}`, "tar", ["-C", folder, "--owner=0", "--group=0", "-cf", tar, "."]);
      const settings = [`USER ${user}:${user}`, `ENTRYPOINT ["/${basename(programs[0] ?? "")}"]`].flatMap((line) => ["--change", line]);
      await need(`Making ${image}`, "docker", ["import", ...settings, tar, image]);
    } finally {
      for (const place of [folder, `${folder}.tar`]) rmSync(place, { recursive: true, force: true });
    }
  }
  await importImage(image);
}
