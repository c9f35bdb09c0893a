// The checkout's own authority and what it signs: made once, kept, and renewed in time.
import { X509Certificate } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { localAuthority, localCertificates } from "./local-certificates.js";

let folder = "";
let told: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-tls-"));
  told = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const DAY = 86_400_000;
const make = (nodes: readonly string[], inDays = 0, dryRun = false): ReturnType<typeof localCertificates> =>
  localCertificates(folder, Object.fromEntries(nodes.map((node) => [node, [node]])), {
    days: 90,
    onProgress: (text) => told.push(text),
    now: new Date(Date.now() + inDays * DAY),
    dryRun,
  });

it("they are for the node's name and this machine, signed by one authority, readable by the owner alone", async () => {
  expect(localAuthority(folder)).toBeUndefined();
  const { certificates, caFile } = await make(["broker-0", "broker-1"]);
  expect(localAuthority(folder)).toEqual({ caFile });
  const ca = new X509Certificate(readFileSync(caFile));
  expect(ca.ca).toBe(true);
  for (const [index, { cert, ca: shown }] of certificates.entries()) {
    const own = new X509Certificate(cert);
    expect(shown).toBe(ca.toString());
    expect(own.verify(ca.publicKey)).toBe(true);
    for (const host of [`broker-${index}`, "localhost"]) expect(own.checkHost(host)).toBe(host);
    expect(own.checkIP("127.0.0.1")).toBe("127.0.0.1");
  }
  for (const name of ["ca.key", "broker-0.key"]) expect(statSync(join(folder, ".warren/tls", name)).mode & 0o777).toBe(0o600);
});

it("they stay as they are until a third of their time is left, and the authority with them", async () => {
  const first = await make(["broker-0"]);
  expect(await make(["broker-0"], 59)).toEqual(first);
  expect(told).toEqual([]);
  const renewed = await make(["broker-0"], 61);
  expect(renewed.certificates[0]?.cert).not.toBe(first.certificates[0]?.cert);
  expect(renewed.certificates[0]?.ca).toBe(first.certificates[0]?.ca);
  expect(told).toEqual([expect.stringMatching(/certificate of broker-0 is made anew: it ends on \d{4}-/)]);
});

it("one that does not fit is made anew", async () => {
  const first = await make(["broker-0", "broker-1"]);
  const file = (name: string): string => join(folder, ".warren/tls", name);
  writeFileSync(file("broker-0.key"), readFileSync(file("broker-1.key")));
  writeFileSync(file("broker-1.pem"), "no certificate");
  const again = await make(["broker-0", "broker-1"]);
  expect(told).toEqual([expect.stringMatching(/broker-0 .*its key is another one/), expect.stringMatching(/broker-1 .*cannot be read/)]);
  expect(again.certificates[0]?.ca).toBe(first.certificates[0]?.ca);
  rmSync(file("ca.pem"));
  told = [];
  await make(["broker-0"]);
  expect(told).toEqual([expect.stringMatching(/broker-0 .*another authority signed it/)]);
});

it("a preview shows what would be made, and keeps none of it", async () => {
  expect((await make(["broker-0"], 0, true)).certificates).toHaveLength(1);
  expect(existsSync(join(folder, ".warren"))).toBe(false);
  const first = await make(["broker-0"]);
  const files = readdirSync(join(folder, ".warren/tls"));
  expect((await make(["broker-0", "broker-1"], 61, true)).certificates[0]?.cert).not.toBe(first.certificates[0]?.cert);
  expect(readdirSync(join(folder, ".warren/tls"))).toEqual(files);
  expect(await make(["broker-0"])).toEqual(first);
});
