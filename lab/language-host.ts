/** The helpers that the engine calls for Node programs: the official ones where the engine brought them, else the lab's own beside it. */
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { which } from "./command.js";
import { type Engine } from "./engine.js";
import { cacheFolder } from "./places.js";
import { type Outcome } from "./steps.js";
import { versions } from "./versions.js";

const hostName = "pulumi-language-nodejs";
const dynamicName = "pulumi-resource-pulumi-nodejs";
const ownMark = "language-host.cjs";

/** The engine starts both in the program's folder, so they use the SDK that the program itself uses and need nothing of a checkout. */
const shims = {
  [hostName]: `#!/bin/sh\nexec node "$(dirname "$(readlink -f "$0")")/${ownMark}" "$@"\n`,
  [dynamicName]:
    '#!/bin/sh\nexec node -e \'require(require.resolve("@pulumi/pulumi/cmd/dynamic-provider", { paths: [process.cwd()] }))\' dynamic-provider "$@"\n',
};

/** Gives a folder to put on PATH if the engine would not find its helpers by itself. */
export function getLanguageHost(engine: Engine): Outcome<string | undefined> {
  const beside = dirname(realpathSync(engine.program));
  const brought = existsSync(join(beside, hostName)) && !existsSync(join(beside, ownMark));
  if (brought || (!engine.ours && which(hostName))) return { value: undefined, way: "found" };
  // Beside the engine they are bundled ones for it, and it takes them without a warning.
  const folder = engine.ours ? beside : join(cacheFolder(), `language-host-${versions.engine.pinned}`);
  mkdirSync(folder, { recursive: true });
  const files = { ...shims, [ownMark]: readFileSync(join(__dirname, ownMark), "utf8") };
  const written = Object.entries(files).filter(([name, content]) => put(join(folder, name), content));
  return { value: folder === beside ? undefined : folder, way: written.length > 0 ? "installed (Warren's own)" : "found (Warren's own)" };
}

/** Writes an executable unless it is there already as it should be; another process that reads it meanwhile sees the old or the new one. */
function put(file: string, content: string): boolean {
  if (existsSync(file) && readFileSync(file, "utf8") === content) return false;
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, content);
  chmodSync(fresh, 0o755);
  renameSync(fresh, file);
  return true;
}
