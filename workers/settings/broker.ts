/** Where the broker is and who the worker is there, by the environment. */
import { readFile } from "node:fs/promises";
import { type Address, type Credentials, parseAddress, shown } from "../connection/address.js";
import { secretFrom } from "./files.js";
import type { Problems } from "./problems.js";
import type { Values } from "./table.js";

export interface BrokerSettings {
  /** Without credentials; with the vhost, if one is set. */
  readonly urls: readonly string[];
  /** `undefined`: the topology's. */
  readonly vhost: string | undefined;
  /** Reads files again, if credentials come from such; while one cannot be read, what was read from it before. */
  readonly credentials: () => Promise<Credentials>;
  /** Whether `credentials` may give others later. */
  readonly refreshes: boolean;
}

export function brokerFrom(values: Values, problems: Problems, warnings: string[]): BrokerSettings | undefined {
  const addresses = addressesOf(values, problems, warnings);
  const first = addresses[0];
  const source = credentialsOf(values, first?.credentials, problems, warnings);
  if (!first || !source) return undefined;
  if (addresses.some(({ protocol }) => protocol === "amqp")) {
    for (const name of ["RABBITMQ_CA_FILE", "RABBITMQ_CERT_FILE", "RABBITMQ_SERVER_NAME"] as const) {
      if (values[name] !== undefined)
        warnings.push(`${name} is set and has no effect on ${shown(first)}: the address begins with amqp://, not amqps://`);
    }
  }
  const vhost = first.vhost ?? values.RABBITMQ_VHOST;
  return {
    urls: addresses.map((address) => `${shown(address)}${vhost === undefined ? "" : `/${encodeURIComponent(vhost)}`}`),
    vhost,
    ...source,
  };
}

function addressesOf(values: Values, problems: Problems, warnings: string[]): Address[] {
  const { RABBITMQ_URL: one, RABBITMQ_URLS: several } = values;
  if (one === undefined && several === undefined) {
    return [{ protocol: "amqp", hostname: values.RABBITMQ_HOST.replace(/^\[|\]$/g, ""), port: values.RABBITMQ_PORT }];
  }
  if (one !== undefined && several !== undefined) warnings.push("RABBITMQ_URLS is not used: RABBITMQ_URL is set, and wins");
  const name = one === undefined ? "RABBITMQ_URLS" : "RABBITMQ_URL";
  const texts = one === undefined ? several!.split(",").map((url) => url.trim()) : [one];
  const addresses = texts.flatMap((url, index) => {
    const which = texts.length === 1 ? name : `${name}, address ${index + 1} of ${texts.length},`;
    try {
      const address = parseAddress(url);
      if (/[?#]/.test(url))
        warnings.push(`${which} has parameters after "?", which are not read; use the other variables, such as RABBITMQ_HEARTBEAT`);
      return [address];
    } catch {
      // Not shown: somewhere in it is a password, and where is what cannot be told.
      problems.add(
        `${which} cannot be read as an address (it is not shown, for it may hold a password); allowed: amqp://user:password@host:5672/vhost, or amqps://`,
        'write what is special in a password as %XX, "/" is %2F, or set it by RABBITMQ_PASSWORD',
      );
      return [];
    }
  });
  const same = (read: (address: Address) => unknown, what: string): void => {
    const kinds = new Set(addresses.map((address) => JSON.stringify(read(address) ?? null)));
    if (kinds.size > 1)
      problems.add(`${name}: the addresses have different ${what}`, "they are nodes of one cluster: give all the same, or none");
  };
  same(({ credentials }) => credentials, "credentials");
  same(({ vhost }) => vhost, "vhosts");
  return addresses;
}

type Source = Pick<BrokerSettings, "credentials" | "refreshes">;

function credentialsOf(values: Values, ofUrl: Credentials | undefined, problems: Problems, warnings: string[]): Source | undefined {
  const {
    RABBITMQ_USERNAME_FILE: userFile,
    RABBITMQ_PASSWORD_FILE: passwordFile,
    RABBITMQ_USERNAME,
    RABBITMQ_USER,
    RABBITMQ_PASSWORD,
  } = values;
  if (ofUrl) {
    for (const name of ["RABBITMQ_USERNAME_FILE", "RABBITMQ_PASSWORD_FILE"] as const) {
      if (values[name] !== undefined) warnings.push(`${name} is not used: the address has credentials, and they win. Take them out of it`);
    }
    return { credentials: async () => ofUrl, refreshes: false };
  }
  if (RABBITMQ_USERNAME !== undefined && RABBITMQ_USER !== undefined && RABBITMQ_USERNAME !== RABBITMQ_USER) {
    problems.add(
      `RABBITMQ_USERNAME is ${JSON.stringify(RABBITMQ_USERNAME)} and RABBITMQ_USER is ${JSON.stringify(RABBITMQ_USER)}`,
      "they mean the same: set one",
    );
  }
  const name = RABBITMQ_USERNAME ?? RABBITMQ_USER;
  if (userFile !== undefined && name !== undefined) problems.add("RABBITMQ_USERNAME_FILE is set, and the user as well", "set one of them");
  if (passwordFile !== undefined && RABBITMQ_PASSWORD !== undefined)
    problems.add("RABBITMQ_PASSWORD_FILE is set, and RABBITMQ_PASSWORD as well", "set one of them");
  const isGuest = (name ?? "guest") === "guest" && userFile === undefined;
  if (!isGuest && passwordFile === undefined && RABBITMQ_PASSWORD === undefined) {
    return problems.add("RABBITMQ_PASSWORD is not set, and the user is not guest", "set it, or RABBITMQ_PASSWORD_FILE");
  }
  let username = userFile === undefined ? (name ?? "guest") : secretFrom("RABBITMQ_USERNAME_FILE", userFile, problems);
  let password = passwordFile === undefined ? (RABBITMQ_PASSWORD ?? "guest") : secretFrom("RABBITMQ_PASSWORD_FILE", passwordFile, problems);
  if (username === undefined || password === undefined) return undefined;
  return {
    refreshes: userFile !== undefined || passwordFile !== undefined,
    credentials: async () => {
      username = (await again(userFile)) ?? username!;
      password = (await again(passwordFile)) ?? password!;
      return { username, password };
    },
  };
}

/** A secret as it is now; `undefined` while it cannot be read, as in the moment in which it is replaced. */
async function again(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await readFile(path, "utf8").catch(() => "");
  return text.replace(/\r?\n$/, "") || undefined;
}
