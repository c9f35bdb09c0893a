/** API keys: who somebody is and what they may do; only hashes are kept. */
import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { WorkerError } from "../../errors.js";
import type { Environment } from "../service.js";

/** Each may do what those before it may. */
export const ROLES = ["reader", "publisher", "admin"] as const;
export type Role = (typeof ROLES)[number];

export interface Holder {
  readonly id: string;
  readonly role: Role;
}

export const may = ({ role }: Holder, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);

const Entries = z.array(
  z.strictObject({ id: z.string().min(1), role: z.enum(ROLES), hash: z.string().regex(/^[0-9a-f]{64}$/, "SHA-256 in hexadecimal") }),
);

/** A key is random (`openssl rand -hex 32`), so that a plain hash gives nothing away: `printf %s "$KEY" | sha256sum`. */
export const hashOf = (key: string): string => createHash("sha256").update(key).digest("hex");

export class Keys {
  readonly #entries: readonly (Holder & { readonly hash: Buffer })[];

  constructor(entries: z.infer<typeof Entries>) {
    this.#entries = entries.map(({ id, role, hash }) => ({ id, role, hash: Buffer.from(hash, "hex") }));
  }

  /** Looks at all of them, so that the time does not tell which one is near. */
  holder(key: string | undefined): Holder | undefined {
    const hash = Buffer.from(hashOf(key ?? ""), "hex");
    let found: Holder | undefined;
    for (const { id, role, hash: known } of this.#entries) if (timingSafeEqual(known, hash)) found = { id, role };
    return key === undefined ? undefined : found;
  }
}

/** From `CGCG_API_KEYS_FILE`, else `CGCG_API_KEYS`: JSON `[{ "id", "role", "hash" }]`. Throws a `WorkerError`. */
export function keysFrom(environment: Environment): Keys {
  const file = environment["CGCG_API_KEYS_FILE"]?.trim();
  const name = file ? "CGCG_API_KEYS_FILE" : "CGCG_API_KEYS";
  const wrong = (why: string): WorkerError =>
    new WorkerError("wrong-use", `${name}: ${why}.`, {
      remedy: `give [{"id": "ops", "role": "admin", "hash": "SHA-256 of the key"}]; roles: ${ROLES.join(", ")}`,
    });
  let text: string | undefined;
  try {
    text = file ? readFileSync(file, "utf8") : environment["CGCG_API_KEYS"];
  } catch (error) {
    throw wrong(`"${file}" cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown fault"})`);
  }
  if (!text?.trim()) throw wrong("no API keys are given, so that nobody could use the API");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong("this is no JSON");
  }
  const parsed = Entries.safeParse(value);
  if (parsed.success) return new Keys(parsed.data);
  throw wrong(parsed.error.issues.map(({ path, message }) => `${path.join(".") || "whole"}: ${message}`).join("; "));
}
