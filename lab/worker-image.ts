/** The worker's image: its program, and the live page's files beside it, on a base that has Node and no shell. */
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fillOnce } from "./cache.js";
import { need, run } from "./command.js";
import { GB, needSpace } from "./disk.js";
import { checkout, ownFolder } from "./places.js";
import { type Outcome, type Say } from "./steps.js";
import { versions } from "./versions.js";
import { type Base, findBase, getBase, readBase } from "./worker-image/base.js";
import { bundleWorker, type Bundle } from "./worker-image/bundle.js";
import { checkImage } from "./worker-image/check.js";
import { npmPackages, thirdPartyText } from "./worker-image/packages.js";
import { sourceLabels } from "./worker-image/revision.js";
import { bom } from "./worker-image/sbom.js";

const { recipe } = versions.worker;
const REPOSITORY = "warren/worker";
const PARTS = join(__dirname, "worker-image");
const DOCKERFILE = join(PARTS, "Dockerfile");
const HEALTH = join(PARTS, "health.cjs");

export interface WorkerImage {
  /** `warren/worker:0.1.0-3f2a91c07d4e` */
  readonly image: string;
  /** Holds `sbom.cdx.json`, `warren-worker.cjs.map` and `THIRD-PARTY.txt` of it. */
  readonly folder: string;
}

/** What was built last, and from what: to see in a moment that nothing has changed. */
interface Built {
  readonly image: string;
  /** Of the base. */
  readonly base: string;
  /** Size and time of change of every file that went into it. */
  readonly files: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly repository?: string | { readonly url?: string };
}

/** Gives the name of an image that Docker has, of what is in the checkout now. */
export async function getWorkerImage(say: Say): Promise<Outcome<WorkerImage>> {
  const folder = join(ownFolder(), "worker-image");
  const outcome = (image: string, way: string): Outcome<WorkerImage> => ({ value: { image, folder }, way, title: `Worker image ${image}` });
  const built = readBuilt(folder);
  const [base, present] = await Promise.all([findBase(), built && hasImage(built.image)]);
  if (built && present && base?.id === built.base && Object.entries(built.files).every(([file, mark]) => markOf(file) === mark))
    return outcome(built.image, "up to date");
  const manifest = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as Manifest;
  say("bundling the program");
  const bundle = await bundleWorker(manifest.version);
  const chosen = base ?? (await getBase(say));
  const content = contentOf(manifest, bundle, chosen);
  const image = `${REPOSITORY}:${manifest.version}-${content.hash.slice(0, 12)}`;
  const record: Built = { image, base: chosen.id, files: Object.fromEntries(inputsOf(bundle).map((file) => [file, markOf(file)])) };
  if (built?.image === image && present) {
    // Files were touched, and nothing of it is in the image.
    writeBuilt(folder, record);
    return outcome(image, "up to date");
  }
  if (built && !present) rmSync(join(folder, "built.json"), { force: true });
  await fillOnce(
    folder,
    say,
    async (temporary) => {
      await build(temporary, image, { manifest, bundle, base: chosen, ...content }, say);
      writeBuilt(temporary, record);
    },
    (place) => readBuilt(place)?.image === image,
  );
  return outcome(image, `built ${chosen.way}`);
}

interface Content {
  readonly npm: ReturnType<typeof npmPackages>;
  readonly thirdParty: string;
  /** Hex, of everything that makes the image what it is. */
  readonly hash: string;
}

function contentOf(manifest: Manifest, bundle: Bundle, base: Base): Content {
  const npm = npmPackages(bundle);
  const thirdParty = thirdPartyText(npm.packages);
  const hash = createHash("sha256");
  const { name, version, description, license } = manifest;
  const metadata = JSON.stringify([name, version, description, license, recipe, npm]);
  for (const part of [metadata, base.id, bundle.code, thirdParty, ...Object.entries(bundle.beside).flat()])
    hash.update(`${part.length} `).update(part);
  for (const file of [DOCKERFILE, HEALTH, join(checkout, "LICENSE")]) hash.update(readFileSync(file));
  return { npm, thirdParty, hash: hash.digest("hex") };
}

