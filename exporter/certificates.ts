/** When the certificate of a TLS endpoint expires: by a handshake, whatever it says, so that one that has expired is told as well. */
import { isIP } from "node:net";
import { connect, type DetailedPeerCertificate } from "node:tls";
import { shownAddress } from "../broker/faults.js";
import { WarrenError } from "../topology/errors.js";

export interface CertificateEndpoint {
  readonly host: string;
  readonly port: number;
  /** `amqps://host:5671`, without credentials. */
  readonly label: string;
}

export interface CertificateTls {
  readonly ca?: string;
  /** For a broker that asks for one. */
  readonly cert?: string;
  readonly key?: string;
}

const PORTS: Readonly<Record<string, number>> = { "amqps:": 5671, "https:": 443 };
const HANDSHAKE_MS = 5_000;

/** Reads `amqps://host:5671` or `https://host:15671`. Throws a WarrenError (exit code 2). */
export function certificateEndpoint(text: string): CertificateEndpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const usual = url && PORTS[url.protocol];
  if (!url || usual === undefined || url.hostname === "") {
    throw new WarrenError(`"${shownAddress(text)}" is no address with a certificate.`, {
      allowed: ["amqps://host:5671", "https://host:15671"],
      exitCode: 2,
    });
  }
  const port = url.port === "" ? usual : Number(url.port);
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port, label: `${url.protocol}//${url.hostname}:${port}` };
}

/** Of a certificate and those that signed it, as far as they were presented or are trusted: the first that expires. Seconds since 1970. */
export function firstExpiry(certificate: DetailedPeerCertificate): number {
  let first = Infinity;
  const seen = new Set<DetailedPeerCertificate>();
  for (let at: DetailedPeerCertificate | undefined = certificate; at && !seen.has(at); at = at.issuerCertificate) {
    seen.add(at);
    const expires = Date.parse(at.valid_to);
    if (!Number.isNaN(expires)) first = Math.min(first, expires / 1000);
  }
  return first;
}

/** Seconds since 1970. Rejects if no certificate was presented in time. */
export function expiryOf({ host, port, label }: CertificateEndpoint, tls: CertificateTls = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ host, port, ...name, ...tls, rejectUnauthorized: false });
    const done = (settle: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const fail = (why: string) => done(() => reject(new Error(`No certificate of ${label} can be seen: ${why}.`)));
    const timer = setTimeout(() => fail(`no handshake within ${HANDSHAKE_MS / 1000} s`), HANDSHAKE_MS);
    socket.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    socket.on("close", () => fail("the connection was closed"));
    socket.once("secureConnect", () => {
      const expiry = firstExpiry(socket.getPeerCertificate(true));
      if (Number.isFinite(expiry)) done(() => resolve(expiry));
      else fail("the handshake brought none");
    });
  });
}
