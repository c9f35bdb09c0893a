/** Secrets that a checkout makes for itself, once, in its ignored folder: who may read them is only their owner. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "../topology/errors.js";

export const LOCAL_FOLDER = ".warren";

/** The text in `.warren/NAME`; made there, of 192 random bits, if there is none. Throws a WarrenError if the file cannot be used. */
export function localSecret(directory: string, name: string): string {
  const file = join(directory, LOCAL_FOLDER, name);
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

const unusable = (file: string, why: string | undefined): WarrenError =>
  new WarrenError(`"${file}" cannot be used (${why ?? "unknown fault"}).`, {
    remedy: "see to the rights on its folder and to the space on the disk; without the file a new secret is made",
    exitCode: 2,
  });
