/** Names in Kubernetes for what RabbitMQ calls as it likes: valid, stable, and different for different things. */
import { createHash } from "node:crypto";

/** What of a name people read; with the hash it is a DNS label, and leaves room for what controllers append. */
const READABLE = 40;
const HASH = 12;

/**
 * A DNS label (RFC 1123): the words as far as they may stand in one, and 48 bits of a hash of all of them, always, so that what is hashed cannot be written by
 * another name. Pinned by a test: another name would delete the object and make it anew.
 *
 * @example resourceName("Queue", "contextiq", "extraction.requests") // "contextiq-extraction-requests-0123456789ab"
 */
export function resourceName(kind: string, ...words: readonly string[]): string {
  const readable = words
    .join("-")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, READABLE)
    .replace(/^-+|-+$/g, "");
  const hash = createHash("sha256")
    .update(JSON.stringify([kind, ...words]))
    .digest("hex")
    .slice(0, HASH);
  return `${readable === "" ? kind.toLowerCase() : readable}-${hash}`;
}
