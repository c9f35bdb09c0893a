/** Which broker a verb speaks to: `--broker URL`, then `WARREN_BROKER_URL`, then the dev stack of this checkout. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { WarrenError } from "../topology/errors.js";
import { shownAddress } from "./faults.js";
import type { Endpoint } from "./transport.js";

/** Where the dev stack leaves its address, in the project's directory. */
export const ENDPOINT_FILE = join(".warren", "endpoint.json");

const DEV = "dev";

/** The stack that commands in a checkout are about. */
const namedStack = (): string => process.env["WARREN_STACK"] || DEV;

/** Stacks may be up beside one another: `endpoint.json` is of stack `dev`, `endpoint.blue.json` of stack `blue`. */
const filesOf = (stack: string): { readonly endpoint: string; readonly password: string } => {
  const own = stack === DEV ? "" : `.${stack}`;
  return { endpoint: ENDPOINT_FILE.replace(/\.json$/, `${own}.json`), password: `broker-password${own}` };
};

/** The format of that file: addresses without credentials, and where the password lies. */
export const EndpointFile = z.strictObject({
  version: z.literal(1),
  /** `http://127.0.0.1:15672` */
  managementUrl: z.url({ protocol: /^https?$/ }),
  /** `amqp://127.0.0.1:5672` */
  amqpUrl: z.url({ protocol: /^amqps?$/ }),
  /** `http://127.0.0.1:15692/metrics` */
  metricsUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** Of a cluster: AMQP and metrics of every node. */
  amqpUrls: z.array(z.url({ protocol: /^amqps?$/ })).optional(),
  metricsUrls: z.array(z.url({ protocol: /^https?$/ })).optional(),
  /** With TLS, of every node. */
  amqpsUrls: z.array(z.url({ protocol: /^amqps$/ })).optional(),
  /** Where the stack has its monitoring: `http://127.0.0.1:9090`, `http://127.0.0.1:9093`. */
  prometheusUrl: z.url({ protocol: /^https?$/ }).optional(),
  alertmanagerUrl: z.url({ protocol: /^https?$/ }).optional(),
  username: z.string().min(1),
  /** Holds the password and nothing else; relative to the directory of this file. */
  passwordFile: z.string().min(1),
  /** Holds the certificate authorities to trust, PEM; relative to the directory of this file. */
  caFile: z.string().min(1).optional(),
  /** What is provisioned there, as the stack's configuration names it: a system, or a file. */
  system: z.string().min(1).optional(),
  /** Whose sizes it has there. A topology need not declare it: then it has the base sizes. */
  environment: z.string().min(1).optional(),
});
export type EndpointFile = z.infer<typeof EndpointFile>;

export interface BrokerAddress {
  /** For `new Management(...)`. */
  readonly management: Endpoint;
  /** Without credentials and vhost; none if only the management API's address is known. */
  readonly amqpUrl?: string;
  /** Of the dev stack. */
  readonly metricsUrl?: string;
  /** If the address names one. */
  readonly vhost?: string;
  /** Of the dev stack: whose sizes it has. */
  readonly environment?: string;
  /** What named it. */
  readonly source: "--broker" | "WARREN_BROKER_URL" | `stack ${string}`;
}

export interface AddressOptions {
  /** The value of `--broker`. */
  readonly url?: string | undefined;
  /** @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The project's directory. @default the current one */
  readonly directory?: string;
}

const SHAPES = [
  "http://user:password@host:15672",
  "https://user:password@host:15671",
  "amqp://user:password@host/vhost",
  "amqps://user:password@host/vhost",
];
const TLS_FILES = { ca: "WARREN_BROKER_CA_FILE", cert: "WARREN_BROKER_CERT_FILE", key: "WARREN_BROKER_KEY_FILE" } as const;

/**
 * The broker of a verb. An AMQP address stands for the management API at its port + 10000 (5672: 15672, 5671: 15671), and its path is the vhost.
 * What the URL leaves out of the credentials comes from `WARREN_BROKER_USERNAME` and `WARREN_BROKER_PASSWORD` (or a file:
 * `WARREN_BROKER_PASSWORD_FILE`), which no process list shows;
 * PEM files from `WARREN_BROKER_CA_FILE`, `_CERT_FILE`, `_KEY_FILE`. Throws a WarrenError (exit code 2) that says how to name one.
 */
export function brokerAddress(options: AddressOptions = {}): BrokerAddress {
  const environment = options.environment ?? process.env;
  if (options.url) return fromUrl(options.url, "--broker", environment);
  if (environment["WARREN_BROKER_URL"]) return fromUrl(environment["WARREN_BROKER_URL"], "WARREN_BROKER_URL", environment);
  const directory = options.directory ?? process.cwd();
  const file = readEndpoint(directory);
  if (!file) {
    throw new WarrenError("No broker is named, and the dev stack of this directory is not up.", {
      remedy: "start the dev stack (npm run up), or name a broker by --broker URL or WARREN_BROKER_URL",
      exitCode: 2,
    });
  }
  const base = dirname(join(directory, ENDPOINT_FILE));
  const password = readText(resolve(base, file.passwordFile), "the dev stack's password").trim();
  const ca = file.caFile === undefined ? {} : { ca: readText(resolve(base, file.caFile), "the dev stack's certificate authority") };
  return {
    management: { endpoint: file.managementUrl, username: file.username, password, ...ca },
    amqpUrl: file.amqpUrl,
    ...(file.metricsUrl === undefined ? {} : { metricsUrl: file.metricsUrl }),
    ...(file.environment === undefined ? {} : { environment: file.environment }),
    source: `stack ${namedStack()}`,
  };
}

