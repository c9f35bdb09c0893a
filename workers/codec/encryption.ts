/** Encryption of bodies: AES-256-GCM, bound to the message's name. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { WorkerError } from "../errors.js";
import { MalformedError } from "./malformed.js";

export const AES = "aes-256-gcm";
/** The header that says which key a body is encrypted with. */
export const KEY_HEADER = "warren-key";

export interface EncryptionOptions {
  /**
   * Keys of 32 bytes by their ids. Ids go with the messages in clear. Leave an old key here until the last message that it encrypted is gone,
   * dead letters too; change the current one before it has encrypted 2^32 bodies, the limit for random nonces (NIST SP 800-38D, 8.3).
   */
  readonly keys: Readonly<Record<string, Buffer>>;
  /** The id of the key that encrypts. */
  readonly current: string;
  /** Whether bodies that come unencrypted are refused as malformed. @default false, so that encryption can be introduced under way */
  readonly required?: boolean;
}

const NONCE = 12;
const TAG = 16;

/** Throws a WorkerError where the keys are not usable. Never names a key, only its id. */
export function checkEncryption({ keys, current }: EncryptionOptions): void {
  for (const [id, key] of Object.entries(keys)) {
    if (Buffer.isBuffer(key) && key.length === 32) continue;
    const has = Buffer.isBuffer(key) ? `${key.length} bytes` : typeof key;
    throw new WorkerError("wrong-use", `The encryption key "${id}" is ${has}; allowed: a Buffer of 32 bytes`, {
      remedy: "make one with crypto.randomBytes(32)",
    });
  }
  if (!Object.hasOwn(keys, current)) {
    throw new WorkerError("wrong-use", `The current encryption key "${current}" is not among the keys; there are: ${idsOf(keys)}`);
  }
}

/** Nonce, encrypted body, tag; `inner` are the encodings that were applied before. */
export function encrypt(body: Buffer, { keys, current }: EncryptionOptions, name: string, inner: readonly string[]): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(AES, keys[current]!, nonce).setAAD(bound(name, current, inner));
  return Buffer.concat([nonce, cipher.update(body), cipher.final(), cipher.getAuthTag()]);
}

export function decrypt(
  body: Buffer,
  options: EncryptionOptions | undefined,
  keyId: unknown,
  name: string,
  inner: readonly string[],
): Buffer {
  if (!options) throw new MalformedError(`${AES}: no keys are configured here`);
  if (typeof keyId !== "string") throw new MalformedError(`${AES}: the header ${KEY_HEADER}, the key's id, is missing`);
  const key = Object.hasOwn(options.keys, keyId) ? options.keys[keyId] : undefined;
  if (!key) throw new MalformedError(`${AES}: there is no key ${JSON.stringify(keyId.slice(0, 100))}; there are: ${idsOf(options.keys)}`);
  if (body.length < NONCE + TAG) throw new MalformedError(`${AES}: ${body.length} bytes are too few, the body was cut off`);
  const decipher = createDecipheriv(AES, key, body.subarray(0, NONCE), { authTagLength: TAG })
    .setAAD(bound(name, keyId, inner))
    .setAuthTag(body.subarray(body.length - TAG));
  try {
    return Buffer.concat([decipher.update(body.subarray(NONCE, body.length - TAG)), decipher.final()]);
  } catch {
    throw new MalformedError(`${AES}: key "${keyId}" does not fit: another key, another message than "${name}", or changed bytes`);
  }
}

/** What the tag vouches for beside the body: nobody can pass it off as another message, or as compressed in another way. */
function bound(name: string, keyId: string, inner: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(["warren", 1, name, keyId, ...inner]));
}

const idsOf = (keys: object): string =>
  Object.keys(keys)
    .map((id) => JSON.stringify(id))
    .join(", ") || "none";
