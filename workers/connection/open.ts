/** Opens one AMQP connection, as everything here opens it. */
import amqp, { type ChannelModel } from "amqplib";
import type { Address, Credentials, Tls } from "./address.js";

export interface OpenOptions {
  readonly address: Address;
  readonly vhost: string;
  readonly credentials: Credentials;
  readonly tls?: Tls | undefined;
  /** Seconds. */
  readonly heartbeat: number;
  /** Milliseconds. */
  readonly timeout: number;
  /** Shown in the broker's list of connections. */
  readonly name: string;
}

/** Without a delay small frames go at once; with room for many, one system call takes a whole turn's. Node's socket knows the last, amqplib's types do not. */
const SOCKET = { noDelay: true, writableHighWaterMark: 256 * 1024 } as const;

/** Throws what amqplib throws. */
export function openConnection({ address, vhost, credentials, tls, heartbeat, timeout, name }: OpenOptions): Promise<ChannelModel> {
  const { protocol, hostname, port } = address;
  const { ca, cert, key, passphrase, serverName } = tls ?? {};
  return amqp.connect(
    { protocol, hostname, port, vhost, heartbeat, ...credentials },
    {
      ...SOCKET,
      timeout,
      ...(ca === undefined ? {} : { ca: [ca] }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(passphrase === undefined ? {} : { passphrase }),
      // Without one amqplib takes the host, which is no name where it is an address.
      ...(protocol === "amqps" && serverName !== undefined ? { servername: serverName } : {}),
      clientProperties: { connection_name: name, product: "warren" },
    },
  );
}

/** Faults of certificates do not mend themselves. */
export const isTlsFault = (error: unknown): boolean =>
  /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|ERR_OSSL)/.test(
    (error as { readonly code?: string }).code ?? "",
  );
