/** A topology as a git revision has it: `main:topology/orders.ts`, `HEAD~1:./orders.ts#billing`. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { WarrenError } from "../topology/errors.js";
import { nearest } from "../topology/nearest.js";
import { loadTopology, type Loaded } from "./load.js";

export interface Revision {
  readonly revision: string;
  /** From the root of the repository, or from the folder one is in if it begins with `./` or `../`. */
  readonly path: string;
  /** One of the file's exports. */
  readonly exported: string | undefined;
}

/** `undefined` for what is no such form: a file of that name, a drive's letter. */
export function revisionOf(spec: string, cwd: string): Revision | undefined {
  const match = /^([^:]{2,}|@|[^:A-Za-z]):([^#]+)(?:#(.*))?$/s.exec(spec);
  if (!match || existsSync(resolve(cwd, spec)) || existsSync(resolve(cwd, spec.replace(/#[^#]*$/, "")))) return undefined;
  const [, revision = "", path = "", exported] = match;
  return { revision, path, exported };
}

function git(cwd: string, words: readonly string[], more: Readonly<Record<string, string>> = {}): string {
  try {
    return execFileSync("git", words, {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 1 << 28,
      env: { ...process.env, ...more },
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || !existsSync(cwd)) throw error;
    throw new WarrenError("git is not installed, so no revision can be read.", {
      remedy: "install git, or give files: warren diff old.ts new.ts",
      exitCode: 2,
      cause: error,
    });
  }
}

/** `undefined` where git says no. */
function ask(cwd: string, words: readonly string[]): string | undefined {
  try {
    return git(cwd, words).trimEnd();
  } catch (error) {
    if (error instanceof WarrenError) throw error;
    return undefined;
  }
}

const lines = (text: string | undefined): string[] => (text ?? "").split("\n").filter((line) => line !== "");

function noRevision(cwd: string, revision: string): WarrenError {
  const names = lines(ask(cwd, ["for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes"]));
  const near = nearest(revision, names);
  return new WarrenError(`git knows no revision "${revision}" here.`, {
    allowed: names.slice(0, 20),
    remedy: near === undefined ? "name a branch, a tag, a commit, or one before it: HEAD~1" : `did you mean "${near}"?`,
    exitCode: 2,
  });
}

const commitIn = (cwd: string, revision: string): string | undefined =>
  ask(cwd, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`]) || undefined;

/** The commit that a file of a revision is of; `undefined` for everything else. */
export function commitOf(spec: string, cwd: string): string | undefined {
  const revision = revisionOf(spec, cwd)?.revision;
  return revision === undefined ? undefined : commitIn(cwd, revision);
}

/** The revision is there, and has no such file. */
export class MissingFile extends WarrenError {}

function noFile(root: string, commit: string, revision: string, path: string): WarrenError {
  const files = lines(ask(root, ["ls-tree", "-r", "--name-only", commit])).filter((file) => /\.([cm]?[jt]s|json)$/.test(file));
  const near = files.find((file) => file.endsWith(`/${path.replace(/^(\.\.?\/)+/, "")}`)) ?? nearest(path, files);
  return new MissingFile(`Revision "${revision}" has no file "${path}".`, {
    remedy: `${near === undefined ? "" : `did you mean "${revision}:${near}"? Otherwise `}name it from the root of the repository, or with ./ from this folder`,
    exitCode: 2,
  });
}

/** Packages are those that are installed now: the revision's files find them where they lie beside these. */
function linkPackages(root: string, copy: string, folder: string): void {
  const within = relative(root, folder).split(sep).filter(Boolean);
  for (let depth = 0; depth <= within.length; depth++) {
    const [from, to] = [root, copy].map((base) => join(base, ...within.slice(0, depth), "node_modules")) as [string, string];
    if (existsSync(from) && existsSync(dirname(to)) && !existsSync(to)) symlinkSync(from, to, "junction");
  }
  // A repository may lie within a folder with packages.
  for (let above = dirname(root); !existsSync(join(copy, "node_modules")) && above !== dirname(above); above = dirname(above))
    if (existsSync(join(above, "node_modules"))) symlinkSync(join(above, "node_modules"), join(copy, "node_modules"), "junction");
}

/**
 * Loads the file with all files of the revision around it, in a folder of its own; the working tree and git's index stay as they are.
 * Throws a WarrenError (exit code 2) if there is no git, no repository, no such revision or no such file.
 */
export async function loadRevision({ revision, path, exported }: Revision, cwd: string): Promise<Loaded> {
  const top = ask(cwd, ["rev-parse", "--show-toplevel"]);
  if (top === undefined || top === "") {
    throw new WarrenError(`"${revision}:${path}" names a git revision, and this is no git repository.`, {
      remedy: "run it in the repository, or give files: warren diff old.ts new.ts",
      exitCode: 2,
    });
  }
  const root = realpathSync(top);
  const commit = commitIn(cwd, revision);
  if (commit === undefined) throw noRevision(cwd, revision);
  const fromRoot = /^\.\.?\//.test(path) ? relative(root, resolve(realpathSync(cwd), path)) : path;
  const name = fromRoot.split(sep).join("/");
  if (ask(root, ["cat-file", "-t", `${commit}:${name}`]) !== "blob") throw noFile(root, commit, revision, path);
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "warren-revision-"));
  try {
    const copy = join(folder, "files");
    mkdirSync(copy);
    const index = { GIT_INDEX_FILE: join(folder, "index") };
    git(root, ["read-tree", commit], index);
    git(root, ["checkout-index", "--all", "--quiet", `--prefix=${copy}/`], index);
    linkPackages(root, copy, dirname(join(root, fromRoot)));
    const { value } = await loadTopology(exported === undefined ? name : `${name}#${exported}`, copy);
    return { label: `${revision}:${path}`, value };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