function fromUrl(text: string, source: BrokerAddress["source"], environment: Readonly<Record<string, string | undefined>>): BrokerAddress {
  const wrong = (fault: string): WarrenError => new WarrenError(`${source}: ${fault}`, { allowed: SHAPES, exitCode: 2 });
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^(https?|amqps?):$/.test(url.protocol)) throw wrong(`"${shownAddress(text)}" is not the address of a broker.`);
  if (url.hostname === "") throw wrong(`"${shownAddress(text)}" names no host.`);

  let username: string, password: string, path: string;
  try {
    username = decodeURIComponent(url.username) || environment["WARREN_BROKER_USERNAME"] || "";
    password = decodeURIComponent(url.password) || environment["WARREN_BROKER_PASSWORD"] || "";
    path = decodeURIComponent(url.pathname.slice(1));
  } catch {
    throw wrong(`in "${shownAddress(text)}" a % does not begin an escape; write %25 for the character itself.`);
  }
  const passwordFile = environment["WARREN_BROKER_PASSWORD_FILE"];
  if (password === "" && passwordFile) password = readText(passwordFile, "WARREN_BROKER_PASSWORD_FILE").trim();
  if (username === "" || password === "") {
    throw new WarrenError(`${source}: "${shownAddress(text)}" has no ${username === "" ? "user" : "password"}.`, {
      allowed: SHAPES,
      remedy: "write them into the URL (special characters as %XX), or set WARREN_BROKER_USERNAME and WARREN_BROKER_PASSWORD",
      exitCode: 2,
    });
  }
  const tls = Object.fromEntries(
    Object.entries(TLS_FILES).flatMap(([option, variable]) => {
      const file = environment[variable];
      return file ? [[option, readText(file, variable)]] : [];
    }),
  );
  const credentials = { username, password, ...tls };
  if (url.protocol.startsWith("http")) {
    return { management: { endpoint: `${url.origin}${url.pathname.replace(/\/+$/, "")}`, ...credentials }, source };
  }
  const secure = url.protocol === "amqps:";
  const port = url.port === "" ? (secure ? 5671 : 5672) : Number(url.port);
  if (port + 10_000 > 65_535) throw wrong(`the management port of "${shownAddress(text)}" cannot be derived; give its http:// address.`);
  return {
    management: { endpoint: `${secure ? "https" : "http"}://${url.hostname}:${port + 10_000}`, ...credentials },
    amqpUrl: `${url.protocol}//${url.hostname}:${port}`,
    ...(path === "" ? {} : { vhost: path }),
    source,
  };
}

/** The text of a file that something names: `what`. Throws a WarrenError (exit code 2) that says so. */
export function readText(file: string, what: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new WarrenError(`${what}: "${file}" cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown fault"}).`, {
      remedy: "check the path and who may read it; for the dev stack npm run up writes it anew",
      exitCode: 2,
    });
  }
}

/** What the dev stack left in this directory; `undefined` if it is not up. @param stack @default WARREN_STACK, or `dev` */
export function readEndpoint(directory: string, stack = namedStack()): EndpointFile | undefined {
  const file = join(directory, filesOf(stack).endpoint);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    text = readText(file, "the dev stack's address");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = EndpointFile.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new WarrenError(`"${file}" is not what the dev stack writes (${issue?.path.join(".") || "whole"}: ${issue?.message ?? ""}).`, {
    remedy: "write it anew: npm run up",
    exitCode: 2,
  });
}

/** Writes the address, and the password into a file beside it; only their owner may read them. Whoever reads meanwhile sees the old or the new. */
export function writeEndpoint(
  directory: string,
  endpoint: Omit<EndpointFile, "version" | "passwordFile"> & { readonly password: string },
  stack = namedStack(),
): EndpointFile {
  const { password, ...addresses } = endpoint;
  const file = EndpointFile.parse({ version: 1, ...addresses, passwordFile: filesOf(stack).password });
  const base = dirname(join(directory, ENDPOINT_FILE));
  mkdirSync(base, { recursive: true });
  replaceFile(join(base, file.passwordFile), password);
  replaceFile(join(directory, filesOf(stack).endpoint), `${JSON.stringify(file, null, 2)}\n`);
  return file;
}

function replaceFile(file: string, text: string): void {
  const beside = `${file}.${process.pid}.new`;
  // A leftover may have other rights, which writing would keep.
  rmSync(beside, { force: true });
  writeFileSync(beside, text, { mode: 0o600, flag: "wx" });
  renameSync(beside, file);
}

/** Forgets the dev stack's address, when it goes down. */
export function removeEndpoint(directory: string, stack = namedStack()): void {
  const base = dirname(join(directory, ENDPOINT_FILE));
  rmSync(join(directory, filesOf(stack).endpoint), { force: true });
  rmSync(join(base, filesOf(stack).password), { force: true });
}
