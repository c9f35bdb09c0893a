/** `warren crds`: YAML that kubectl applies, JSON, and what it refuses. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { warrenCommand, type Said } from "../testing/warren-command.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-cli-crds-"));
  writeFileSync(join(folder, "t.json"), JSON.stringify({ name: "t", users: { "\u001b[31m": { limits: { maxChannels: 1 } } } }));
});
afterAll(() => rmSync(folder, { recursive: true }));

const warren = (...words: readonly string[]): Promise<Said> => warrenCommand(["crds", ...words], { cwd: folder });

test("YAML: the same objects as JSON, one document each; the Secrets that it needs on the error output", async () => {
  const words = ["contextiq", "--cluster", "broker", "--cluster-namespace", "rabbit", "--namespace", "apps"];
  const { code, out, error } = await warren(...words);
  expect(code).toBe(0);
  const documents = parseAllDocuments(out).map((document) => document.toJS() as unknown);
  const printed = JSON.parse((await warren(...words, "--json")).out);
  expect(Object.keys(printed)).toEqual(["version", "objects", "secrets", "findings"]);
  expect(printed.version).toBe(1);
  expect(documents).toEqual(printed.objects);
  expect(printed.objects[0]).toMatchObject({
    ...{ apiVersion: "rabbitmq.com/v1beta1", kind: "Vhost", metadata: { namespace: "apps" } },
    spec: { name: "contextiq", rabbitmqClusterReference: { name: "broker", namespace: "rabbit" } },
  });
  expect(error).toMatch(/^needs Secret contextiq-webhook-[0-9a-f]{12}-login with username, password, for User contextiq\.webhook$/m);
});

test("exit code 1 if the broker will lack something", async () => {
  const { code, out, error } = await warren("cgcg", "--connection-secret", "broker");
  expect(code).toBe(1);
  expect(out).toContain("connectionSecret:");
  expect(error).toMatch(/^error custom-resource {2}cgcg: users\["cgcg\.monitoring"\]\.limits$/m);
});

test("no control character of a name reaches a terminal", async () => {
  const { out, error } = await warren("t.json");
  expect(out + error).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
});

test("--help has an example", async () => expect((await warren("--help")).out).toMatch(/\n {2}\$ warren crds contextiq/));

test.each([
  [["debias", "--cluster", "Not_a_name"], "no name in Kubernetes"],
  [["debias", "--cluster", "a", "--connection-secret", "b"], "name two brokers"],
  [[], "No topology is given."],
])("refuses %j", async (words, said) => {
  const { code, out, error } = await warren(...words);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(error).toContain(said);
});
