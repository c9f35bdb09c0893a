/** The certificates of the dev broker: an authority that a checkout makes for itself once, in its ignored folder, and what it signs for each node. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeAuthority, makeServer, staleness, type Certificate } from "../docker/certificates.js";
import { LOCAL_FOLDER } from "./local-secrets.js";

/** Relative to the ignored folder, as the file with the stack's address names it. */
export const CA_FILE = join("tls", "ca.pem");

const AUTHORITY_DAYS = 3650;

export interface LocalCertificates {
  /** In the order of the servers. */
  readonly certificates: readonly (Certificate & { readonly ca: string })[];
  /** Where the authority's is, PEM; in a dry run, where it would be. */
  readonly caFile: string;
}

export interface CertificateOptions {
  readonly days: number;
  /** In a preview what has to be made is made, and not kept: what is up goes on with what there is. */
  readonly dryRun?: boolean;
  /** Told what is made, and why. */
  readonly onProgress?: (text: string) => void;
  /** @default now */
  readonly now?: Date;
}

/** The authority, if there is one. */
export function localAuthority(directory: string): { readonly caFile: string } | undefined {
  const caFile = join(directory, LOCAL_FOLDER, CA_FILE);
  return existsSync(caFile) ? { caFile } : undefined;
}

/**
 * The same in every run, until one is near its end or has to have other names. Throws a WarrenError if none can be made.
 * @param servers by the name of their files, the hosts that each is, beside this machine
 */
export async function localCertificates(
  directory: string,
  servers: Readonly<Record<string, readonly string[]>>,
  options: CertificateOptions,
): Promise<LocalCertificates> {
  const { days, now = new Date(), dryRun = false } = options;
  const folder = join(directory, LOCAL_FOLDER, "tls");
  if (!dryRun) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const authority = await kept(
    folder,
    "ca",
    (old) => staleness(old, old.cert, [], now),
    () => makeAuthority("Warren dev", AUTHORITY_DAYS),
    options,
  );
  const certificates: (Certificate & { readonly ca: string })[] = [];
  for (const [server, hosts] of Object.entries(servers)) {
    const names = [...hosts.map((host) => `DNS:${host}`), "DNS:localhost", "IP:127.0.0.1"];
    const why = (old: Certificate): string | undefined => staleness(old, authority.cert, names, now);
    certificates.push({ ...(await kept(folder, server, why, () => makeServer(authority, names, days), options)), ca: authority.cert });
  }
  return { certificates, caFile: join(folder, "ca.pem") };
}

/** What is in the files `NAME.pem` and `NAME.key`, or what is made in their place. */
async function kept(
  folder: string,
  name: string,
  stale: (old: Certificate) => string | undefined,
  make: () => Promise<Certificate>,
  { onProgress, dryRun }: CertificateOptions,
): Promise<Certificate> {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  if (existsSync(cert) && existsSync(key)) {
    const old = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
    const why = stale(old);
    if (why === undefined) return old;
    onProgress?.(`the certificate of ${name} is made anew: ${why}`);
  }
  const made = await make();
  if (dryRun) return made;
  // The key first: a run that is killed in between finds a pair that does not fit only where the certificate was renewed.
  replace(key, made.key);
  replace(cert, made.cert);
  return made;
}

function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