/** Leaves what lies beside the image in the folder. */
async function build(
  folder: string,
  image: string,
  {
    manifest,
    bundle,
    base,
    npm,
    thirdParty,
    hash,
  }: Content & { readonly manifest: Manifest; readonly bundle: Bundle; readonly base: Base },
  say: Say,
): Promise<void> {
  needSpace("Building the worker's image", folder, 0.6 * GB);
  const { version, license, description } = manifest;
  say("writing the bill of materials");
  const contents = await readBase(base.image);
  const sbom = bom({ name: REPOSITORY, version, license, hash, npm, ...contents });
  const context = join(folder, "context");
  const app = join(context, "app");
  const files = { "warren-worker.cjs": bundle.code, "THIRD-PARTY.txt": thirdParty, "sbom.cdx.json": sbom, ...bundle.beside };
  const folders = new Set([".", ...Object.keys(bundle.beside).map((name) => dirname(name))]);
  for (const name of folders) mkdirSync(join(app, name), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(app, name), text);
  copyFileSync(HEALTH, join(app, "health.cjs"));
  copyFileSync(join(checkout, "LICENSE"), join(app, "LICENSE"));
  copyFileSync(DOCKERFILE, join(context, "Dockerfile"));
  // Whatever the umask: the image's user is not the builder.
  for (const name of [...Object.keys(files), "health.cjs", "LICENSE"]) chmodSync(join(app, name), 0o644);
  for (const name of folders) chmodSync(join(app, name), 0o755);
  const labels = {
    "org.opencontainers.image.title": "Warren worker",
    "org.opencontainers.image.description": description,
    "org.opencontainers.image.version": version,
    "org.opencontainers.image.licenses": license,
    "org.opencontainers.image.base.name": base.image,
    ...(await sourceLabels(manifest)),
    "warren.image.recipe": String(recipe),
    "warren.image.sbom": "/app/sbom.cdx.json",
  };
  say("building");
  const candidate = `${REPOSITORY}:building-${hash.slice(0, 12)}`;
  const withLabels = Object.entries(labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
  await need("Building the worker's image", "docker", [
    ...["build", "--quiet", "--network", "none", "--build-arg", `BASE=${base.image}`, ...withLabels, "--tag", candidate, context],
  ]);
  try {
    say("checking it");
    await checkImage(candidate, version, join(folder, "image.tar"));
    await need("Naming the worker's image", "docker", ["tag", candidate, image]);
  } finally {
    await run("docker", ["image", "rm", candidate]);
  }
  rmSync(context, { recursive: true });
  writeFileSync(join(folder, "warren-worker.cjs.map"), bundle.map);
  writeFileSync(join(folder, "THIRD-PARTY.txt"), thirdParty);
  writeFileSync(join(folder, "sbom.cdx.json"), sbom);
}

/** Every file whose change may change the image. */
function inputsOf({ inputs }: Bundle): string[] {
  const own = ["package.json", "package-lock.json", "tsconfig.json", "LICENSE", "lab/versions.ts", "lab/worker-image.ts"];
  const parts = ["Dockerfile", "health.cjs", "bundle.ts", "packages.ts", "sbom.ts"].map((name) => `lab/worker-image/${name}`);
  return [...own, ...parts, ...Object.keys(inputs).filter((file) => existsSync(join(checkout, file)))];
}

function markOf(file: string): string {
  const { size, mtimeMs } = statSync(join(checkout, file), { throwIfNoEntry: false }) ?? { size: -1, mtimeMs: 0 };
  return `${size} ${mtimeMs}`;
}

async function hasImage(image: string): Promise<boolean> {
  return (await run("docker", ["image", "inspect", "--format", "{{.Id}}", image])).code === 0;
}

function readBuilt(folder: string): Built | undefined {
  const file = join(folder, "built.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Built) : undefined;
}

function writeBuilt(folder: string, built: Built): void {
  writeFileSync(join(folder, "built.json"), JSON.stringify(built));
}
