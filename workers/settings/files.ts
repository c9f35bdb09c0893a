/** Files that settings name: secrets, certificates, keys. What is in them never gets into an error. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { EncryptionOptions } from "../codec/index.js";
import { checkEncryption } from "../codec/encryption.js";
import type { Tls } from "../connection/address.js";
import { Problems } from "./problems.js";
import type { Values } from "./table.js";

const why = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).message;

/** The whole file, or a problem. */
function content(name: string, path: string, problems: Problems): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    return problems.add(
      `${name} is ${JSON.stringify(path)}, which cannot be read (${why(error)})`,
      "name a file that the worker's user may read",
    );
  }
}

/** The one line of a secret's file, without its line end. */
export function secretFrom(name: string, path: string, problems: Problems): string | undefined {
  const line = content(name, path, problems)
    ?.toString("utf8")
    .replace(/\r?\n$/, "");
  if (line === "") return problems.add(`${name} is ${JSON.stringify(path)}, which is empty`, "write the value into the file");
  return line;
}

/**
 * Certificates by their files, read again whenever they are asked for; while they cannot be used, as in the moment in which they are replaced,
 * those from before. `undefined` where none is named.
 */
export function tlsFrom(values: Values, problems: Problems): (() => Tls) | undefined {
  let last = readTls(values, problems);
  if (!last) return undefined;
  return () => {
    const doubts = new Problems();
    const now = readTls(values, doubts);
    return (last = now && doubts.none ? now : last!);
  };
}

function readTls(values: Values, problems: Problems): Tls | undefined {
  const pem = (name: "RABBITMQ_CA_FILE" | "RABBITMQ_CERT_FILE" | "RABBITMQ_KEY_FILE", label: RegExp, what: string): Buffer | undefined => {
    const path = values[name];
    const found = path === undefined ? undefined : content(name, path, problems);
    if (!found || label.test(found.toString("latin1"))) return found;
    return problems.add(
      `${name} is ${JSON.stringify(path)}, which holds no ${what} in PEM`,
      `name a file with "-----BEGIN ${what.toUpperCase()}-----"`,
    );
  };
  const ca = pem("RABBITMQ_CA_FILE", /-----BEGIN (TRUSTED )?CERTIFICATE-----/, "certificate");
  const cert = pem("RABBITMQ_CERT_FILE", /-----BEGIN CERTIFICATE-----/, "certificate");
  const key = pem("RABBITMQ_KEY_FILE", /-----BEGIN [A-Z ]*PRIVATE KEY-----/, "private key");
  const serverName = values.RABBITMQ_SERVER_NAME;
  for (const [one, other] of [
    ["RABBITMQ_CERT_FILE", "RABBITMQ_KEY_FILE"],
    ["RABBITMQ_KEY_FILE", "RABBITMQ_CERT_FILE"],
  ] as const) {
    if (values[one] !== undefined && values[other] === undefined) problems.add(`${one} is set and ${other} is not`, "set both, or none");
  }
  if (!ca && !cert && !key && serverName === undefined) return undefined;
  return { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}), ...(serverName === undefined ? {} : { serverName }) };
}

const keysFile = z.strictObject({
  current: z.string(),
  keys: z.record(z.string(), z.base64()),
  required: z.boolean().optional(),
});

/** The keys for bodies; `undefined` where no file is named. */
export function encryptionFrom({ WARREN_ENCRYPTION_KEYS_FILE: path }: Values, problems: Problems): EncryptionOptions | undefined {
  const name = "WARREN_ENCRYPTION_KEYS_FILE";
  const found = path === undefined ? undefined : content(name, path, problems);
  if (!found) return undefined;
  const remedy = 'write {"current": "2026-01", "keys": {"2026-01": "<base64 of 32 bytes>"}}; a key: openssl rand -base64 32';
  let json: unknown;
  try {
    json = JSON.parse(found.toString("utf8"));
  } catch {
    // The parser's own sentence quotes the file.
    return problems.add(`${name} is ${JSON.stringify(path)}, which is no JSON`, remedy);
  }
  const parsed = keysFile.safeParse(json);
  if (!parsed.success) {
    const places = parsed.error.issues.map((issue) => issue.path.join(".") || "the whole");
    return problems.add(`${name} is ${JSON.stringify(path)}, which does not have the right form at: ${places.join(", ")}`, remedy);
  }
  const { current, required } = parsed.data;
  const keys = Object.fromEntries(Object.entries(parsed.data.keys).map(([id, key]) => [id, Buffer.from(key, "base64")]));
  const encryption: EncryptionOptions = { current, keys, ...(required === undefined ? {} : { required }) };
  try {
    checkEncryption(encryption);
  } catch (error) {
    return problems.add(`${name} is ${JSON.stringify(path)}: ${(error as Error).message.split("\n")[0]}`, remedy);
  }
  return encryption;
}
