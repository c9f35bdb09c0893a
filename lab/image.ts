/** Images of the dev stack: the official ones where they can be had, else one made of Debian's packages and arranged like them. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "../topology/errors.js";
import { aptInstall, debianMirror, isDebianRoot } from "./apt.js";
import { fillOnce } from "./cache.js";
import { need, run, tail, which } from "./command.js";
import { GB, MB, needSpace } from "./disk.js";
import { toolFolder } from "./places.js";
import { type Outcome, type Say } from "./steps.js";
import { versions } from "./versions.js";

export interface Recipe {
  /** What it is called: `broker image`. */
  readonly what: string;
  /** All of them are needed; what is made here stands for each. */
  readonly official: readonly string[];
  /** Of what is made here: its name in Docker, its folder in the cache. */
  readonly name: string;
  readonly folder: string;
  /** What decides its version, the series that this has to be of, and the Debian suite that has it. */
  readonly program: string;
  readonly series: string;
  readonly suite: string;
  /** Counts the changes of its script: another number makes another image. */
  readonly recipe: number;
  /** In lab/image/; is given SUITE MIRROR WORK_DIR OUT_TAR, and prints the version last. */
  readonly script: string;
  /** Debian packages that the script needs, each with a program of its name. */
  readonly needs: readonly string[];
  /** What `docker import` adds to the root file system, so that the image is used like the official one. */
  readonly settings: readonly string[];
}

const { official, ...pins } = versions.broker;
const broker: Recipe = {
  ...pins,
  what: "broker image",
  official: [official],
  name: "warren/rabbitmq",
  folder: "broker-image",
  program: "RabbitMQ",
  script: "rootfs.sh",
  needs: ["debootstrap"],
  settings: [
    "ENV PATH=/usr/lib/rabbitmq/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV HOME=/var/lib/rabbitmq RABBITMQ_DATA_DIR=/var/lib/rabbitmq RABBITMQ_LOGS=- LANG=C.UTF-8 LANGUAGE=C.UTF-8 LC_ALL=C.UTF-8",
    "VOLUME /var/lib/rabbitmq",
    "EXPOSE 4369 5552 5671 5672 15671 15672 15691 15692 25672",
    'ENTRYPOINT ["docker-entrypoint.sh"]',
    'CMD ["rabbitmq-server"]',
  ],
};

