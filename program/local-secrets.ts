/** Secrets that a checkout makes for itself, once, in its ignored folder: who may read them is only their owner. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { WarrenError } from "../topology/errors.js";

export const LOCAL_FOLDER = ".warren";

/** The commands of the checkout say it where the state is in a backend that others use too (`PULUMI_BACKEND_URL`). */
export const isStateShared = (): boolean => process.env["WARREN_SHARED_STATE"] === "true";

/** Those that may stand in the configuration instead. */
const CONFIGURED = new Map([
  ["salt", "salt"],
  ["admin-password", "adminPassword"],
]);

/**
 * The text in `.warren/NAME`; made there, of 192 random bits, if there is none. Throws a WarrenError if the file cannot be used; and if it would have to be
 * made where the state is shared: each checkout would change what the others have.
 */
export function localSecret(directory: string, name: string): string {
  const file = join(directory, LOCAL_FOLDER, name);
  if (isStateShared() && !existsSync(file)) throw missing(name);
  try {
    mkdirSync(join(directory, LOCAL_FOLDER), { recursive: true });
    // Fails if it is there, also if another run has just made it.
    writeFileSync(file, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "EEXIST") throw unusable(file, code);
  }
  try {
    const text = readFileSync(file, "utf8").trim();
    if (text !== "") return text;
  } catch (error) {
    throw unusable(file, (error as NodeJS.ErrnoException).code);
  }
  throw unusable(file, "it is empty");
}

function missing(name: string): WarrenError {
  const key = CONFIGURED.get(name);
  return new WarrenError(
    `There is no ${LOCAL_FOLDER}/${name}, and it is not made here: the stack's state is shared, and whoever shares it needs the same.`,
    {
      remedy:
        key === undefined
          ? `once: openssl rand -base64 24 > ${LOCAL_FOLDER}/${name}; the others get a copy of the file`
          : `once, into the stack's configuration: WARREN_STACK=${pulumi.getStack()} npm run pulumi -- config set --secret warren:${key} "$(openssl rand -base64 24)"`,
      exitCode: 2,
    },
  );
}

const unusable = (file: string, why: string | undefined): WarrenError =>
  new WarrenError(`"${file}" cannot be used (${why ?? "unknown fault"}).`, {
    remedy: "see to the rights on its folder and to the space on the disk; without the file a new secret is made",
    exitCode: 2,
  });
