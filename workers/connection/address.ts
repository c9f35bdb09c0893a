/** Where the broker is and who the worker is there: addresses, credentials, TLS. */
import { WorkerError } from "../errors.js";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface Tls {
  /** Certificate authorities, PEM. @default those of Node */
  readonly ca?: string | Buffer;
  /** The worker's own certificate and key, PEM. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly passphrase?: string;
  /** Name in the broker's certificate. @default the host of the address */
  readonly serverName?: string;
}

export interface Address {
  readonly protocol: "amqp" | "amqps";
  readonly hostname: string;
  readonly port: number;
  /** Of the address itself, if it has them. */
  readonly credentials?: Credentials;
  readonly vhost?: string;
}

/** Reads `amqp://user:password@host:5672/vhost`. An error never prints the password. */
export function parseAddress(url: string): Address {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new WorkerError("wrong-use", "The broker's address is no URL.", {
      remedy: "write amqp://host:5672/vhost or amqps://host:5671/vhost",
    });
  }
  const protocol = parsed.protocol.slice(0, -1);
  if (protocol !== "amqp" && protocol !== "amqps")
    throw new WorkerError("wrong-use", `The broker's address begins with "${parsed.protocol}//".`, {
      remedy: "it begins with amqp:// or amqps://",
    });
  const path = parsed.pathname.slice(1);
  return {
    protocol,
    hostname: parsed.hostname.replace(/^\[|\]$/g, "") || "127.0.0.1",
    port: parsed.port === "" ? (protocol === "amqps" ? 5671 : 5672) : Number(parsed.port),
    ...(parsed.username === ""
      ? {}
      : { credentials: { username: decodeURIComponent(parsed.username), password: decodeURIComponent(parsed.password) } }),
    ...(path === "" ? {} : { vhost: decodeURIComponent(path) }),
  };
}

/** For messages: no credentials. */
export const shown = ({ protocol, hostname, port }: Address): string =>
  `${protocol}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
