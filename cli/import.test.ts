/** `warren import`: what is written where, what is told, and the exit codes. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installations } from "../testing/installations/index.js";
import { HASH } from "../testing/installations/parts.js";
import { warrenCommand, type Said } from "../testing/warren-command.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-cli-import-"));
  for (const [name, definitions] of Object.entries(installations)) writeFileSync(join(folder, `${name}.json`), JSON.stringify(definitions));
  writeFileSync(join(folder, "t.json"), JSON.stringify({ name: "t", queues: {} }));
  writeFileSync(join(folder, "bad.json"), JSON.stringify({ vhosts: [{ name: 3 }] }));
  const vhost = "v\u001b[31m*/";
  writeFileSync(join(folder, "evil.json"), JSON.stringify({ vhosts: [{ name: vhost }], exchanges: [{ vhost, name: "\n*/x", type: "y" }] }));
});
afterAll(() => rmSync(folder, { recursive: true }));

const warren = (...words: readonly string[]): Promise<Said> => warrenCommand(["import", ...words], { cwd: folder });

test("the file on the output; what is proposed on the error output", async () => {
  const { code, out, error } = await warren("springCloudStream.json");
  expect(code).toBe(0);
  expect(out).toMatch(/^\/\*\*\n \* Imported from springCloudStream\.json/);
  expect(error).toMatch(/^proposed: shop, service billing for user shop\.billing, with its own topicPermissions$/m);
});

test("a file; credentials in another one, for its owner alone", async () => {
  const [file, secrets] = [join(folder, "sites.ts"), join(folder, "secrets.json")];
  const { code, out, error } = await warren("sites.json", "-o", file, "--secrets", secrets);
  expect([code, out]).toEqual([1, ""]);
  expect(error).toMatch(/^not in the file: binding of queue "parcels\.remote" to exchange "amq\.rabbitmq\.event"/m);
  expect(error).toMatch(/^secret: pulumi config set --secret --path 'warren:secrets\["upstream-eu-uri"\]'$/m);
  expect(JSON.parse(readFileSync(secrets, "utf8"))["upstream-eu-uri"]).toBe("amqps://fed:s3cret@eu.example:5671/logistics");
  expect(statSync(secrets).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8") + error).not.toMatch(/s3cret|pa55/);
});

test("--json has a version, the file's text, and no secret", async () => {
  const { code, out } = await warren("sites.json", "--json");
  const printed = JSON.parse(out);
  expect(code).toBe(1);
  expect(Object.keys(printed)).toEqual(["version", "text", "topologies", "secrets", "leftOut", "notes", "findings"]);
  expect(printed.version).toBe(1);
  expect(printed.topologies).toMatchObject([
    { name: "logistics", vhost: "logistics", identifier: "logistics", services: [{ service: "shovel" }] },
  ]);
  for (const secret of ["s3cret", "pa55", HASH]) expect(out).not.toContain(secret);
});

test("only some vhosts, without some users", async () => {
  const { out, error } = await warren("tenants.json", "--vhost", "tenant-a", "--without-user", "root");
  expect(out).toContain("export const tenantA = topology({");
  expect(out).not.toMatch(/tenantB|root/);
  expect(error).toMatch(/^left to others: user "root"/m);
  expect(error).toMatch(/^note: tenant-a, users\.support: User "support" has rights in vhosts that are not imported \("tenant-b"\)/m);
  const without = await warren("tenants.json", "--vhost", "tenant-a", "--without-user", "root", "support");
  expect(without.error).toMatch(/^left to others: user "support"/m);
  expect(without.out + without.error).not.toContain("not imported");
});

test("what an update refuses is told, with exit code 1", async () => {
  const { code, error } = await warren("openStack.json");
  expect(code).toBe(1);
  expect(error).toMatch(/error feature-removed {2}nova/);
  expect(error).toMatch(/^note: The broker has version 3\.13\.7/m);
});

test("no name ends a comment, or reaches a terminal as it is", async () => {
  const { out, error } = await warren("evil.json");
  expect(out + error).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  expect(out.slice(0, out.indexOf(" */\nimport")).split("*/")).toHaveLength(1);
});

test.each([
  [["t.json"], 2, "holds no definitions"],
  [["none.json"], 2, 'There is no file "none.json".\n  to do:   name definitions'],
  [["--vhost", "shop", "tenants.json"], 2, "name the source before --vhost"],
  [["--without-user", "admin", "http://a:geheim@127.0.0.1:1"], 2, 'No source is given: "http://127.0.0.1:1" was taken'],
  [["tenants.json", "--vhost", "other"], 2, 'There is no vhost "other"'],
  [["tenants.json", "--broker", "http://localhost:1"], 2, "there can be one"],
  [["http://127.0.0.1:1"], 2, "127.0.0.1:1"],
  [["bad.json"], 1, "vhosts[0].name"],
])("%j: exit code %i, and why", async (words, exit, why) => {
  const { code, out, error } = await warren(...words);
  expect([code, out]).toEqual([exit, ""]);
  expect(error).toContain(why);
});

test("--help has an example", async () => expect((await warren("--help")).out).toMatch(/\n {2}\$ warren import http:/));
