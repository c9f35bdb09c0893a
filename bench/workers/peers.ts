/** The clients of other languages, each made once and kept in the cache. What cannot be had here says why. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aptInstall, isDebianRoot } from "../../lab/apt.js";
import { fillOnce } from "../../lab/cache.js";
import { need, run, which } from "../../lab/command.js";
import { buildWithGo, fillTemplate } from "../../lab/go.js";
import { toolFolder } from "../../lab/places.js";
import type { Say } from "../../lab/steps.js";

export const peerVersions = { "aio-pika": "10.2.1", orjson: "3.13.0", "amqp091-go": "1.16.0", "perf-test": "2.22.1" } as const;

const source = join(__dirname, "peers");

/** The command that runs a client: a program and its first arguments. Throws if it cannot be had. */
export type Command = readonly [string, ...string[]];

/** A program of the PATH, from apt where that is allowed. */
async function program(name: string, what: string, packages: readonly string[], say: Say): Promise<string> {
  const found = which(name);
  if (found) return found;
  if (!isDebianRoot()) throw new Error(`${name} is not installed`);
  say(`installing ${what} with apt-get`);
  await aptInstall(what, packages);
  const installed = which(name);
  if (!installed) throw new Error(`${name} is not on the PATH`);
  return installed;
}

export async function getAioPika(say: Say): Promise<Command> {
  const folder = toolFolder("bench-aio-pika", peerVersions["aio-pika"]);
  const python = join(folder, "bin", "python");
  await fillOnce(
    folder,
    say,
    async (temporary) => {
      const system = await program("python3", "Python", ["python3", "python3-venv"], say);
      say("aio-pika: making a virtual environment");
      const first = await run(system, ["-m", "venv", temporary]);
      if (first.code !== 0) {
        if (isDebianRoot()) await aptInstall("Python's venv", ["python3-venv"]);
        await need("python3 -m venv", system, ["-m", "venv", "--clear", temporary]);
      }
      const { "aio-pika": pika, orjson } = peerVersions;
      const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `aio-pika==${pika}`, `orjson==${orjson}`];
      await need("Installing aio-pika", join(temporary, "bin", "python"), pip);
    },
    () => existsSync(python),
  );
  return [python, join(source, "client.py")];
}

export async function getGoClient(say: Say): Promise<Command> {
  const code = readFileSync(join(source, "client.go"), "utf8");
  const folder = toolFolder("bench-amqp091-go", peerVersions["amqp091-go"]);
  const built = join(folder, "client");
  // Built again when it is another program.
  const isWhole = (): boolean => existsSync(built) && readFileSync(join(folder, "client.go"), "utf8") === code;
  await fillOnce(
    folder,
    say,
    async (temporary) => {
      say("amqp091-go: building");
      const files = {
        "go.mod": fillTemplate(join(source, "go.mod.template"), { VERSION: peerVersions["amqp091-go"] }),
        "client.go": code,
      };
      await buildWithGo({
        ...{ what: "the Go client", folder: temporary, files, target: ".", output: join(temporary, "client"), variables: {} },
      });
    },
    isWhole,
  );
  return [built];
}

export async function getPerfTest(say: Say): Promise<Command> {
  const folder = toolFolder("bench-perf-test", peerVersions["perf-test"]);
  const java = await program("java", "Java", ["default-jre-headless"], say);
  await fillOnce(folder, say, async (temporary) => {
    const maven = await program("mvn", "Maven", ["maven"], say);
    say("PerfTest: fetching it with its dependencies");
    const pom = join(temporary, "pom.xml");
    writeFileSync(pom, fillTemplate(join(source, "pom.xml.template"), { VERSION: peerVersions["perf-test"] }));
    const goal = ["-q", "-B", "-f", pom, "dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${temporary}`];
    await need("Fetching PerfTest", maven, goal);
  });
  return [java, "-cp", join(folder, "*"), "com.rabbitmq.perf.PerfTest"];
}
