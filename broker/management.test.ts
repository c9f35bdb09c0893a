/** Faults of the management API, against a server that has them on demand: each is named, tells what to do, and shows no password. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { fakeBroker, fakeListener, json } from "../testing/fake-broker.js";
import { BrokerError, shownAddress, withoutCredentials } from "./faults.js";
import { Management } from "./management.js";

const PASSWORD = "s3cret/p@ss";

const client = (url: string, more: object = {}): Management =>
  new Management({ endpoint: url, username: "anna", password: PASSWORD, connectTimeoutMs: 300, answerTimeoutMs: 300, ...more });

/** The error of a call; it must be a BrokerError without the password in any form. */
async function faultOf(call: Promise<unknown>): Promise<BrokerError> {
  const error = await call.then(
    () => undefined,
    (fault: unknown) => fault,
  );
  expect(error).toBeInstanceOf(BrokerError);
  const everything = inspect(error, { depth: 20, showHidden: true });
  for (const form of [PASSWORD, encodeURIComponent(PASSWORD), Buffer.from(`anna:${PASSWORD}`).toString("base64")]) {
    expect(everything).not.toContain(form);
  }
  return error as BrokerError;
}

test("what is deleted while it is listed has no name, and is left out", async () => {
  const { url } = await fakeBroker(json(200, [{ name: "v" }, {}, []]));
  expect((await client(url).vhosts()).map(({ name }) => name)).toEqual(["v"]);
});

