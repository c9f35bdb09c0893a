// What a checkout remembers: for each stack by itself, and never what is for one run.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
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

test("a backend of the caller's holds every stack but dev, with the caller's passphrase", () => {
  const folder = scratch();
  const caller = { PATH: "/bin", PULUMI_BACKEND_URL: "s3://states", PULUMI_CONFIG_PASSPHRASE: "theirs", PULUMI_STACK: "other" };
  const of = (stack: string, env: NodeJS.ProcessEnv) => {
    const workspace = new Workspace(folder, folder, stack, env);
    return { shared: workspace.shared, env: workspace.environment(env) };
  };
  const prod = of("prod", caller);
  expect(prod.shared).toBe(true);
  expect(prod.env).toEqual({
    PATH: "/bin",
    PULUMI_BACKEND_URL: "s3://states",
    PULUMI_CONFIG_PASSPHRASE: "theirs",
    WARREN_SHARED_STATE: "true",
    WARREN_CHECKOUT: folder,
  });

  const own = { PULUMI_BACKEND_URL: pathToFileURL(join(folder, "state")).href, PULUMI_CONFIG_PASSPHRASE_FILE: join(folder, "passphrase") };
  for (const [stack, env] of [
    ["dev", caller],
    ["prod", { PATH: "/bin" }],
    ["prod", { PATH: "/bin", PULUMI_BACKEND_URL: "" }],
    // What one of the lab's commands starts in another checkout: it has said where, nobody has chosen.
    ["prod", new Workspace(scratch(), folder, "dev", caller).environment(caller)],
  ] as const) {
    const made = of(stack, env);
    expect([made.shared, made.env]).toEqual([false, expect.objectContaining(own)]);
    expect(made.env).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE");
  }
});
