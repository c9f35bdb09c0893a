/** What goes wrong between Warren and the management API, in words for the one who has to put it right. Never with a credential. */
import { WarrenError } from "../topology/errors.js";
import { withoutSecretParameters } from "../topology/secret-names.js";

/** A WarrenError of the management API; code decides by `kind` and `status`, people read the message. */
export class BrokerError extends WarrenError {
  /**
   * unreachable: no answer; tls: no trusted connection; not-rabbitmq: something else answers; credentials: unknown user or wrong password;
   * permission: the user may not; not-found; refused: the broker does not want the request as it is; version: the broker is too old;
   * failed: the broker itself has a fault.
   */
  readonly kind: "unreachable" | "tls" | "not-rabbitmq" | "credentials" | "permission" | "not-found" | "refused" | "version" | "failed";
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** The broker's own words, where it gave any. */
  readonly reason: string | undefined;

  constructor(
    kind: BrokerError["kind"],
    fault: string,
    remedy: string,
    details: { readonly status?: number; readonly reason?: string; readonly cause?: unknown } = {},
  ) {
    const exitCode = ["unreachable", "tls", "not-rabbitmq", "credentials", "version"].includes(kind) ? 2 : 1;
    super(fault, { remedy, exitCode, ...(details.cause === undefined ? {} : { cause: details.cause }) });
    this.kind = kind;
    this.status = details.status;
    this.reason = details.reason;
  }
}

/** Who asked what of whom; nothing in it is secret. */
export interface Asked {
  /** Without credentials. */
  readonly endpoint: string;
  readonly username: string;
  readonly method: string;
  /** Encoded, from `/api/` on. */
  readonly path: string;
}

