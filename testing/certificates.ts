/** A certificate authority for one test, and what it signed: a server's certificate, and a client's. */
import { makeAuthority, makeClient, makeServer, type Certificate } from "../docker/certificates.js";

const DAYS = 2;

export interface Certificates {
  /** The authority's certificate, PEM. */
  readonly ca: string;
  /** The server's, PEM. */
  readonly cert: string;
  readonly key: string;
  /** For who connects. */
  readonly client: Certificate;
}

/** `names` are host names and addresses as a certificate lists them: `DNS:localhost`, `IP:127.0.0.1`. */
export async function makeCertificates(names: readonly string[]): Promise<Certificates> {
  const authority = await makeAuthority("warren test authority", DAYS);
  const [server, client] = [await makeServer(authority, names, DAYS), await makeClient(authority, "warren test client", DAYS)];
  return { ca: authority.cert, ...server, client };
}
