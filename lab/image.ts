/** The broker's image: the official one where it can be had, else one made of Debian's packages and arranged like it. */
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

const { official, series, suite, recipe } = versions.broker;
const recipeLabel = `warren.image.recipe=${recipe}`;

/** What `docker import` adds to the root file system, so that the image is used like the official one. */
const settings = [
  "ENV PATH=/usr/lib/rabbitmq/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "ENV HOME=/var/lib/rabbitmq RABBITMQ_DATA_DIR=/var/lib/rabbitmq RABBITMQ_LOGS=- LANG=C.UTF-8 LANGUAGE=C.UTF-8 LC_ALL=C.UTF-8",
  "VOLUME /var/lib/rabbitmq",
  "EXPOSE 4369 5552 5671 5672 15671 15672 15691 15692 25672",
  'ENTRYPOINT ["docker-entrypoint.sh"]',
  'CMD ["rabbitmq-server"]',
];

/** Gives the name of an image that Docker has. */
export async function getBrokerImage(say: Say): Promise<Outcome<string>> {
  const title = (image: string): string => `Broker image ${image}`;
  if ((await run("docker", ["image", "inspect", "--format", "{{.Id}}", official])).code === 0) {
    return { value: official, way: "found", title: title(official) };
  }
  const present = await findOwn();
  if (present) return { value: present, way: "found", title: title(present) };
  say(`pulling ${official}`);
  const pull = await run("docker", ["pull", official], { silence: 30_000 });
  if (pull.code === 0) return { value: official, way: "downloaded", title: title(official) };
  const reason = pull.timedOut ? "no answer from its registry" : tail(pull.stderr.trim(), 1);
  const folder = toolFolder("broker-image", `${series}-debian-${recipe}`);
  let way = "imported from the cache";
  if (!existsSync(folder)) {
    await prepare(reason, say);
    await fillOnce(folder, say, async (temporary) => {
      await buildRootFilesystem(temporary, say);
      way = "built from Debian's packages";
    });
  }
  say("importing");
  const image = await importImage(folder);
  return { value: image, way, title: title(image) };
}

async function findOwn(): Promise<string | undefined> {
  const answer = await run("docker", ["image", "ls", "--filter", `label=${recipeLabel}`, "--format", "{{.Repository}}:{{.Tag}}"]);
  return answer.stdout.split("\n").find((name) => name.startsWith(`warren/rabbitmq:${series}.`));
}

async function prepare(reason: string, say: Say): Promise<void> {
  if (!isDebianRoot()) {
    throw new WarrenError(`The broker image ${official} cannot be pulled (${reason}), and one can be made only by root on Debian`, {
      remedy: `make a registry reachable, or bring the image in with \`docker load\` as ${official}`,
    });
  }
  if (which("debootstrap")) return;
  say("installing debootstrap");
  await aptInstall("debootstrap", ["debootstrap"]);
}

/** Leaves `rootfs.tar` and `version` in the folder. */
async function buildRootFilesystem(folder: string, say: Say): Promise<void> {
  needSpace("Building the broker image", folder, 1.2 * GB);
  say(`building from Debian's packages (${suite}, about a minute)`);
  const tar = join(folder, "rootfs.tar");
  const work = join(folder, "work");
  const answer = await need(
    "Building the broker image",
    join(__dirname, "image", "rootfs.sh"),
    [suite, await debianMirror(`make the image ${official} available to Docker, or run on Debian`), work, `${tar}.new`],
    {
      env: { ...process.env, LC_ALL: "C" },
      remedy: "see the messages above; the package mirror has to be reachable, and nothing half was left",
    },
  );
  const version = /(\d+\.\d+\.\d+)/.exec(tail(answer.stdout.trim(), 1))?.[1];
  if (!version?.startsWith(`${series}.`)) {
    throw new WarrenError(
      `Debian's suite ${suite} has RabbitMQ ${version ?? "of an unknown version"} now, and Warren is tested with ${series}`,
      {
        allowed: [`${series}.x`],
        remedy: `bring the image ${official} in with \`docker load\``,
      },
    );
  }
  rmSync(work, { recursive: true, force: true });
  writeFileSync(join(folder, "version"), version);
  renameSync(`${tar}.new`, tar);
}

async function importImage(folder: string): Promise<string> {
  const root = (await run("docker", ["info", "--format", "{{.DockerRootDir}}"])).stdout.trim();
  if (existsSync(root)) needSpace("Importing the broker image", root, 400 * MB);
  const version = readFileSync(join(folder, "version"), "utf8");
  const image = `warren/rabbitmq:${version}-debian-${recipe}`;
  const changes = [...settings, `LABEL ${recipeLabel} warren.rabbitmq.version=${version}`].flatMap((line) => ["-c", line]);
  await need("Importing the broker image", "docker", ["import", ...changes, join(folder, "rootfs.tar"), image]);
  return image;
}