describe("answers", () => {
  const cases: [name: string, status: number, body: unknown, kind: BrokerError["kind"], exitCode: number, text: RegExp][] = [
    [
      "wrong password (4.3)",
      401,
      { error: "not_authorized", reason: "Not_Authorized" },
      "credentials",
      2,
      /does not know user "anna" with this password/,
    ],
    ["wrong password (4.0)", 401, { error: "not_authorized", reason: "Login failed" }, "credentials", 2, /does not know user "anna"/],
    [
      "no management tag",
      401,
      { error: "not_authorised", reason: "Not management user" },
      "permission",
      1,
      /may not GET overview.*Not management user.*\n.*one of the tags management/s,
    ],
    ["forbidden", 403, { error: "forbidden", reason: "nope" }, "permission", 1, /may not GET overview.*nope/],
    ["a fault of the broker", 500, { error: "internal", reason: "badmatch" }, "failed", 1, /failed \(500\).*badmatch/],
    ["garbage", 200, undefined, "not-rabbitmq", 2, /is not RabbitMQ's management API/],
    ["JSON of somebody else", 200, { hello: "world" }, "not-rabbitmq", 2, /rabbitmq_version/],
    ["JSON null", 200, null, "not-rabbitmq", 2, /expected shape/],
  ];
  test.each(cases)("%s", async (_, status, body, kind, exitCode, text) => {
    const { url } = await fakeBroker(json(status, body));
    const fault = await faultOf(client(url).overview());
    expect(fault).toMatchObject({ kind, exitCode });
    expect(fault.message).toMatch(text);
    expect(fault.message).toContain("to do:");
  });

  test("HTML", async () => {
    const { url } = await fakeBroker((_, response) => response.end("<html>hello</html>"));
    expect(await faultOf(client(url).overview())).toMatchObject({ kind: "not-rabbitmq" });
  });

  test("a 404 of something else is not taken for an object that is not there", async () => {
    const { url } = await fakeBroker((_, response) => response.writeHead(404).end("<html>no such page</html>"));
    expect(await faultOf(client(url).getQueue("/", "q"))).toMatchObject({ kind: "not-rabbitmq" });
  });

  test("a redirect is not followed: the credentials are for this host", async () => {
    const { url } = await fakeBroker((_, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end());
    expect((await faultOf(client(url).overview())).message).toMatch(/redirects \(302\)/);
  });

  test("a refused request has the broker's reason, and no credentials of a URI in it", async () => {
    const { url } = await fakeBroker(json(400, { error: "bad_request", reason: "bad uri amqp://u:p@h and\n  more" }));
    const fault = await faultOf(client(url).putParameter("v/w", "shovel", "s", {}));
    expect(fault).toMatchObject({ kind: "refused", status: 400, reason: "bad uri amqp://h and more" });
    expect(fault.message).toContain("PUT parameters / shovel / v/w / s");
  });

  test.each([
    ["queues", (c: Management) => c.putQueue("v", "q", { durable: true, autoDelete: false, arguments: {} }), /configure, write and read/],
    ["policies", (c: Management) => c.putPolicy("v", "p", { pattern: "", applyTo: "all", priority: 0, definition: {} }), /policymaker/],
    ["users", (c: Management) => c.users(), /administrator/],
  ])("a missing permission on %s says which is needed", async (_, call, needed) => {
    const { url } = await fakeBroker(json(401, { error: "not_authorised", reason: "Access refused." }));
    const fault = await faultOf(call(client(url)));
    expect(fault.kind).toBe("permission");
    expect(fault.remedy).toMatch(needed);
  });

  test("what is not there is undefined, and deleting it is no fault", async () => {
    const { url } = await fakeBroker(json(404, { error: "Object Not Found", reason: "Not Found" }));
    expect(await client(url).getQueue("/", "q")).toBeUndefined();
    expect(await client(url).deleteQueue("/", "q")).toBe(false);
    expect(await faultOf(client(url).users())).toMatchObject({ kind: "not-found" });
  });

  test("an unchanged export", async () => {
    const { url } = await fakeBroker((request, response) =>
      response.writeHead(request.headers["if-none-match"] === '"1"' ? 304 : 500).end(),
    );
    expect(await client(url).definitions('"1"')).toBeUndefined();
  });
});

describe("version", () => {
  const at = async (version: string): Promise<Management> => client((await fakeBroker(json(200, { rabbitmq_version: version }))).url);

  test.each([
    ["4.3.6", "4.3"],
    ["4.3.0-rc.1", "4.3"],
    ["4.10.0", "4.3"],
    ["5.0.0", "4.3"],
    ["4.1.2", "4.0"],
  ] as const)("%s is enough for %s", async (found, minimum) => {
    expect(await (await at(found)).requireVersion(minimum)).toBe(found);
  });

  test.each([
    ["4.2.9", "4.3", /brokerVersion: "4.2"/],
    ["3.13.7", "4.0", /upgrade the broker to 4.0/],
  ] as const)("%s is too old for %s", async (found, minimum, remedy) => {
    const fault = await faultOf((await at(found)).requireVersion(minimum));
    expect(fault).toMatchObject({ kind: "version", exitCode: 2 });
    expect(fault.message).toContain(`is RabbitMQ ${found}, and ${minimum} or later`);
    expect(fault.remedy).toMatch(remedy);
  });
});

describe("connections", () => {
  test("nobody listens", async () => {
    const fault = await faultOf(client(`http://anna:${encodeURIComponent(PASSWORD)}@127.0.0.1:1/`).overview());
    expect(fault).toMatchObject({ kind: "unreachable", exitCode: 2 });
    expect(fault.message).toContain("No broker answers at http://127.0.0.1:1: nothing listens there.");
  });

  test("a host that does not exist", async () => {
    expect(await faultOf(client("http://broker.invalid:15672").overview())).toMatchObject({ kind: "unreachable" });
  });

  test("a server that takes too long", async () => {
    const { url, requests } = await fakeBroker(() => undefined);
    expect((await faultOf(client(url).overview())).message).toContain("no answer in time");
    expect(requests).toHaveLength(1);
  });

  test("a server that stops half-way", async () => {
    const { url } = await fakeBroker((_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write('{"rabbit');
    });
    expect((await faultOf(client(url).overview())).message).toContain("stopped half-way");
  });

  test("a connection that closes: reading is tried again, and succeeds", async () => {
    const { url, requests } = await fakeBroker((request, response) => {
      if (requests.length < 3) request.socket.destroy();
      else response.end(JSON.stringify({ rabbitmq_version: "4.3.6" }));
    });
    expect(await client(url).version()).toBe("4.3.6");
    expect(requests).toHaveLength(3);
  });

  test("a broker that fails at a list: reading is tried again, and succeeds", async () => {
    const { url, requests } = await fakeBroker((_, response) => (requests.length < 3 ? response.writeHead(500).end() : response.end("[]")));
    expect(await client(url).users()).toEqual([]);
    expect(requests).toHaveLength(3);
  });

  test("reading gives up after three times", async () => {
    const { url, requests } = await fakeBroker((request) => request.socket.destroy());
    expect(await faultOf(client(url).overview())).toMatchObject({ kind: "unreachable" });
    expect(requests).toHaveLength(3);
  });

  test.each([
    ["PUT", (c: Management) => c.putVhost("v")],
    ["POST", (c: Management) => c.protectVhost("v")],
    ["DELETE", (c: Management) => c.deleteVhost("v")],
  ])("%s is never sent twice", async (method, call) => {
    const { url, requests } = await fakeBroker((request) => request.socket.destroy());
    expect(await faultOf(call(client(url)))).toMatchObject({ kind: "unreachable" });
    expect(requests.filter((request) => request.startsWith(method))).toHaveLength(1);
  });

  test("an AMQP port", async () => {
    const fault = await faultOf(client(await fakeListener("AMQP\0\0\u0009\u0001")).overview());
    expect(fault).toMatchObject({ kind: "not-rabbitmq" });
    expect(fault.remedy).toContain("not the AMQP port");
  });

  test("a port without TLS", async () => {
    const { url } = await fakeBroker(json(200, {}));
    const fault = await faultOf(client(url.replace("http:", "https:")).overview());
    expect(fault).toMatchObject({ kind: "tls", exitCode: 2 });
    expect(fault.remedy).toContain("does not speak TLS");
  });

  test("no more than eight requests at a time", async () => {
    let [open, most] = [0, 0];
    const { url } = await fakeBroker((_, response) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open -= 1;
        response.end("[]");
      }, 10);
    });
    const management = client(url, { answerTimeoutMs: 5000 });
    await Promise.all(Array.from({ length: 40 }, () => management.users()));
    expect(most).toBe(8);
  });
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

describe.skipIf(!hasOpenssl)("TLS", () => {
  /** A self-signed certificate for localhost, and a server that has it. */
  async function tlsBroker(more: ServerOptions = {}): Promise<{ url: string; port: number; cert: string; key: string }> {
    const directory = mkdtempSync(join(tmpdir(), "warren-tls-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const [keyFile, certFile] = [join(directory, "key.pem"), join(directory, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", keyFile, "-out", certFile, "-days", "2", ...subject],
      {
        stdio: "ignore",
      },
    );
    const [cert, key] = [readFileSync(certFile, "utf8"), readFileSync(keyFile, "utf8")];
    const server = createServer({ cert, key, ca: cert, ...more }, (_, response) =>
      response.end(JSON.stringify({ rabbitmq_version: "4.3.6" })),
    );
    server.on("tlsClientError", () => undefined);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return { url: `https://localhost:${port}`, port, cert, key };
  }

  test("trusted by its authority only, under its own name only", async () => {
    const { url, port, cert } = await tlsBroker();
    expect(await client(url, { ca: cert }).version()).toBe("4.3.6");
    const unknown = await faultOf(client(url).version());
    expect(unknown).toMatchObject({ kind: "tls", exitCode: 2 });
    expect(unknown.remedy).toMatch(/certificate authority/);
    expect((await faultOf(client(`https://127.0.0.1:${port}`, { ca: cert }).version())).remedy).toMatch(/host name/);
  });

  test("a client certificate, where the broker asks for one", async () => {
    const { url, cert, key } = await tlsBroker({ requestCert: true, rejectUnauthorized: true });
    expect(await client(url, { ca: cert, cert, key }).version()).toBe("4.3.6");
    expect((await faultOf(client(url, { ca: cert }).version())).remedy).toMatch(/client certificate/);
    expect((await faultOf(client(url, { ca: cert, cert: "x", key: "y" }).version())).remedy).toMatch(/no PEM/);
  });

  test("plain HTTP to a TLS port", async () => {
    const { port } = await tlsBroker();
    expect((await faultOf(client(`http://127.0.0.1:${port}`).version())).remedy).toMatch(/write https:/);
  });
});

describe("paths", () => {
  test.each(["a/b", "a@b", "100%", "a b", "Grüße €", "a#b?c", "+", "%2F", "a\\b", "'(*)!", "/"])("name %j is one segment", async (name) => {
    const { url, requests } = await fakeBroker(json(204, undefined));
    await client(url).deleteQueue("/", name);
    const path = requests[0]?.replace("DELETE /api/queues/%2F/", "") ?? "";
    expect(path).not.toMatch(/[/#?\s]/);
    expect(decodeURIComponent(path)).toBe(name);
  });

  test.each([".", "..", "", "\ud800"])("name %j is refused, and nothing sent", async (name) => {
    const { url, requests } = await fakeBroker(json(204, undefined));
    expect(() => client(url).deleteQueue("/", name)).toThrow(/cannot address|Unicode/);
    expect(requests).toEqual([]);
  });

  test("the prefix of the management plugin stays", async () => {
    const { url, requests } = await fakeBroker(json(200, { rabbitmq_version: "4.3.6" }));
    await client(`${url}/rabbit/`).version();
    expect(requests).toEqual(["GET /rabbit/api/overview"]);
  });
});

test("the client itself shows no password", () => {
  const shown = inspect(client(`http://anna:${encodeURIComponent(PASSWORD)}@127.0.0.1:1`), { depth: 20, showHidden: true });
  expect(shown).not.toContain(PASSWORD);
  expect(JSON.stringify(client("http://127.0.0.1:1"))).not.toContain(PASSWORD);
});

test("an address as it was given shows no password", () => {
  expect(shownAddress("amqp:/u:p@host")).toBe("host");
  expect(shownAddress("amqps://host?password=p")).toBe("amqps://host?password=***");
});

test.each(["nonsense", "ftp://host", "amqp://host", "anna:pw@host"])("endpoint %j is refused", (endpoint) => {
  expect(() => client(endpoint)).toThrow(/no URL|has no .* address/);
});

test.each([
  ["amqp://u:p@h/v", "amqp://h/v"],
  ["amqp://u:p/@x@h/v", "amqp://h/v"],
  ["see http://u@h:1 or amqps://a:b@c", "see http://h:1 or amqps://c"],
  ["no url: a@b", "no url: a@b"],
  ["amqps://u:p@h?keyfile=/k&pass%77ord=p&verify=x, x", "amqps://h?keyfile=/k&pass%77ord=***&verify=x, x"],
  ["no url: ?password=p", "no url: ?password=p"],
])("credentials leave %j", (text, without) => {
  expect(withoutCredentials(text)).toBe(without);
});
