// The configuration of Kubernetes: objects are laid over one another, and what is wrong is named by its key.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { laidOver, prodSettingsOf, type Json } from "./settings.js";

const folder = mkdtempSync(join(tmpdir(), "warren-kube-"));
afterAll(() => rmSync(folder, { recursive: true }));
function file(text: string, base = "settings"): string {
  const name = join(folder, `${base}.yaml`);
  writeFileSync(name, text);
  return name;
}

it("a file is laid over what the stack says, key by key, and the worker's image over both", () => {
  const settings = prodSettingsOf({
    kubernetes: { cluster: { nodes: 5, storage: { size: "50Gi" } } },
    file: file('cluster: { storage: { class: fast }, resources: { memory: "1Gi" } }\nworkers: { image: "mine:2" }'),
    workerImage: "built:3",
  });
  expect(settings.cluster).toMatchObject({ nodes: 5, storage: { size: "50Gi", class: "fast" }, resources: { memory: "1Gi" } });
  expect(settings.workers.image).toBe("built:3");
});

it("of several files the later ones are laid over those before", () => {
  const files = [file("cluster: { nodes: 5, name: one }", "first"), file("cluster: { name: two }\nprovision: operator", "second")];
  const { cluster, provision } = prodSettingsOf({ kubernetes: {}, file: files.join(",") });
  expect([cluster.nodes, cluster.name, provision]).toEqual([5, "two", "operator"]);
});

it.each([
  ["- a list", /holds no object/],
  ["a: [", /cannot be read/],
  ["cluster: { nodes: 4 }", /warren:kubernetes\.cluster\.nodes: .*1\|3\|5/],
  ["clusters: {}", /clusters/],
])("%s is refused by name", (text, message) => {
  expect(() => prodSettingsOf({ kubernetes: {}, file: file(text) })).toThrow(message);
});

it("what is above stays, what only is below stays, and the inputs are left as they were", () => {
  const json = fc.dictionary(
    fc.constantFrom("a", "b", "c"),
    fc.oneof(fc.integer(), fc.dictionary(fc.constantFrom("d", "e"), fc.integer(), { minKeys: 1 })),
  );
  const leaves = (value: unknown, path = ""): string[] =>
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`))
      : [`${path}=${String(value)}`];
  fc.assert(
    fc.property(json, json, (below: Json, above: Json) => {
      const before = JSON.stringify([below, above]);
      const merged = leaves(laidOver(below, above));
      expect(JSON.stringify([below, above])).toBe(before);
      for (const leaf of leaves(above)) expect(merged).toContain(leaf);
      const paths = leaves(above).map((leaf) => leaf.slice(0, leaf.indexOf("=")));
      for (const leaf of leaves(below)) {
        const path = leaf.slice(0, leaf.indexOf("="));
        const replaced = paths.some((other) => other === path || other.startsWith(`${path}.`) || path.startsWith(`${other}.`));
        if (!replaced) expect(merged).toContain(leaf);
      }
    }),
  );
});
