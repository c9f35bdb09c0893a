/** A certificate authority for one test, and a server's certificate that it signed; by the openssl command. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
const DAYS = ["-days", "2"];

export interface Certificates {
  /** The authority's certificate, PEM. */
  readonly ca: string;
  /** The server's, PEM. */
  readonly cert: string;
  readonly key: string;
}

/** `names` are host names and addresses as a certificate lists them: `DNS:localhost`, `IP:127.0.0.1`. */
export async function makeCertificates(names: readonly string[]): Promise<Certificates> {
  const folder = mkdtempSync(join(tmpdir(), "warren-certificates-"));
  const openssl = (...args: string[]): Promise<unknown> =>
    run("openssl", args, { cwd: folder }).catch((error: NodeJS.ErrnoException) => {
      throw new Error(
        error.code === "ENOENT" ? "The test needs certificates, and there is no openssl command: install openssl." : error.message,
      );
    });
  try {
    writeFileSync(join(folder, "server.ext"), `subjectAltName=${names.join(",")}\nextendedKeyUsage=serverAuth\n`);
    const authority = ["-subj", "/CN=warren test authority", "-keyout", "ca.key", "-out", "ca.pem"];
    await openssl("req", "-x509", ...KEY, ...DAYS, ...authority);
    await openssl("req", ...KEY, "-subj", "/CN=warren test broker", "-keyout", "server.key", "-out", "server.csr");
    const signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "server.ext"];
    await openssl("x509", "-req", "-in", "server.csr", ...signer, ...DAYS, "-out", "server.pem");
    const read = (name: string): string => readFileSync(join(folder, name), "utf8");
    return { ca: read("ca.pem"), cert: read("server.pem"), key: read("server.key") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
