/** Password hashes as RabbitMQ keeps them: base64(salt4 ++ SHA256(salt4 ++ utf8(password))). */
import { createHash, createHmac, randomBytes } from "node:crypto";

/** What a hash was made with where nothing else is said. */
export const SHA256 = "rabbit_password_hashing_sha256";

const SALT_BYTES = 4;

/** The hash of a password with a salt of four bytes (source: `rabbit_password_hashing_sha256`). */
export function passwordHash(password: string, salt: Buffer): string {
  if (salt.length !== SALT_BYTES) throw new RangeError(`a salt has ${SALT_BYTES} bytes, not ${salt.length}`);
  const digest = createHash("sha256").update(salt).update(password, "utf8").digest();
  return Buffer.concat([salt, digest]).toString("base64");
}

/** The same four bytes for a user in every run, so that an unchanged password has an unchanged hash; different ones for different users. */
export function stableSalt(saltSecret: string, user: string): Buffer {
  return createHmac("sha256", saltSecret).update(user, "utf8").digest().subarray(0, SALT_BYTES);
}

/** A new random password of 32 characters that are safe in URLs (192 bits), with its hash. */
export function generatePassword(): { readonly password: string; readonly passwordHash: string } {
  const password = randomBytes(24).toString("base64url");
  return { password, passwordHash: passwordHash(password, randomBytes(SALT_BYTES)) };
}

const DIGESTS: Readonly<Record<string, string>> = {
  [SHA256]: "sha256",
  rabbit_password_hashing_sha512: "sha512",
  rabbit_password_hashing_md5: "md5",
};

/** Whether a hash that a broker keeps is of this password. `""` and a hash of an algorithm that is not RabbitMQ's own are of none. */
export function isPassword(password: string, hash: string, algorithm = SHA256): boolean {
  const digest = DIGESTS[algorithm];
  if (digest === undefined || hash === "") return false;
  const bytes = Buffer.from(hash, "base64");
  return createHash(digest).update(bytes.subarray(0, SALT_BYTES)).update(password, "utf8").digest().equals(bytes.subarray(SALT_BYTES));
}
