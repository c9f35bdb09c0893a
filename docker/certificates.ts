/** A certificate authority, and what it signs: servers' certificates, and those of who connects; by the openssl command. */
import { execFile } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { WarrenError } from "../topology/errors.js";

const run = promisify(execFile);
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
/** What an authority needs to be taken for one, also by OpenSSL's strict checks. */
const AUTHORITY = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign", "subjectKeyIdentifier=hash"];

/** Both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

type OpenSsl = (...args: string[]) => Promise<void>;

/** In a folder of its own, which goes afterwards: keys are in files there for a moment. */
async function withOpenSsl<T>(work: (openssl: OpenSsl, folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "warren-certificates-"));
  try {
    return await work(async (...args) => {
      await run("openssl", args, { cwd: folder }).catch((error: NodeJS.ErrnoException & { stderr?: string }) => {
        throw new WarrenError(
          error.code === "ENOENT"
            ? "Certificates are made by the openssl command, and there is none."
            : `openssl ${args[0]} failed: ${(error.stderr ?? error.message).trim()}`,
          { remedy: "install openssl; or do without TLS: pulumi config set warren:tls false", exitCode: 2 },
        );
      });
    }, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param name what it calls itself: `Warren dev` */
export function makeAuthority(name: string, days: number): Promise<Certificate> {
  return withOpenSsl(async (openssl, folder) => {
    // A file of its own: what the system's openssl.cnf adds differs from machine to machine.
    const lines = ["[req]", "distinguished_name=name", "x509_extensions=ca", "[name]", "[ca]", ...AUTHORITY, ""];
    writeFileSync(join(folder, "ca.cnf"), lines.join("\n"));
    await openssl(
      "req",
      "-x509",
      "-config",
      "ca.cnf",
      ...KEY,
      "-days",
      String(days),
      "-subj",
      `/CN=${name}`,
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
    );
    const read = (file: string): string => readFileSync(join(folder, file), "utf8");
    return { cert: read("ca.pem"), key: read("ca.key") };
  });
}

/** `names` are host names and addresses as a certificate lists them: `DNS:localhost`, `IP:127.0.0.1`. */
export function makeServer(authority: Certificate, names: readonly string[], days: number): Promise<Certificate> {
  const extensions = [`subjectAltName=${names.join(",")}`, "extendedKeyUsage=serverAuth"];
  return sign(authority, (names[0] ?? "").replace(/^\w+:/, ""), extensions, days);
}

/** Of somebody who connects, and who is `name`. */
export function makeClient(authority: Certificate, name: string, days: number): Promise<Certificate> {
  return sign(authority, name, ["extendedKeyUsage=clientAuth"], days);
}

function sign(authority: Certificate, subject: string, extensions: readonly string[], days: number): Promise<Certificate> {
  return withOpenSsl(async (openssl, folder) => {
    writeFileSync(join(folder, "ca.pem"), authority.cert);
    writeFileSync(join(folder, "ca.key"), authority.key, { mode: 0o600 });
    writeFileSync(join(folder, "own.cnf"), "[req]\ndistinguished_name=name\n[name]\n");
    writeFileSync(join(folder, "own.ext"), [...extensions, "basicConstraints=CA:FALSE", ""].join("\n"));
    await openssl("req", "-new", "-config", "own.cnf", ...KEY, "-subj", `/CN=${subject}`, "-keyout", "own.key", "-out", "own.csr");
    const signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "own.ext"];
    await openssl("x509", "-req", "-in", "own.csr", ...signer, "-days", String(days), "-out", "own.pem");
    const read = (file: string): string => readFileSync(join(folder, file), "utf8");
    return { cert: read("own.pem"), key: read("own.key") };
  });
}

/** Why a certificate has to be made anew; `undefined` while it will do. It is renewed when a third of its time is left. */
export function staleness({ cert, key }: Certificate, authority: string, names: readonly string[], now: Date): string | undefined {
  let own: X509Certificate, ca: X509Certificate;
  try {
    own = new X509Certificate(cert);
    ca = new X509Certificate(authority);
    if (!own.checkPrivateKey(createPrivateKey(key))) return "its key is another one";
  } catch {
    return "it cannot be read";
  }
  if (!own.checkIssued(ca) || !own.verify(ca.publicKey)) return "another authority signed it";
  const has = new Set((own.subjectAltName ?? "").split(", ").map((name) => name.replace(/^IP Address:/, "IP:")));
  if (names.some((name) => !has.has(name))) return "it is for other names";
  const [from, to] = [Date.parse(own.validFrom), Date.parse(own.validTo)];
  if (now.getTime() > to - (to - from) / 3) return `it ends on ${new Date(to).toISOString().slice(0, 10)}`;
  return undefined;
}
