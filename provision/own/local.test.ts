// A node that leaves asks the node that stays where it is now, not where the state has it.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { fakeBroker } from "../../testing/fake-broker.js";
import type { Props } from "./behaviour.js";
import { handler } from "./handler.js";

const spec = { node: "rabbit@broker-2", container: "warren-broker-2", seat: "warren-broker-0" };
const member = (endpoint: string, password: string): Props => ({
  kind: "member",
  spec,
  connection: { endpoint, username: "warren", password },
});

it("by the address that Docker has of the first node, with the credentials of this run", async () => {
  const folder = mkdtempSync(join(tmpdir(), "warren-docker-"));
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env["PATH"]}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
  const asked: (string | undefined)[] = [];
  const { url, requests } = await fakeBroker((request, response) => {
    asked.push(request.headers.authorization);
    response.writeHead(200, { "content-type": "application/json" }).end("[]");
  });
  const answers = ["ps) echo running ;;", `port) echo '15672/tcp -> ${url.replace("http://", "")}' ;;`];
  writeFileSync(join(folder, "docker"), ["#!/bin/sh", 'case "$1" in', ...answers, "esac", ""].join("\n"));
  chmodSync(join(folder, "docker"), 0o755);
  const run = handler();
  // Another member, which stays, tells the credentials of this run.
  await run.diff("member", member("http://127.0.0.1:1", "old"), member(url, "new"));
  await run.delete("member", member("http://127.0.0.1:1", "old"));
  expect(requests).toEqual([expect.stringMatching(/^GET \/api\/nodes/)]);
  expect(asked).toEqual([`Basic ${Buffer.from("warren:new").toString("base64")}`]);
});
