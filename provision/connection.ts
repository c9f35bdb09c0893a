/** How a resource of Warren's own reaches the broker: plain data that can be kept, encrypted, in the state. */
import { readFileSync } from "node:fs";
import { Management } from "../broker/management.js";
import { WarrenError } from "../topology/errors.js";

export interface Connection {
  /** Of the management API: `http://host:15672`. */
  readonly endpoint: string;
  readonly username: string;
  readonly password: string;
  /** Path of the certificate authorities to trust, PEM. */
  readonly caFile?: string;
  /** Path of the client certificate, PEM. */
  readonly certFile?: string;
  /** Path of its key, PEM. */
  readonly keyFile?: string;
}

function pem(file: string | undefined, what: string): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new WarrenError(`The ${what} "${file}" cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown fault"}).`, {
      remedy: "check the path in the configuration, and who may read it",
      exitCode: 2,
    });
  }
}

/** A client for it. */
export function managementOf({ endpoint, username, password, caFile, certFile, keyFile }: Connection): Management {
  const ca = pem(caFile, "certificate authority");
  const cert = pem(certFile, "client certificate");
  const key = pem(keyFile, "client key");
  return new Management({ endpoint, username, password, ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) });
}
