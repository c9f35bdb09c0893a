/** A Redis server for the tests of the idempotency store: one that is here, or Debian's. */
import { WarrenError } from "../topology/errors.js";
import { aptInstall, isDebianRoot } from "./apt.js";
import { which } from "./command.js";
import { type Outcome, type Say } from "./steps.js";

/** The path of a program: what `WARREN_REDIS_SERVER` names, or the one on the PATH, or what apt-get installs. Nothing is started. */
export async function getRedis(say: Say): Promise<Outcome<string>> {
  const found = findRedis();
  if (found) return { value: found, way: "found" };
  if (!isDebianRoot()) {
    throw new WarrenError("The tests of the Redis store need redis-server, and none is on the PATH", {
      remedy: "install Redis or Valkey, or name its server's program in WARREN_REDIS_SERVER",
    });
  }
  say("installing with apt-get");
  await aptInstall("Redis", ["redis-server"]);
  const installed = findRedis();
  if (installed) return { value: installed, way: "installed by apt-get" };
  throw new WarrenError("Redis was installed and redis-server is not on the PATH", { remedy: "name its program in WARREN_REDIS_SERVER" });
}

function findRedis(): string | undefined {
  return process.env["WARREN_REDIS_SERVER"] || which("redis-server") || which("valkey-server");
}
