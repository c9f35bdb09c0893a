// The engine's state: what is read from it, and what is taken out before it goes back.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readCheckpoint, stackOutputs, withoutPending, withoutResources } from "./checkpoint.js";
import { dockerObjects, halfMade } from "./containers.js";

const container = { urn: "urn:pulumi:dev::warren::docker:index/container:Container::broker", type: "docker:index/container:Container" };
const deployment = {
  secrets_providers: { type: "passphrase", state: { salt: "v1:abc" } },
  resources: [
    { urn: "urn:pulumi:dev::warren::pulumi:pulumi:Stack::warren-dev", type: "pulumi:pulumi:Stack", outputs: { summary: "up" } },
    { urn: "urn:pulumi:dev::warren::docker:index/volume:Volume::data", type: "docker:index/volume:Volume", id: "warren-data" },
    { ...container, id: "0123456789ab" },
  ],
  pending_operations: [
    { type: "creating", resource: { ...container, inputs: { name: "warren-broker" } } },
    { type: "updating", resource: { ...container, inputs: { name: "warren-other" } } },
    { type: "creating", resource: { urn: "urn:q", type: "rabbitmq:index/queue:Queue", inputs: { name: "q" } } },
  ],
};

test("reads resources, pending operations and salt from the state file", () => {
  const folder = mkdtempSync(join(tmpdir(), "warren-state-"));
  const file = join(folder, "dev.json");
  writeFileSync(file, JSON.stringify({ version: 3, checkpoint: { stack: "dev", latest: deployment } }));
  const checkpoint = readCheckpoint(file);
  rmSync(folder, { recursive: true });
  expect(checkpoint?.salt).toBe("v1:abc");
  expect(checkpoint && stackOutputs(checkpoint)).toEqual({ summary: "up" });
  expect(checkpoint && dockerObjects(checkpoint.resources).map(({ kind, reference }) => `${kind} ${reference}`)).toEqual([
    "volume warren-data",
    "container 0123456789ab",
  ]);
  expect(checkpoint && halfMade(checkpoint.pending).map(({ kind, reference }) => `${kind} ${reference}`)).toEqual([
    "container warren-broker",
  ]);
});

test("a stack that was made and never updated holds nothing; one that was never made is undefined", () => {
  const folder = mkdtempSync(join(tmpdir(), "warren-state-"));
  const file = join(folder, "dev.json");
  writeFileSync(file, JSON.stringify({ version: 3, checkpoint: { stack: "dev", latest: null } }));
  expect(readCheckpoint(file)).toEqual({ resources: [], pending: [] });
  rmSync(folder, { recursive: true });
  expect(readCheckpoint(file)).toBeUndefined();
});

test("only the pending operations, or only they and the resources, are taken out", () => {
  const exported = JSON.stringify({ version: 3, deployment: { ...deployment, manifest: { time: "t" } } });
  const { pending_operations: _pending, ...rest } = deployment;
  expect(JSON.parse(withoutPending(exported))).toEqual({ version: 3, deployment: { ...rest, manifest: { time: "t" } } });
  expect(JSON.parse(withoutResources(exported))).toEqual({ version: 3, deployment: { ...rest, resources: [], manifest: { time: "t" } } });
});