/** `PUT queues / warren / a/b`: a path as people read it. */
function readable({ method, path }: Asked): string {
  const [plain = ""] = path.split("?");
  return `${method} ${plain
    .replace(/^\/api\//, "")
    .split("/")
    .map(decode)
    .join(" / ")}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Takes user and password out of every URL in a text, a password with raw `/` or `@` in it too; hides secrets in its query. */
export const withoutCredentials = (text: string): string =>
  withoutSecretParameters(text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s"']*@/gi, "$1"));

/** An address as a user gave it, maybe misspelt, up to the host: nothing of what may be a password stays. */
export const shownAddress = (text: string): string => withoutSecretParameters(text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, "$1"));

const TLS_REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|DEPTH_ZERO/,
    "give the certificate authority that signed the broker's certificate (ca), in PEM form",
  ],
  [
    /PEM/,
    "the certificate authority, certificate or key that was given is no PEM: give the text of the file, BEGIN and END lines included",
  ],
  [/CERT_HAS_EXPIRED/, "renew the broker's certificate"],
  [/CERT_NOT_YET_VALID/, "compare the clocks: the broker's certificate is not valid yet"],
  [/ALTNAME/, "use a host name that the broker's certificate holds, or have it issued for this one"],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH/, "this port does not speak TLS: use http://, or the port of the TLS listener (15671)"],
  [
    /CERTIFICATE_REQUIRED|BAD_CERTIFICATE|HANDSHAKE_FAILURE|UNKNOWN_CA/,
    "the broker asks for a client certificate: give one that it trusts (cert and key)",
  ],
];

function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    // Connecting to a name with several addresses fails once for each.
    if (at instanceof AggregateError && at.errors.length > 0) return codeOf(at.errors[0]);
    const code = (at as NodeJS.ErrnoException).code;
    if (code !== undefined) return code;
  }
  return "";
}

/** Faults of a connection that a second try may not meet; nothing of the request was answered. */
export const isConnectionFault = (error: unknown): boolean =>
  /^(ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|EAI_AGAIN|UND_ERR_SOCKET|UND_ERR_CONNECT_TIMEOUT)$/.test(codeOf(error));

/** For a request that got no answer. */
export function connectionFault(error: unknown, { endpoint }: Asked): BrokerError {
  const code = codeOf(error);
  const cause = error;
  const tls = TLS_REMEDIES.find(([pattern]) => pattern.test(code));
  if (tls) return new BrokerError("tls", `No trusted TLS connection to ${endpoint} (${code}).`, tls[1], { cause });
  if (/^(ERR_SSL|ERR_TLS|EPROTO|ERR_OSSL)/.test(code)) {
    return new BrokerError("tls", `No TLS connection to ${endpoint} (${code}).`, "check the certificates and that the port speaks TLS", {
      cause,
    });
  }
  // Its code is missing for an answer that does not begin as HTTP does.
  if (code.startsWith("HPE_") || (error as Error | undefined)?.name === "HTTPParserError") {
    return new BrokerError(
      "not-rabbitmq",
      `What answers at ${endpoint} does not speak HTTP.`,
      "give the port of the management API (15672, with TLS 15671), not the AMQP port; https:// if it speaks TLS",
      { cause },
    );
  }
  const why: Record<string, string> = {
    ECONNREFUSED: "nothing listens there",
    ENOTFOUND: "the host name does not exist",
    EAI_AGAIN: "the host name could not be looked up",
    ECONNRESET: "the connection was closed without an answer",
    UND_ERR_SOCKET: "the connection was closed without an answer",
    EHOSTUNREACH: "no way leads to the host",
    UND_ERR_CONNECT_TIMEOUT: "the host does not take the connection in time",
    UND_ERR_HEADERS_TIMEOUT: "no answer in time",
    UND_ERR_BODY_TIMEOUT: "the answer stopped half-way",
  };
  // A TLS listener closes on plain HTTP, and on a client without the certificate that it asks for.
  const closed = code === "ECONNRESET" || code === "UND_ERR_SOCKET";
  const hint = endpoint.startsWith("https:")
    ? "if it asks for a client certificate, give cert and key"
    : "if it speaks TLS, write https:// (port 15671)";
  return new BrokerError(
    "unreachable",
    `No broker answers at ${endpoint}: ${why[code] ?? (code || "the connection failed")}.`,
    "start the broker (npm run up), or name another: --broker URL, or WARREN_BROKER_URL; its management plugin has to be enabled; " +
      "for an amqp:// address it is looked for at that port + 10000" +
      (closed ? `; ${hint}` : ""),
    { cause },
  );
}

/** The reason in an answer's body: `{"error": ..., "reason": ...}`, where the reason is mostly a text. */
function reasonOf(body: string): string | undefined {
  try {
    const parsed = JSON.parse(body) as { reason?: unknown; error?: unknown } | null;
    const reason = parsed?.reason ?? parsed?.error;
    if (reason === undefined) return undefined;
    return withoutCredentials((typeof reason === "string" ? reason : JSON.stringify(reason)).replace(/\s+/g, " ").trim());
  } catch {
    return undefined;
  }
}

/** What a user has to have for a path (source: access and permissions of the management plugin, and what 4.3.6 answered). */
function needed(path: string): string {
  const [, , kind = ""] = path.split(/[/?]/);
  if (["queues", "exchanges", "bindings"].includes(kind))
    return "configure, write and read permissions on the object in its vhost, and the tag management";
  if (["policies", "parameters"].includes(kind)) return "the tag policymaker and a permission in the vhost, or the tag administrator";
  if (kind === "overview") return "one of the tags management, policymaker, monitoring, administrator";
  return "the tag administrator";
}

/** For an answer with a status from 400 up. */
export function statusFault(status: number, body: string, asked: Asked): BrokerError {
  const { endpoint, username } = asked;
  const reason = reasonOf(body);
  const details = { status, ...(reason === undefined ? {} : { reason }) };
  const said = reason === undefined ? "" : `: ${reason}`;
  // 401 answers both an unknown user and one who may not; the reason tells (seen on 4.3.6: "Not_Authorized" and "Login failed" for the former).
  if (status === 401 && (reason === undefined || /^(not_authori[sz]ed|login failed|unauthori[sz]ed)$/i.test(reason))) {
    return new BrokerError(
      "credentials",
      `The broker at ${endpoint} does not know user "${username}" with this password.`,
      "check user name and password",
      details,
    );
  }
  if (status === 401 || status === 403) {
    return new BrokerError(
      "permission",
      `User "${username}" may not ${readable(asked)} at ${endpoint}${said}.`,
      `give "${username}" ${needed(asked.path)}; or use a user that has it`,
      details,
    );
  }
  if (reason === undefined && body !== "" && [400, 404, 405].includes(status)) {
    return notRabbit(asked, `it answers ${status} without a reason`);
  }
  if (status === 404) {
    return new BrokerError(
      "not-found",
      `${readable(asked)}: not found at ${endpoint}${said}.`,
      "check the name, and that its vhost is there and visible to this user",
      details,
    );
  }
  if (status >= 500) {
    return new BrokerError(
      "failed",
      `The broker at ${endpoint} failed (${status}) at ${readable(asked)}${said}.`,
      "look into the broker's log; try again when it is well",
      details,
    );
  }
  return new BrokerError(
    "refused",
    `The broker at ${endpoint} refused (${status}) ${readable(asked)}${said}.`,
    "change what the broker names",
    details,
  );
}

/** For an answer that RabbitMQ would not give. */
export function notRabbit({ endpoint }: Pick<Asked, "endpoint">, why: string, cause?: unknown): BrokerError {
  return new BrokerError(
    "not-rabbitmq",
    `What answers at ${endpoint} is not RabbitMQ's management API: ${why}.`,
    "give the address of the management API (port 15672, with TLS 15671), with its path prefix if it has one",
    cause === undefined ? {} : { cause },
  );
}
