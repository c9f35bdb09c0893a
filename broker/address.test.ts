/** The broker of a verb: the order, every kind of address, and the dev stack's file with its rights. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { brokerAddress, ENDPOINT_FILE, readEndpoint, removeEndpoint, writeEndpoint } from "./address.js";
import { WarrenError } from "../topology/errors.js";

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "warren-address-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

const at = (url: string, environment: Record<string, string> = {}) => brokerAddress({ url, environment, directory: "/nowhere" });

const dev = { managementUrl: "http://127.0.0.1:15672", amqpUrl: "amqp://127.0.0.1:5672", username: "admin", password: "s3cret" };

describe("order", () => {
  test("--broker, then WARREN_BROKER_URL, then the dev stack", () => {
    const directory = scratch();
    writeEndpoint(directory, dev);
    const environment = { WARREN_BROKER_URL: "http://b:b@second:1" };
    expect(brokerAddress({ url: "http://a:a@first:1", environment, directory })).toMatchObject({
      source: "--broker",
      management: { endpoint: "http://first:1" },
    });
    expect(brokerAddress({ environment, directory })).toMatchObject({
      source: "WARREN_BROKER_URL",
      management: { endpoint: "http://second:1" },
    });
    expect(brokerAddress({ environment: {}, directory })).toEqual({
      management: { endpoint: dev.managementUrl, username: "admin", password: "s3cret" },
      amqpUrl: dev.amqpUrl,
      source: "stack dev",
    });
  });

  test("none of them: says how to name one", () => {
    expect(() => brokerAddress({ environment: {}, directory: scratch() })).toThrow(
      /No broker is named.*npm run up.*--broker URL or WARREN_BROKER_URL/s,
    );
  });
});

describe("URLs", () => {
  test.each([
    ["http://u:p@h:15672", { management: { endpoint: "http://h:15672", username: "u", password: "p" } }],
    ["https://u:p@h/prefix/", { management: { endpoint: "https://h/prefix", username: "u", password: "p" } }],
    ["amqp://u:p@h", { management: { endpoint: "http://h:15672", username: "u", password: "p" }, amqpUrl: "amqp://h:5672" }],
    ["amqp://u:p@h:5680/", { management: { endpoint: "http://h:15680", username: "u", password: "p" }, amqpUrl: "amqp://h:5680" }],
    [
      "amqps://u:p@h/a%2Fb",
      { management: { endpoint: "https://h:15671", username: "u", password: "p" }, amqpUrl: "amqps://h:5671", vhost: "a/b" },
    ],
    [
      "amqp://u:p@[::1]/%2F",
      { management: { endpoint: "http://[::1]:15672", username: "u", password: "p" }, amqpUrl: "amqp://[::1]:5672", vhost: "/" },
    ],
  ])("%s", (url, address) => {
    expect(at(url)).toEqual({ source: "--broker", ...address });
  });

  test("any user, password and vhost come through", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1 });
    fc.assert(
      fc.property(text, text, text, (username, password, vhost) => {
        const [u, p, v] = [username, password, vhost].map(encodeURIComponent);
        fc.pre(vhost !== "." && vhost !== "..");
        expect(at(`amqp://${u}:${p}@h/${v}`)).toMatchObject({ management: { username, password }, vhost });
      }),
    );
  });

  test("user and password may come from the environment, which no process list shows", () => {
    const environment = { WARREN_BROKER_USERNAME: "e", WARREN_BROKER_PASSWORD: "x" };
    expect(at("http://h:1", environment).management).toMatchObject({ username: "e", password: "x" });
    expect(at("http://u@h:1", environment).management).toMatchObject({ username: "u", password: "x" });
    const file = join(scratch(), "password");
    writeFileSync(file, "in a file\n");
    const named = { WARREN_BROKER_USERNAME: "e", WARREN_BROKER_PASSWORD_FILE: file };
    expect(at("http://h:1", named).management).toMatchObject({ username: "e", password: "in a file" });
    expect(at("http://h:1", { ...named, WARREN_BROKER_PASSWORD: "x" }).management).toMatchObject({ password: "x" });
    expect(() => at("http://h:1", { ...named, WARREN_BROKER_PASSWORD_FILE: `${file}x` })).toThrow(/WARREN_BROKER_PASSWORD_FILE.*ENOENT/);
  });

  test("PEM files by the environment", () => {
    const file = join(scratch(), "ca.pem");
    writeFileSync(file, "PEM");
    expect(at("https://u:p@h", { WARREN_BROKER_CA_FILE: file }).management).toMatchObject({ ca: "PEM" });
    expect(() => at("https://u:p@h", { WARREN_BROKER_CA_FILE: `${file}x` })).toThrow(/WARREN_BROKER_CA_FILE.*ENOENT/);
  });

  test.each([
    "nonsense",
    "ftp://u:s3cret@h",
    "amqp://u:s3cret@",
    "http://h:1",
    "http://u@h:1",
    "http://u:s3cret%@h",
    "amqp://u:s3cret@h:60000",
    "mqtt:u:s3cret@h",
  ])("%s is refused with exit code 2, the allowed shapes, and no password", (url) => {
    let error: unknown;
    try {
      at(url);
    } catch (fault) {
      error = fault;
    }
    expect(error).toBeInstanceOf(WarrenError);
    expect(error).toMatchObject({ exitCode: 2 });
    expect((error as WarrenError).message).toMatch(/allowed: http:\/\/user:password@host:15672/);
    expect((error as WarrenError).message).not.toContain("s3cret");
  });
});

describe("the dev stack's file", () => {
  test("only its owner may read it, also when an older one was open to all; the password is not in it", () => {
    const directory = scratch();
    mkdirSync(join(directory, ".warren"));
    for (const file of [ENDPOINT_FILE, join(".warren", "broker-password")]) writeFileSync(join(directory, file), "old", { mode: 0o644 });
    // What an earlier process of the same id may have left half-way.
    writeFileSync(join(directory, `${ENDPOINT_FILE}.${process.pid}.new`), "half", { mode: 0o644 });
    writeEndpoint(directory, dev);
    for (const file of [ENDPOINT_FILE, join(".warren", "broker-password")])
      expect(statSync(join(directory, file)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(directory, ENDPOINT_FILE), "utf8")).not.toContain(dev.password);
    expect(readEndpoint(directory)).toEqual({
      version: 1,
      managementUrl: dev.managementUrl,
      amqpUrl: dev.amqpUrl,
      username: "admin",
      passwordFile: "broker-password",
    });
    removeEndpoint(directory);
    expect(readEndpoint(directory)).toBeUndefined();
    removeEndpoint(directory);
  });

  test("each stack has its own, and what reads it follows WARREN_STACK", () => {
    const directory = scratch();
    writeEndpoint(directory, dev, "dev");
    writeEndpoint(directory, { ...dev, managementUrl: "http://127.0.0.1:1", password: "blue's" }, "blue");
    const found = (stack: string): unknown => {
      vi.stubEnv("WARREN_STACK", stack);
      onTestFinished(() => void vi.unstubAllEnvs());
      const { management, source } = brokerAddress({ environment: {}, directory });
      return [management.endpoint, management.password, source];
    };
    expect(found("")).toEqual([dev.managementUrl, dev.password, "stack dev"]);
    expect(found("blue")).toEqual(["http://127.0.0.1:1", "blue's", "stack blue"]);
    removeEndpoint(directory);
    expect(readEndpoint(directory, "blue")).toBeUndefined();
    expect(found("dev")).toEqual([dev.managementUrl, dev.password, "stack dev"]);
  });

  test.each([
    "{",
    "null",
    '{"version":2}',
    '{"version":1,"managementUrl":"ftp://h","amqpUrl":"amqp://h","username":"u","passwordFile":"f"}',
  ])("%s is not one", (text) => {
    const directory = scratch();
    mkdirSync(join(directory, ".warren"));
    writeFileSync(join(directory, ENDPOINT_FILE), text);
    expect(() => brokerAddress({ environment: {}, directory })).toThrow(/is not what the dev stack writes.*npm run up/s);
  });

  test("a password file that is gone", () => {
    const directory = scratch();
    writeEndpoint(directory, dev);
    rmSync(join(directory, ".warren", "broker-password"));
    expect(() => brokerAddress({ environment: {}, directory })).toThrow(/the dev stack's password.*ENOENT.*npm run up/s);
  });
});
