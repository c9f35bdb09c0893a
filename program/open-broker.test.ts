// The look at the dev broker before an update.
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeAuthority, makeServer } from "../docker/certificates.js";
import { compileInstallation } from "../topology/compile/compile.js";
import { lookInDocker } from "./open-broker.js";
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
