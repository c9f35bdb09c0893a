// The look at the dev broker before an update.
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect, it, onTestFinished, vi } from "vitest";
import { makeAuthority, makeServer } from "../docker/certificates.js";
import { standingBroker } from "../testing/standing-broker.js";
import { compileInstallation } from "../topology/compile/compile.js";
import { definitions } from "../topology/compile/definitions.js";
import { look as lookAt, lookInDocker } from "./open-broker.js";
import type { Settings } from "./settings.js";

const settings = { allowDataLoss: false, brokerVersion: undefined } as Settings;
const plan = compileInstallation({ topologies: [] });
const look = (endpoint: string, caFile: string): Promise<void> =>
  lookInDocker(settings, plan, { endpoint, caFile, username: "warren", password: "p" }, "warren-dev");

it("a certificate that nobody trusts any more does not keep the update from renewing it; another fault does", async () => {
  const folder = mkdtempSync(join(tmpdir(), "warren-look-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [trusted, other] = await Promise.all([makeAuthority("a", 1), makeAuthority("b", 1)]);
  const caFile = join(folder, "ca.pem");
  writeFileSync(caFile, trusted.cert);
  const serve = async (authority: typeof trusted): Promise<string> => {
    const server = createServer(await makeServer(authority, ["IP:127.0.0.1"], 1), (_request, response) => {
      response.writeHead(401, { "content-type": "application/json" }).end('{"error":"not_authorized","reason":"Login failed"}');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close().closeAllConnections());
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  await look(await serve(other), caFile);
  await expect(look(await serve(trusted), caFile)).rejects.toThrow(/does not take the password of its administrator/);
});

it("consumers keep an update from their queue, and not the stack from being taken down", async () => {
  const plans = (["classic", "quorum"] as const).map((type) =>
    compileInstallation({ topologies: [{ name: "shop", queues: { work: { type } } }] }),
  );
  const [before = plan, after = plan] = plans;
  const endpoint = await standingBroker({ definitions: definitions(before), messages: 0, consumers: ["shop/work"] });
  const name = "urn:pulumi:dev::p::rabbitmq:index/queue:Queue::q";
  const outputs = { [name]: { type: "rabbitmq:index/queue:Queue", outputs: { vhost: "shop", name: "work" } } };
  const mocks = { newResource: ({ name: id }: { name: string }) => ({ id, state: {} }), call: () => ({ outputs }) };
  await pulumi.runtime.setMocks(mocks, "p", "dev", false, "organization");
  const update = (): Promise<void> => lookAt(settings, after, { endpoint, username: "warren", password: "p" });
  await expect(update()).rejects.toThrow(/up would take 1 queue away from 1 consumer/);
  vi.stubEnv("WARREN_DOWN", "true");
  onTestFinished(() => void vi.unstubAllEnvs());
  await update();
});
