import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasZstd } from "./codec/index.js";
import { WorkerError } from "./errors.js";
import { connectOptions, settings, settingsTable } from "./settings.js";
import { settingsPage } from "./settings/page.js";

type Environment = Record<string, string>;

/** The text of the one error. */
function fault(environment: Environment): string {
  try {
    settings(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(WorkerError);
    expect((error as WorkerError).code).toBe("wrong-use");
    return (error as WorkerError).message;
  }
  throw new Error("was accepted");
}

let folder: string;
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-settings-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("an environment with nothing in it", () => {
  test("gives the defaults", async () => {
    const { credentials, ...rest } = settings({});
    expect(await credentials()).toEqual({ username: "guest", password: "guest" });
    expect(rest).toEqual({
      ...{
        enabled: undefined,
        managementEnabled: false,
        urls: ["amqp://localhost:5672"],
        vhost: undefined,
        refreshes: false,
        tls: undefined,
      },
      ...{
        heartbeat: 10,
        connectionAttempts: 10,
        retryDelay: 100,
        prefetch: 100,
        messageTtl: 86_400_000,
        confirms: true,
        concurrency: undefined,
      },
      ...{ handlerTimeout: 0, drainDeadline: 30_000, http: { host: "127.0.0.1", port: 9090 }, logLevel: "info" },
      ...{ compression: undefined, encryption: undefined, rateLimit: undefined, warnings: [] },
      publishing: { timeout: 30_000, window: 1000, bufferMessages: 10_000, bufferBytes: 67_108_864 },
    });
  });

  test("and so do variables that are empty", () => {
    const empty = Object.fromEntries(settingsTable.map(({ name }) => [name, ""]));
    expect({ ...settings(empty), credentials: 0 }).toEqual({ ...settings({}), credentials: 0 });
  });
});

describe("the table and the parser agree", () => {
  const check = (name: string, value: string): string | undefined => {
    try {
      settings({ [name]: value });
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };

  test("names are there once, and each row says what it is", () => {
    expect(new Set(settingsTable.map(({ name }) => name)).size).toBe(settingsTable.length);
    for (const { name, meaning, allowed } of settingsTable) {
      expect(name).toMatch(/^(RABBITMQ|WARREN)_[A-Z_]+$/);
      expect(meaning).not.toBe("");
      expect(allowed).not.toBe("");
    }
  });

  test.each(settingsTable.filter(({ default: initial }) => initial !== ""))(
    "$name: the default that is told is the one that is taken",
    ({ name, default: initial }) => {
      expect({ ...settings({ [name]: initial }), credentials: 0 }).toEqual({ ...settings({}), credentials: 0 });
    },
  );

  const ranges = settingsTable.flatMap(({ name, allowed }) => {
    const [, min, max, kind] = /^([\d.]+)-([\d.]+).*\((.*)\)$/.exec(allowed) ?? [];
    return min === undefined ? [] : [{ name, allowed, min: Number(min), max: Number(max), kind }];
  });

  test("there are ranges", () => expect(ranges.map(({ name }) => name)).toContain("RABBITMQ_HEARTBEAT"));

  test.each(ranges)("$name: $allowed", ({ name, allowed, min, max, kind }) => {
    const step = kind === "whole number" ? 1 : 0.1;
    fc.assert(
      fc.property(fc.integer({ min: Math.ceil(min), max: Math.floor(max) }), (value) => {
        expect(check(name, String(value))).toBeUndefined();
      }),
      { numRuns: 20 },
    );
    expect(check(name, String(min))).toBeUndefined();
    expect(check(name, String(max))).toBeUndefined();
    const bad = [String(max + step), "ten", "-1", "1e1", "", "0x10", "5 # seconds"].concat(
      min >= step ? [String(min - step)] : [],
      kind === "whole number" ? [`${min}.5`] : [],
    );
    for (const value of bad.filter((text) => text !== "")) {
      expect(check(name, value)).toContain(`${name} is ${JSON.stringify(value)}; allowed: ${allowed}`);
    }
  });

  const lists = settingsTable.filter(({ allowed }) => /^\w+(, \w+)+$/.test(allowed));

  test.each(lists)("$name: $allowed", ({ name, allowed }) => {
    for (const value of allowed.split(", ")) {
      if (value !== "zstd") expect(check(name, value)).toBeUndefined();
      if (value !== "zstd") expect(check(name, value.toUpperCase())).toBeUndefined();
    }
    expect(check(name, "perhaps")).toContain(`${name} is "perhaps"; allowed: ${allowed}`);
  });

  const measures = settingsTable.flatMap(({ name, allowed }) =>
    allowed.includes("with a unit") ? [{ name, allowed, least: allowed.startsWith("0 ") ? 0 : 1 }] : [],
  );

  test.each(measures)("$name: $allowed", ({ name, allowed, least }) => {
    const [, to] = / to (\d+ \w+),/.exec(allowed) ?? [];
    for (const good of [String(least), to!]) expect(check(name, good)).toBeUndefined();
    const [count, unit] = to!.split(" ");
    for (const bad of [`${Number(count) + 1} ${unit}`, "-1", "soon", "5 parsecs", "1.5"].concat(least === 1 ? ["0"] : [])) {
      expect(check(name, bad)).toContain(`${name} is ${JSON.stringify(bad)}; allowed: ${allowed}`);
    }
  });

  test("every setting with a range is one of these", () => {
    const others = settingsTable.filter(({ name }) => ![...ranges, ...lists, ...measures].some((row) => row.name === name));
    for (const { name } of others) expect(name).toMatch(/URLS?$|_FILE$|HOST$|USER|PASSWORD$|NAME$|EXCHANGE$/);
  });

  test("the page has them all", () => {
    for (const { name } of settingsTable) expect(settingsPage()).toMatch(new RegExp(`\\n\\| \`${name}\` +\\| `));
  });
});

describe("values", () => {
  test("units, and what 0 and false stand for", () => {
    const some = settings({
      ...{
        RABBITMQ_RETRY_DELAY: "0.1",
        RABBITMQ_DEFAULT_MESSAGE_TTL: "0",
        RABBITMQ_ENABLE_CONSUMER_PREFETCH: "False",
        RABBITMQ_ENABLED: "yes",
      },
      ...{ WARREN_HANDLER_TIMEOUT: "5 minutes", WARREN_DRAIN_DEADLINE: "1500", WARREN_BUFFER_BYTES: "16 MiB", WARREN_RATE_LIMIT: "50" },
      ...{
        WARREN_COMPRESSION: "GZIP",
        WARREN_COMPRESSION_ABOVE: "4 KiB",
        WARREN_CONCURRENCY: "3",
        RABBITMQ_ENABLE_PUBLISHER_CONFIRMS: "off",
      },
    });
    expect(some).toMatchObject({
      ...{ retryDelay: 100, messageTtl: undefined, prefetch: 65_535, enabled: true, confirms: false },
      ...{ handlerTimeout: 300_000, drainDeadline: 1500, rateLimit: 50, concurrency: 3 },
      compression: { encoding: "gzip", above: 4096 },
      publishing: { bufferBytes: 16_777_216 },
    });
  });

  test("zstd where Node has it, else which Node it needs", () => {
    if (hasZstd) expect(settings({ WARREN_COMPRESSION: "zstd" }).compression).toEqual({ encoding: "zstd", above: 1024 });
    else expect(fault({ WARREN_COMPRESSION: "zstd" })).toMatch(/WARREN_COMPRESSION is "zstd": .*needs Node 22\.15/);
  });

  test("what the topology decides has no effect, and that is told", () => {
    const { warnings } = settings({
      RABBITMQ_ENABLE_DEAD_LETTER: "false",
      RABBITMQ_DEFAULT_EXCHANGE_TYPE: "fanout",
      RABBITMQ_DEAD_LETTER_EXCHANGE: "contextiq.dlx",
    });
    expect(warnings).toEqual([
      'RABBITMQ_DEFAULT_EXCHANGE_TYPE is "fanout" and has no effect: the topology decides what the broker is given',
      'RABBITMQ_ENABLE_DEAD_LETTER is "false" and has no effect: the topology decides what the broker is given',
    ]);
  });
});

describe("errors", () => {
  test("all at once, each with variable, value, what is allowed and what to do", () => {
    expect(
      fault({ RABBITMQ_HEARTBEAT: "301", RABBITMQ_CONNECTION_ATTEMPTS: "11", RABBITMQ_USER: "worker", WARREN_LOG_LEVEL: "loud" }),
    ).toBe(
      [
        "4 settings of the environment cannot be used:",
        '  RABBITMQ_HEARTBEAT is "301"; allowed: 5-300 seconds (whole number)',
        "    to do: correct it, or leave it out for 10",
        '  RABBITMQ_CONNECTION_ATTEMPTS is "11"; allowed: 1-10 (whole number)',
        "    to do: correct it, or leave it out for 10",
        '  WARREN_LOG_LEVEL is "loud"; allowed: trace, debug, info, warn, error, fatal, silent',
        "    to do: correct it, or leave it out for info",
        "  RABBITMQ_PASSWORD is not set, and the user is not guest",
        "    to do: set it, or RABBITMQ_PASSWORD_FILE",
      ].join("\n"),
    );
  });

  test("never a secret, whatever is wrong with it", () => {
    const secret = "s3cr3t-Pa55";
    for (const url of [
      `amqp://u:${secret}#x@host`,
      `http://u:${secret}@host`,
      `amqp://u:${secret}%zz@host`,
      `u:${secret}@host`,
      `amqp://u:${secret}@host:99999`,
    ]) {
      expect(fault({ RABBITMQ_URL: url })).toContain("RABBITMQ_URL cannot be read as an address (it is not shown");
      expect(fault({ RABBITMQ_URL: url })).not.toContain(secret);
      const several = fault({ RABBITMQ_URLS: `amqp://a, ${url}` });
      expect(several).toContain("RABBITMQ_URLS, address 2 of 2, cannot be read");
      expect(several).not.toContain(secret);
    }
    const good = settings({ RABBITMQ_URL: `amqp://u:${secret}@host`, RABBITMQ_PASSWORD_FILE: file("p", secret), RABBITMQ_HEARTBAET: "1" });
    expect(JSON.stringify(good)).not.toContain(secret);
    expect(JSON.stringify(settings({ RABBITMQ_USER: "u", RABBITMQ_PASSWORD: secret }))).not.toContain(secret);
  });
});

describe("the broker", () => {
  test("RABBITMQ_URL wins; parts stand where no URL is", async () => {
    const parts = {
      RABBITMQ_HOST: "rabbitmq",
      RABBITMQ_PORT: "5673",
      RABBITMQ_USER: "contextiq",
      RABBITMQ_PASSWORD: " p ",
      RABBITMQ_VHOST: "/",
    };
    const apart = settings(parts);
    expect(apart).toMatchObject({ urls: ["amqp://rabbitmq:5673/%2F"], vhost: "/", warnings: [] });
    expect(await apart.credentials()).toEqual({ username: "contextiq", password: " p " });
    const url = settings({ ...parts, RABBITMQ_URL: "amqps://a:b%2F@broker/contextiq" });
    expect(url).toMatchObject({ urls: ["amqps://broker:5671/contextiq"], vhost: "contextiq", refreshes: false, warnings: [] });
    expect(await url.credentials()).toEqual({ username: "a", password: "b/" });
    const without = settings({ ...parts, RABBITMQ_URL: "amqp://[::1]:5672/" });
    expect(without.urls).toEqual(["amqp://[::1]:5672/%2F"]);
    expect(await without.credentials()).toEqual({ username: "contextiq", password: " p " });
  });

  test("RABBITMQ_USER and RABBITMQ_USERNAME are both read, and may not differ", async () => {
    for (const name of ["RABBITMQ_USER", "RABBITMQ_USERNAME"]) {
      expect(await settings({ [name]: "worker", RABBITMQ_PASSWORD: "p" }).credentials()).toEqual({ username: "worker", password: "p" });
    }
    expect(settings({ RABBITMQ_USER: "a", RABBITMQ_USERNAME: "a", RABBITMQ_PASSWORD: "p" }).warnings).toEqual([]);
    expect(fault({ RABBITMQ_USER: "a", RABBITMQ_USERNAME: "b", RABBITMQ_PASSWORD: "p" })).toMatch(
      /RABBITMQ_USERNAME is "b" and RABBITMQ_USER is "a"\n.*set one/,
    );
  });

  test("several addresses of one cluster", async () => {
    const several = settings({ RABBITMQ_URLS: "amqp://u:p@one/v, amqp://u:p@two:5673/v,amqp://u:p@three/v" });
    expect(several.urls).toEqual(["amqp://one:5672/v", "amqp://two:5673/v", "amqp://three:5672/v"]);
    expect(await several.credentials()).toEqual({ username: "u", password: "p" });
    expect(fault({ RABBITMQ_URLS: "amqp://u:p@one/v,amqp://u:q@two/w" })).toMatch(/different credentials[^]*different vhosts/);
    expect(fault({ RABBITMQ_URLS: "amqp://one,,amqp://two" })).toContain("address 2 of 3, cannot be read");
    const both = settings({ RABBITMQ_URL: "amqp://main", RABBITMQ_URLS: "amqp://one,amqp://two" });
    expect(both.urls).toEqual(["amqp://main:5672"]);
    expect(both.warnings).toEqual(["RABBITMQ_URLS is not used: RABBITMQ_URL is set, and wins"]);
  });

  test("credentials of files are read again, and the last ones stand while a file is being replaced", async () => {
    const [user, password] = [file("user", "worker\n"), file("password", "first\r\n")];
    const { credentials, refreshes } = settings({ RABBITMQ_USERNAME_FILE: user, RABBITMQ_PASSWORD_FILE: password });
    expect(refreshes).toBe(true);
    expect(await credentials()).toEqual({ username: "worker", password: "first" });
    file("password", "second");
    expect(await credentials()).toEqual({ username: "worker", password: "second" });
    file("password", "");
    rmSync(user);
    expect(await credentials()).toEqual({ username: "worker", password: "second" });
  });

  test("a secret's file that is not there, is empty, or is one too many", () => {
    expect(fault({ RABBITMQ_PASSWORD_FILE: join(folder, "none") })).toMatch(
      /RABBITMQ_PASSWORD_FILE is ".*none", which cannot be read \(ENOENT\)\n/,
    );
    expect(fault({ RABBITMQ_PASSWORD_FILE: file("empty", "\n") })).toContain('empty", which is empty');
    expect(fault({ RABBITMQ_PASSWORD_FILE: file("p", "x"), RABBITMQ_PASSWORD: "hidden" })).toMatch(
      /^(?!.*hidden)[^]*RABBITMQ_PASSWORD_FILE is set, and RABBITMQ_PASSWORD as well/,
    );
    expect(fault({ RABBITMQ_USERNAME_FILE: file("u", "x"), RABBITMQ_USER: "y", RABBITMQ_PASSWORD: "z" })).toContain("and the user as well");
    expect(settings({ RABBITMQ_PASSWORD_FILE: file("p", "x"), RABBITMQ_URL: "amqp://u:p@host" }).warnings).toEqual([
      "RABBITMQ_PASSWORD_FILE is not used: the address has credentials, and they win. Take them out of it",
    ]);
  });

  test("a Service named rabbitmq in Kubernetes does no harm, and parameters of a URL are told", () => {
    const { urls, warnings } = settings({
      RABBITMQ_PORT: "tcp://10.96.0.7:5672",
      RABBITMQ_SERVICE_HOST: "10.96.0.7",
      RABBITMQ_PORT_5672_TCP: "tcp://10.96.0.7:5672",
    });
    expect(urls).toEqual(["amqp://localhost:5672"]);
    expect(warnings).toEqual([expect.stringMatching(/^RABBITMQ_PORT is what Kubernetes sets/)]);
    expect(settings({ RABBITMQ_URL: "amqp://host?heartbeat=5" }).warnings).toEqual([expect.stringContaining('parameters after "?"')]);
  });
});

describe("TLS", () => {
  const pem = (what: string): string => `-----BEGIN ${what}-----\nAAAA\n-----END ${what}-----\n`;

  test("files of certificates and a name", () => {
    const { tls, warnings } = settings({
      ...{ RABBITMQ_URL: "amqps://broker", RABBITMQ_SERVER_NAME: "mq.example", RABBITMQ_CA_FILE: file("ca", pem("CERTIFICATE")) },
      ...{ RABBITMQ_CERT_FILE: file("cert", pem("CERTIFICATE")), RABBITMQ_KEY_FILE: file("key", pem("EC PRIVATE KEY")) },
    });
    expect(Object.keys(tls!())).toEqual(["ca", "cert", "key", "serverName"]);
    expect(tls!().key?.toString()).toContain("EC PRIVATE KEY");
    expect(warnings).toEqual([]);
  });

  test("files that are renewed are read again; while one is not whole, what was there before stays", () => {
    const path = file("renewed", pem("CERTIFICATE"));
    const { tls } = settings({ RABBITMQ_URL: "amqps://broker", RABBITMQ_CA_FILE: path });
    const first = tls!().ca?.toString();
    writeFileSync(path, "-----BEGIN");
    expect(tls!().ca?.toString()).toBe(first);
    writeFileSync(path, `${pem("CERTIFICATE")}${pem("CERTIFICATE")}`);
    expect(tls!().ca?.toString()).toBe(`${first}${first}`);
    rmSync(path);
    expect(tls!().ca?.toString()).toBe(`${first}${first}`);
  });

  test("what does not go together, or is something else", () => {
    const cert = file("cert", pem("CERTIFICATE"));
    expect(fault({ RABBITMQ_CERT_FILE: cert })).toContain("RABBITMQ_CERT_FILE is set and RABBITMQ_KEY_FILE is not");
    expect(fault({ RABBITMQ_KEY_FILE: cert, RABBITMQ_CERT_FILE: cert })).toContain("which holds no private key in PEM");
    expect(settings({ RABBITMQ_CA_FILE: cert }).warnings).toEqual([
      expect.stringMatching(/^RABBITMQ_CA_FILE is set and has no effect on amqp:\/\/localhost/),
    ]);
  });
});

describe("encryption keys", () => {
  const key = Buffer.alloc(32, 7).toString("base64");

  test("are read from their file", () => {
    const path = file("keys", JSON.stringify({ current: "b", keys: { a: key, b: key }, required: true }));
    expect(settings({ WARREN_ENCRYPTION_KEYS_FILE: path }).encryption).toEqual({
      ...{ current: "b", required: true },
      keys: { a: Buffer.alloc(32, 7), b: Buffer.alloc(32, 7) },
    });
  });

  test("are never shown", () => {
    const short = Buffer.from("sixteen letters.").toString("base64");
    for (const [content, said] of [
      [`{"keys": ${key}`, "which is no JSON"],
      [JSON.stringify({ current: "a", keys: { a: `${key}!` } }), "right form at: keys.a"],
      [JSON.stringify({ keys: { a: key } }), "right form at: current"],
      [JSON.stringify({ current: "a", keys: { a: short } }), 'The encryption key "a" is 16 bytes'],
      [JSON.stringify({ current: "c", keys: { a: key } }), 'The current encryption key "c" is not among the keys; there are: "a"'],
    ] as const) {
      const text = fault({ WARREN_ENCRYPTION_KEYS_FILE: file("keys", content) });
      expect(text).toContain(said);
      expect(text).not.toContain(key);
      expect(text).not.toContain(short);
    }
  });
});

describe("names", () => {
  test("a misspelt one is told with the one that was meant", () => {
    expect(settings({ RABBITMQ_HEARTBAET: "30", WARREN_LOGLEVEL: "debug", RABBITMQ_PASWORD: "x" }).warnings).toEqual([
      "RABBITMQ_HEARTBAET is no setting and is not read; did you mean RABBITMQ_HEARTBEAT?",
      "WARREN_LOGLEVEL is no setting and is not read; did you mean WARREN_LOG_LEVEL?",
      "RABBITMQ_PASWORD is no setting and is not read; did you mean RABBITMQ_PASSWORD?",
    ]);
  });

  test("the broker's own, Kubernetes' and those of Warren's other parts are not", () => {
    const others = [
      ...[
        "DEFAULT_USER",
        "DEFAULT_PASS",
        "DEFAULT_VHOST",
        "DEFAULT_PERMISSIONS",
        "NODENAME",
        "NODE_PORT",
        "NODE_IP_ADDRESS",
        "DIST_PORT",
        "USE_LONGNAME",
      ],
      ...[
        "CONFIG_FILE",
        "CONFIG_FILES",
        "ADVANCED_CONFIG_FILE",
        "CONF_ENV_FILE",
        "ENABLED_PLUGINS_FILE",
        "ERLANG_COOKIE",
        "LOGS",
        "LOG_BASE",
        "MNESIA_BASE",
      ],
      ...[
        "SERVER_ADDITIONAL_ERL_ARGS",
        "SERVICE_HOST",
        "SERVICE_PORT",
        "SERVICE_PORT_AMQP",
        "PORT_5672_TCP",
        "PORT_5672_TCP_ADDR",
        "VERSION",
        "HOME",
        "DATA_DIR",
      ],
    ].map((name) => `RABBITMQ_${name}`);
    const warrens = ["BROKER_URL", "TEST_AMQP", "TEST_MANAGEMENT", "CHROMIUM", "REDIS_SERVER"].map((name) => `WARREN_${name}`);
    expect(settings(Object.fromEntries([...others, ...warrens, "PATH", "RABBIT"].map((name) => [name, "x"]))).warnings).toEqual([]);
  });
});

describe("connectOptions", () => {
  test("are what connect takes", async () => {
    const fixed = await connectOptions(settings({ RABBITMQ_URL: "amqp://u:p@host/v", WARREN_RATE_LIMIT: "9" }));
    expect(fixed).toEqual({
      ...{
        url: ["amqp://host:5672/v"],
        credentials: { username: "u", password: "p" },
        heartbeat: 10,
        attempts: 10,
        backoff: { min: 100 },
        prefetch: 100,
      },
      ...{ handlerTimeout: 0, drainDeadline: 30_000, rateLimit: 9 },
      publishing: { timeout: 30_000, window: 1000, bufferMessages: 10_000, bufferBytes: 67_108_864 },
    });
    const fresh = await connectOptions(settings({ RABBITMQ_PASSWORD_FILE: file("password", "x") }));
    expect(fresh.credentials).toBeTypeOf("function");
  });
});

test("the page is what docs/worker-settings.md says; if not: npx tsx docs/worker-settings.gen.ts", () => {
  expect(readFileSync(join(__dirname, "..", "docs", "worker-settings.md"), "utf8")).toBe(settingsPage());
});
