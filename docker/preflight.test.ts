// What is found before anything is made. A `docker` that plays its part stands first on the PATH.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isGone, preflight, type PreflightOptions } from "./preflight.js";

let folder = "";
const path = process.env["PATH"];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-docker-"));
  process.env["PATH"] = `${folder}:${path}`;
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true });
});

/** Answers by the first words of the call; writes every call down. */
function docker(answers: Readonly<Record<string, string | { readonly fails: string }>>): void {
  const cases = Object.entries(answers).map(([call, answer]) =>
    typeof answer === "string" ? `"${call}"*) printf '%s' '${answer}';;` : `"${call}"*) echo '${answer.fails}' >&2; exit 1;;`,
  );
  writeFileSync(join(folder, "docker"), `#!/bin/sh\necho "$*" >> ${folder}/calls\ncase "$*" in\n${cases.join("\n")}\n*) ;;\nesac\n`);
  chmodSync(join(folder, "docker"), 0o755);
}
const calls = (): string => readFileSync(join(folder, "calls"), "utf8");

const options: PreflightOptions = { container: "warren-dev-broker-0", image: "rabbitmq:x", ports: [], dryRun: false };

async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

describe("Docker", () => {
  it("that is absent is named, with what to do", async () => {
    process.env["PATH"] = folder;
    await expect(preflight(options)).rejects.toThrow(/Docker is not installed[^]*warren:broker external/);
  });

  it("that does not answer is named with its own reason", async () => {
    docker({ version: { fails: "Cannot connect to the Docker daemon at unix:///var/run/docker.sock." } });
    await expect(preflight(options)).rejects.toThrow(/Docker does not answer: Cannot connect[^]*start the Docker engine/);
  });
});

describe("an image", () => {
  it("that is here is not pulled", async () => {
    docker({ "image ls": "sha256:1" });
    expect(await preflight(options)).toEqual({ state: "absent" });
    expect(calls()).not.toContain("pull");
  });

  it("that is not here is pulled, but not by a preview", async () => {
    docker({});
    await preflight({ ...options, dryRun: true });
    expect(calls()).not.toContain("pull");
    const told: string[] = [];
    await preflight({ ...options, onProgress: (text) => told.push(text) });
    expect(calls()).toContain("pull --quiet rabbitmq:x");
    expect(told).toEqual(["pulling image rabbitmq:x"]);
  });

  it("that cannot be pulled is named, with what to do", async () => {
    docker({ pull: { fails: "Error response from daemon: manifest unknown" } });
    await expect(preflight(options)).rejects.toThrow(
      /image rabbitmq:x is not on this machine and cannot be pulled: manifest unknown[^]*warren:image/,
    );
  });
});

describe("a port", () => {
  it("that is taken is named, with its key", async () => {
    docker({ "image ls": "sha256:1" });
    const { server, port } = await listening();
    await expect(preflight({ ...options, ports: [{ key: "warren:amqpPort", port: port }] })).rejects.toThrow(
      new RegExp(`Port ${port} of 127\\.0\\.0\\.1 is taken by another process[^]*pulumi config set warren:amqpPort PORT`),
    );
    await new Promise((resolve) => server.close(resolve));
    expect(await preflight({ ...options, ports: [{ key: "warren:amqpPort", port: port }] })).toEqual({ state: "absent" });
  });

  it("that the running broker itself has is no matter, another one is", async () => {
    const [own, other] = [await listening(), await listening()];
    docker({ ps: "running", port: `15672/tcp -> 127.0.0.1:${own.port}` });
    expect(await preflight({ ...options, ports: [{ key: "warren:managementPort", port: own.port }] })).toEqual({
      state: "running",
      managementUrl: `http://127.0.0.1:${own.port}`,
    });
    await expect(preflight({ ...options, ports: [{ key: "warren:managementPort", port: other.port }] })).rejects.toThrow(/is taken/);
    own.server.close();
    other.server.close();
  });
});

describe("a stopped broker", () => {
  it("is started again, but not by a preview", async () => {
    docker({ ps: "exited" });
    expect(await preflight({ ...options, dryRun: true })).toEqual({ state: "stopped" });
    expect(calls()).not.toContain("start");
    expect((await preflight(options)).state).toBe("running");
    expect(calls()).toContain("start warren-dev-broker-0");
  });

  it("that does not start is named with the reason", async () => {
    docker({ ps: "exited", start: { fails: "Error response from daemon: driver failed: port is already allocated" } });
    await expect(preflight(options)).rejects.toThrow(/is stopped and cannot be started: driver failed: port is already allocated/);
  });
});

it("a broker is gone when neither its container nor its volume is there", async () => {
  docker({});
  expect(await isGone("b")).toBe(true);
  docker({ "volume ls": "b" });
  expect(await isGone("b")).toBe(false);
  docker({ ps: "exited" });
  expect(await isGone("b")).toBe(false);
});
