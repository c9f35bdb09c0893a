// What the lab's cluster is told to run does not move, whichever image Docker has.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { settledName } from "./image.js";
import { versions } from "./versions.js";

const { official } = versions.broker;

/** A `docker` that says this of an image, and notes what it is told. */
function docker(environment: string): () => string {
  const folder = mkdtempSync(join(tmpdir(), "warren-docker-"));
  const log = join(folder, "log");
  writeFileSync(log, "");
  writeFileSync(join(folder, "docker"), `#!/bin/sh\necho "$1 $2 $3" >> '${log}'\n[ "$1" = image ] && echo '${environment}'\nexit 0\n`);
  chmodSync(join(folder, "docker"), 0o755);
  vi.stubEnv("PATH", [folder, process.env["PATH"]].join(delimiter));
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
  return () => readFileSync(log, "utf8");
}

test("the official image is called by its own version, one that is made here as it is", async () => {
  const told = docker("PATH=/bin\nRABBITMQ_VERSION=4.3.7\nLANG=C");
  expect(await settledName(official)).toBe("rabbitmq:4.3.7-management");
  expect(told()).toContain(`tag ${official} rabbitmq:4.3.7-management\n`);
  expect(await settledName("warren/rabbitmq:4.3.6-debian-1")).toBe("warren/rabbitmq:4.3.6-debian-1");
});

test("one of the official name that says no version is not run", async () => {
  docker("PATH=/bin");
  await expect(settledName(official)).rejects.toThrow("does not say which version it is");
});
