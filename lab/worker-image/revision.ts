/** Where the image's source is, as labels. */
import { run } from "../command.js";
import { checkout } from "../places.js";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly repository?: string | { readonly url?: string };
}

const git = async (...args: readonly string[]): Promise<string | undefined> => {
  const answer = await run("git", ["-C", checkout, ...args]);
  return answer.code === 0 ? answer.stdout.trim() : undefined;
};

/**
 * An address for everybody to read: without the user and the password that a remote may have, in the form of the web. `undefined` for
 * one that nobody else can follow, such as a folder.
 */
export function publicAddress(address: string): string | undefined {
  const ssh = /^[\w.-]+@([\w.-]+):(.+)$/.exec(address);
  const web = ssh ? `https://${ssh[1]}/${ssh[2]}` : address.replace(/^git\+/, "");
  if (!URL.canParse(web)) return undefined;
  const url = new URL(web);
  if (!/^(https?|ssh|git):$/.test(url.protocol)) return undefined;
  url.username = "";
  url.password = "";
  return url.href.replace(/\.git$/, "");
}

/** `-dirty` behind the commit: it does not have all that was built. */
export async function sourceLabels({ name, version, repository }: Manifest): Promise<Readonly<Record<string, string>>> {
  const [commit, changes, remote] = await Promise.all([
    git("rev-parse", "HEAD"),
    git("status", "--porcelain"),
    git("remote", "get-url", "origin"),
  ]);
  const told = typeof repository === "string" ? repository : repository?.url;
  return {
    "org.opencontainers.image.revision": commit === undefined ? "unknown" : `${commit}${changes ? "-dirty" : ""}`,
    // Without an address of its repository the package names itself.
    "org.opencontainers.image.source": publicAddress(told || remote || "") ?? `pkg:npm/${name}@${version}`,
  };
}
