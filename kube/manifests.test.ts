import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readManifests } from "./manifests.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-manifests-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};
const object = (kind: string, name: string): string => `apiVersion: v1\nkind: ${kind}\nmetadata: { name: ${name} }\n`;

test("all documents of all files come in their order, lists opened, empty ones left out", async () => {
  const one = write("one.yaml", `---\n${object("Namespace", "a")}---\n# nothing\n---\n${object("ServiceAccount", "b")}`);
  const list = write(
    "list.yaml",
    JSON.stringify({ apiVersion: "v1", kind: "List", items: [{ apiVersion: "v1", kind: "Secret", metadata: { name: "c" } }] }),
  );
  const read = await readManifests([one, join(folder, list)], folder);
  expect(read.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(["Namespace a", "ServiceAccount b", "Secret c"]);
  expect(await readManifests([], folder)).toEqual([]);
});

test.each([
  ["none.yaml", undefined, /"none\.yaml" cannot be read \(ENOENT\)/],
  ["broken.yaml", "a: [", /is no YAML/],
  ["nameless.yaml", `${object("Namespace", "a")}---\nkind: Pod\n`, /no apiVersion, kind or metadata\.name in its document 2/],
  ["twice.yaml", `${object("Namespace", "a")}---\n${object("Namespace", "a")}`, /as "twice\.yaml" has/],
  ["http://127.0.0.1/a.yaml", undefined, /neither a file nor an https address/],
  ["https://127.0.0.1/releases/latest/download/a.yaml", undefined, /names no version/],
  ["https://127.0.0.1:1/releases/v1/a.yaml", undefined, /cannot be had/],
])("%s is refused with its place", async (source, text, fault) => {
  if (text !== undefined) write(source, text);
  await expect(readManifests([source], folder)).rejects.toThrow(fault);
});
