/** The first bytes of a connection to an AMQP port: which versions of TLS it takes, whose certificate it shows, whether AMQP answers. */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type PeerCertificate, type SecureVersion, type TLSSocket } from "node:tls";

export interface Handshake {
  /** Whether AMQP answered. */
  readonly amqp: boolean;
  /** Why there was no connection, or no answer. */
  readonly fault?: string;
  /** As agreed upon: `TLSv1.3`. */
  readonly protocol?: string;
  readonly certificate?: PeerCertificate;
}

interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** With the standard port of the protocol, if none is named. */
export function addressOf(url: string): Address {
  const { hostname, port, protocol } = new URL(url);
  return { hostname: hostname.replace(/^\[|\]$/g, ""), port: Number(port) || (protocol === "amqps:" ? 5671 : 5672) };
}

/** The header of the protocol, version 0-9-1; the broker answers with its first method, in a frame of type 1. */
const HEADER = Buffer.from("AMQP\0\0\x09\x01", "latin1");

function answer(socket: Socket, ready: "connect" | "secureConnect", ms: number, seen: () => Partial<Handshake>): Promise<Handshake> {
  return new Promise((resolve) => {
    // What was agreed upon can be asked for while the connection lasts.
    let agreed: Partial<Handshake> = {};
    const end = (result: Handshake): void => {
      resolve(result);
      socket.destroy();
    };
    socket.setTimeout(ms, () => end({ ...agreed, amqp: false, fault: `no answer within ${ms / 1000} s` }));
    socket.on("error", (error: NodeJS.ErrnoException) => end({ ...agreed, amqp: false, fault: error.code ?? error.message }));
    socket.on("close", () => end({ ...agreed, amqp: false, fault: "the connection was closed without an answer" }));
    socket.once(ready, () => {
      agreed = seen();
      socket.write(HEADER);
    });
    socket.once("data", (bytes: Buffer) => {
      const amqp = bytes[0] === 1;
      end({ ...agreed, amqp, ...(amqp ? {} : { fault: "the answer is not AMQP" }) });
    });
  });
}

/** AMQP without TLS. */
export function plain(url: string, ms: number): Promise<Handshake> {
  const { hostname: host, port } = addressOf(url);
  return answer(connectTcp({ host, port }), "connect", ms, () => ({}));
}

export interface TlsOptions {
  /** Only this version is offered. @default all that are not outdated */
  readonly version?: SecureVersion;
  /** Authorities that have to have signed the certificate. `undefined`: it is not verified. */
  readonly verify?: { readonly ca: string | undefined };
  /** Certificate and key of the client, PEM, for brokers that ask for one. */
  readonly client?: { readonly cert?: string; readonly key?: string };
}

/** AMQP over TLS. Old versions are offered with every cipher that they have: whether the broker refuses must not depend on this side. */
export function overTls(url: string, ms: number, { version, verify, client }: TlsOptions): Promise<Handshake> {
  const { hostname: host, port } = addressOf(url);
  const socket: TLSSocket = connectTls({
    ...{ host, port, rejectUnauthorized: verify !== undefined },
    ...client,
    ...(isIP(host) ? {} : { servername: host }),
    ...(verify?.ca === undefined ? {} : { ca: verify.ca }),
    ...(version === undefined ? {} : { minVersion: version, maxVersion: version, ciphers: "ALL:@SECLEVEL=0" }),
  });
  return answer(socket, "secureConnect", ms, () => ({
    protocol: socket.getProtocol() ?? "unknown",
    certificate: socket.getPeerCertificate(),
  }));
}
