/** Authorities that are trusted by configuration, beside the one that a certificate comes with. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { WarrenError } from "../topology/errors.js";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a file, PEM; whatever else is in it, a key too, is left out. Throws a WarrenError (exit code 2) if it holds none. */
export function readAuthorities(file: string, directory: string): string {
  const wrong = (why: string, cause?: unknown): WarrenError =>
    new WarrenError(`warren:kubernetes.tls.authorities: ${JSON.stringify(file)} ${why}.`, {
      remedy: "name files with certificates in PEM, relative to the project's folder",
      exitCode: 2,
      cause,
    });
  let found: readonly string[];
  try {
    found = readFileSync(resolve(directory, file), "utf8").match(CERTIFICATE) ?? [];
  } catch (error) {
    throw wrong("cannot be read", error);
  }
  if (found.length === 0) throw wrong("holds no certificate in PEM");
  try {
    for (const pem of found) new X509Certificate(pem);
  } catch (error) {
    throw wrong("holds something that is no certificate", error);
  }
  return found.join("\n");
}
