/** A worker and a broker that show each other certificates: who may connect, what is said to who may not, and what a renewal needs. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Management } from "../../broker/index.js";
import { makeCertificates, type Certificates } from "../../testing/certificates.js";
import { provisionLive } from "../../testing/provision-live.js";
import { CLIENT_CERTIFICATES, TLS_ONLY, TlsBroker } from "../../testing/tls-broker.js";
import { topology } from "../../topology/define.js";
import { connect, connectOptions, settings, type Bus } from "../index.js";

const shop = topology({
  name: "shop",
  queues: { jobs: { type: "quorum" } },
  messages: { job: { to: { queue: "jobs" } } },
  services: { worker: { publishes: ["job"], consumes: ["jobs"] } },
});

let broker: TlsBroker;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "warren-tls-"));
  broker = await TlsBroker.start();
  await broker.configure([TLS_ONLY, ...CLIENT_CERTIFICATES]);
  const management = new Management(broker.management);
  await provisionLive(management, { topologies: [shop] });
  await management.close();
  await broker.command("rabbitmqctl", "set_permissions", "--vhost", "shop", broker.management.username, ".*", ".*", ".*");
});
afterAll(async () => {
  await broker.remove();
  rmSync(folder, { recursive: true });
});

const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

/** As a worker has it: everything from its environment. */
async function worker(
  { ca, client }: Pick<Certificates, "ca"> & Partial<Certificates>,
  more: Record<string, string> = {},
  url = broker.amqpsUrl,
) {
  const { username, password } = broker.management;
  const environment = {
    ...{ RABBITMQ_URL: url, RABBITMQ_USERNAME: username, RABBITMQ_PASSWORD: password, RABBITMQ_CONNECTION_ATTEMPTS: "3" },
    RABBITMQ_CA_FILE: file("ca.pem", ca),
    ...(client ? { RABBITMQ_CERT_FILE: file("client.pem", client.cert), RABBITMQ_KEY_FILE: file("client.key", client.key) } : {}),
    ...more,
  };
  const bus = await connect(shop, { ...(await connectOptions(settings(environment))), backoff: { min: 50, max: 300 }, service: "worker" });
  onTestFinished(() => bus.close());
  return bus;
}

async function works(bus: Bus<typeof shop, "worker">): Promise<void> {
  const got = new Promise((resolve) => void bus.consume("jobs", ({ body }) => resolve(body)));
  await bus.publish("job", { n: 1 });
  expect(await got).toEqual({ n: 1 });
}

test("with its certificate it publishes and consumes", async () => {
  await works(await worker(broker.certificates));
});

test("without one, with one of another authority, or with another authority's list it ends with a sentence", async () => {
  const foreign = await makeCertificates(["DNS:localhost"]);
  const { ca, client } = broker.certificates;
  const fault = {
    name: "WorkerError",
    code: "tls",
    message: expect.stringMatching(/RABBITMQ_CA_FILE, RABBITMQ_CERT_FILE, RABBITMQ_KEY_FILE/),
  };
  await expect(worker({ ca })).rejects.toMatchObject(fault);
  await expect(worker({ ca, client: foreign.client })).rejects.toMatchObject(fault);
  await expect(worker({ ca: foreign.ca, client })).rejects.toMatchObject(fault);
});

test("the name in the broker's certificate may be another than that of the address", async () => {
  const { port } = new URL(broker.amqpsUrl);
  // An address of loopback that the certificate does not name.
  const elsewhere = `amqps://127.0.0.2:${port}`;
  await expect(worker(broker.certificates, { RABBITMQ_SERVER_NAME: "elsewhere.example" })).rejects.toMatchObject({ code: "tls" });
  await works(await worker(broker.certificates, { RABBITMQ_SERVER_NAME: "localhost" }));
  await expect(worker(broker.certificates, {}, elsewhere)).rejects.toMatchObject({ name: "WorkerError" });
});

test("when authority and certificates are renewed on both sides, it comes back without a restart", async () => {
  const bus = await worker(broker.certificates);
  const renewed = await makeCertificates(["DNS:localhost", "IP:127.0.0.1"]);
  await broker.certify(renewed);
  file("ca.pem", renewed.ca);
  file("client.pem", renewed.client.cert);
  file("client.key", renewed.client.key);
  await broker.restart();
  await broker.ready();
  await works(bus);
});
