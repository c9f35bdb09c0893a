// What a checkout remembers: for each stack by itself, and never what is for one run.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Workspace } from "./workspace.js";

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "warren-workspace-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("stacks beside one another have files of their own; those of dev are called as ever", () => {
  const folder = scratch();
  const [dev, blue] = [new Workspace(folder, folder, "dev"), new Workspace(folder, folder, "blue")];
  expect([dev.choicesFile, dev.lastStateFile]).toEqual([join(folder, "choices.json"), join(folder, "last-state.json")]);
  for (const file of ["choicesFile", "lastStateFile", "configFile", "checkpointFile", "lockFolder"] as const)
    expect(blue[file]).not.toBe(dev[file]);
  blue.remember({ version: 1, settings: { nodes: "3" } });
  expect(dev.choices()).toEqual({ version: 1 });
  dev.remember({ version: 1, system: "debias" });
  expect(blue.choices()).toEqual({ version: 1, settings: { nodes: "3" } });
});

test("a leave to lose messages that was remembered once is not given again", () => {
  const workspace = new Workspace(scratch());
  writeFileSync(workspace.choicesFile, JSON.stringify({ version: 1, system: "all", settings: { allowDataLoss: "true", tls: "true" } }));
  expect(workspace.choices()).toEqual({ version: 1, system: "all", settings: { tls: "true" } });
});
