// Taking down what has workers: their image is not built for it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { withConfig } from "./config.js";
import { imagesBefore } from "./stack.js";

test("the image is the one of the run before, and any name where there was none", () => {
  const folder = mkdtempSync(join(tmpdir(), "warren-down-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const configFile = join(folder, "Pulumi.dev.yaml");
  expect(imagesBefore({ configFile })).toMatchObject({ workerImage: "warren/worker:none", prometheusImage: undefined });
  writeFileSync(configFile, withConfig("", { "warren:workerImage": "warren/worker:1-abc" }));
  expect(imagesBefore({ configFile })).toMatchObject({ workerImage: "warren/worker:1-abc" });
});
