/** A certificate authority for one test, and what it signed: a server's certificate, and a client's; by the openssl command. */
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
  /** For who connects. */
  readonly client: { readonly cert: string; readonly key: string };
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
    writeFileSync(join(folder, "client.ext"), "extendedKeyUsage=clientAuth\n");
    const authority = ["-subj", "/CN=warren test authority", "-keyout", "ca.key", "-out", "ca.pem"];
    await openssl("req", "-x509", ...KEY, ...DAYS, ...authority);
    const sign = async (name: "server" | "client", subject: string): Promise<{ cert: string; key: string }> => {
      await openssl("req", ...KEY, "-subj", subject, "-keyout", `${name}.key`, "-out", `${name}.csr`);
      const signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", `${name}.ext`];
      await openssl("x509", "-req", "-in", `${name}.csr`, ...signer, ...DAYS, "-out", `${name}.pem`);
      return { cert: read(`${name}.pem`), key: read(`${name}.key`) };
    };
    const read = (name: string): string => readFileSync(join(folder, name), "utf8");
    const server = await sign("server", "/CN=warren test broker");
    return { ca: read("ca.pem"), ...server, client: await sign("client", "/CN=warren test client") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