/** Gives the name of an image that Docker has. */
export async function getBrokerImage(say: Say): Promise<Outcome<string>> {
  const { value, ...outcome } = await getImages(broker, say);
  return { ...outcome, value: value[0] ?? "" };
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const recipeLabel = ({ recipe }: Recipe): string => `warren.image.recipe=${recipe}`;

/** Gives the names of images that Docker has, one for each official one. */
export async function getImages(wanted: Recipe, say: Say): Promise<Outcome<string[]>> {
  const outcome = (images: readonly string[], way: string): Outcome<string[]> => ({
    ...{ value: [...images], way, title: `${capital(wanted.what)} ${[...new Set(images)].join(", ")}` },
  });
  const missing: string[] = [];
  for (const image of wanted.official) if (!(await hasImage(image))) missing.push(image);
  if (missing.length === 0) return outcome(wanted.official, "found");
  const each = (image: string): string[] => wanted.official.map(() => image);
  const present = await findOwn(wanted);
  if (present) return outcome(each(present), "found");
  const reason = await pullAll(missing, say);
  if (reason === undefined) return outcome(wanted.official, "downloaded");
  const folder = toolFolder(wanted.folder, `${wanted.series}-debian-${wanted.recipe}`);
  let way = "imported from the cache";
  if (!existsSync(folder)) {
    await prepare(wanted, missing, reason, say);
    await fillOnce(folder, say, async (temporary) => {
      await buildRootFilesystem(wanted, temporary, say);
      way = "built from Debian's packages";
    });
  }
  say("importing");
  return outcome(each(await importImage(wanted, folder)), way);
}

export async function hasImage(image: string): Promise<boolean> {
  return (await run("docker", ["image", "inspect", "--format", "{{.Id}}", image])).code === 0;
}

/** The broker's image by a name that does not move; what is made here has one. The official one says its version (source: its Dockerfile). */
export async function settledName(image: string): Promise<string> {
  if (image !== official) return image;
  const inspect = ["image", "inspect", "--format", "{{range .Config.Env}}{{println .}}{{end}}", image];
  const { stdout } = await need(`Looking into the image ${image}`, "docker", inspect);
  const version = /^RABBITMQ_VERSION=(\d+\.\d+\.\d+)/m.exec(stdout)?.[1];
  if (version === undefined)
    throw new WarrenError(`The image ${image} does not say which version it is`, {
      remedy: `docker pull ${image}: that is not the official one`,
    });
  const name = `rabbitmq:${version}-management`;
  await need(`Naming the image ${name}`, "docker", ["tag", image, name]);
  return name;
}

/** Why one of them could not be had; `undefined`: all were. */
export async function pullAll(images: readonly string[], say: Say): Promise<string | undefined> {
  for (const image of images) {
    say(`pulling ${image}`);
    const pull = await run("docker", ["pull", image], { silence: 30_000 });
    if (pull.code !== 0) return pull.timedOut ? "no answer from its registry" : tail(pull.stderr.trim(), 1);
  }
  return undefined;
}

async function findOwn(wanted: Recipe): Promise<string | undefined> {
  const answer = await run("docker", ["image", "ls", "--filter", `label=${recipeLabel(wanted)}`, "--format", "{{.Repository}}:{{.Tag}}"]);
  return answer.stdout.split("\n").find((name) => name.startsWith(`${wanted.name}:${wanted.series}.`));
}

async function prepare({ what, needs }: Recipe, missing: readonly string[], reason: string, say: Say): Promise<void> {
  const names = missing.join(" and ");
  if (!isDebianRoot()) {
    throw new WarrenError(`The ${what} ${names} cannot be pulled (${reason}), and one can be made only by root on Debian`, {
      remedy: `make a registry reachable, or bring the image in with \`docker load\` as ${names}`,
    });
  }
  const absent = needs.filter((program) => !which(program));
  if (absent.length === 0) return;
  say(`installing ${absent.join(", ")}`);
  await aptInstall(absent.join(", "), absent);
}

/** Leaves `rootfs.tar` and `version` in the folder. */
async function buildRootFilesystem({ what, official, program, series, suite, script }: Recipe, folder: string, say: Say): Promise<void> {
  const building = `Building the ${what}`;
  needSpace(building, folder, 1.2 * GB);
  say(`building from Debian's packages (${suite}, about a minute)`);
  const tar = join(folder, "rootfs.tar");
  const work = join(folder, "work");
  const names = official.join(" and ");
  const answer = await need(
    building,
    join(__dirname, "image", script),
    [suite, await debianMirror(`make the image ${names} available to Docker, or run on Debian`), work, `${tar}.new`],
    {
      env: { ...process.env, LC_ALL: "C" },
      remedy: "see the messages above; the package mirror has to be reachable, and nothing half was left",
    },
  );
  const version = /(\d+\.\d+\.\d+)/.exec(tail(answer.stdout.trim(), 1))?.[1];
  if (!version?.startsWith(`${series}.`)) {
    throw new WarrenError(
      `Debian's suite ${suite} has ${program} ${version ?? "of an unknown version"} now, and Warren is tested with ${series}`,
      {
        allowed: [`${series}.x`],
        remedy: `bring the image ${names} in with \`docker load\``,
      },
    );
  }
  rmSync(work, { recursive: true, force: true });
  writeFileSync(join(folder, "version"), version);
  renameSync(`${tar}.new`, tar);
}

async function importImage(wanted: Recipe, folder: string): Promise<string> {
  const { what, name, recipe, settings } = wanted;
  const importing = `Importing the ${what}`;
  const root = (await run("docker", ["info", "--format", "{{.DockerRootDir}}"])).stdout.trim();
  if (existsSync(root)) needSpace(importing, root, 400 * MB);
  const version = readFileSync(join(folder, "version"), "utf8");
  const image = `${name}:${version}-debian-${recipe}`;
  const changes = [...settings, `LABEL ${recipeLabel(wanted)}`].flatMap((line) => ["-c", line]);
  await need(importing, "docker", ["import", ...changes, join(folder, "rootfs.tar"), image]);
  return image;
}
