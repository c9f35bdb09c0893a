// Files of authorities that the configuration names.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeAuthority } from "../docker/certificates.js";
import { readAuthorities } from "./authorities.js";

test("certificates alone, several of them; and what is none", async () => {
  const folder = mkdtempSync(join(tmpdir(), "warren-authorities-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [old, next] = await Promise.all([makeAuthority("old", 1), makeAuthority("next", 1)]);
  writeFileSync(join(folder, "both.pem"), `${old.cert}${old.key}${next.cert}`);
  writeFileSync(join(folder, "key.pem"), old.key);
  writeFileSync(join(folder, "broken.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  expect(readAuthorities("both.pem", folder)).toBe(`${old.cert}${next.cert}`.trim());
  expect(() => readAuthorities("key.pem", folder)).toThrow('tls.authorities: "key.pem" holds no certificate in PEM');
  expect(() => readAuthorities("broken.pem", folder)).toThrow("no certificate");
  expect(() => readAuthorities("gone.pem", folder)).toThrow("cannot be read");
});
