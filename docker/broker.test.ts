// What is registered for the nodes: their order, what tells that a container is another one, and files that the broker's user can read.
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import { Broker, type DockerBrokerArgs } from "./broker.js";
import { FINGERPRINT_LABEL } from "./commands.js";

interface Registered {
  readonly inputs: Record<string, unknown>;
  dependencies: readonly string[];
}
type Monitor = NonNullable<ReturnType<typeof pulumi.runtime.getMonitor>>;
type Request = Parameters<Monitor["registerResource"]>[0];
type Answer = (error: unknown, response: unknown) => void;

const registered = new Map<string, Registered>();

beforeEach(async () => {
  registered.clear();
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => {
      registered.set(name, { inputs: inputs as Record<string, unknown>, dependencies: [] });
      return { id: `id of ${name}`, state: { ...(inputs as object), imageId: "sha256:1" } };
    },
    call: () => ({}),
  });
  const monitor = pulumi.runtime.getMonitor() as Monitor;
  const register = monitor.registerResource.bind(monitor) as unknown as (request: Request, answer: Answer) => Promise<void>;
  Object.assign(monitor, {
    registerResource: (request: Request, answer: Answer) =>
      register(request, (error, response) => {
        const known = registered.get(request.getName());
        if (known) known.dependencies = request.getDependenciesList().map((urn) => urn.split("::").at(-1) ?? "");
        answer(error, response);
      }),
  });
});

const settled = (): Promise<void> => (pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> }).waitForRPCs();

async function up(args: Partial<DockerBrokerArgs>): Promise<void> {
  new Broker("broker", {
    ...{ prefix: "warren-dev", stack: "dev", plugins: [], cookie: "c", administrator: { name: "warren", password: "p", salt: "s" } },
    ...args,
  });
  await settled();
}

const dependenciesOf = (name: string): readonly string[] => registered.get(name)?.dependencies ?? [];
const labelled = (node: number): unknown =>
  (registered.get(`broker-${node}`)?.inputs["labels"] as { label: string; value: string }[]).find(
    ({ label }) => label === FINGERPRINT_LABEL,
  )?.value;
const fingerprint = (node: number): unknown =>
  (registered.get(`turn/broker-${node}`)?.inputs["spec"] as Record<string, unknown>)["fingerprint"];

describe("nodes of a cluster", () => {
  it("have their turns one after the other: none is drained before the one before it is a member again", async () => {
    await up({ nodes: 3 });
    expect(dependenciesOf("turn/broker-0")).not.toContain("member/broker-2");
    for (const node of [1, 2]) {
      expect(dependenciesOf(`turn/broker-${node}`)).toContain(`member/broker-${node - 1}`);
      expect(dependenciesOf(`broker-${node}`)).toEqual(expect.arrayContaining([`turn/broker-${node}`, `member/broker-${node - 1}`]));
      expect(dependenciesOf(`member/broker-${node}`)).toContain(`broker-${node}`);
    }
  });

  it("carry the hash that their turn has, which another setting changes", async () => {
    await up({ nodes: 3 });
    const before = [0, 1, 2].map(labelled);
    expect(before).toEqual([0, 1, 2].map(fingerprint));
    expect(before[0]).toMatch(/^[0-9a-f]{64}$/);
    await up({ nodes: 3, memoryMb: 500 });
    for (const node of [0, 1, 2]) expect(labelled(node)).not.toBe(before[node]);
  });

  it("carry the same hash alone and with others, so that nothing restarts when others come", async () => {
    await up({ nodes: 1 });
    const alone = labelled(0);
    await up({ nodes: 3 });
    expect(labelled(0)).toBe(alone);
  });
});

it("with TLS the key can be read by the broker's user, whose image may not own the folder", async () => {
  const certificate = { ca: "ca", cert: "cert", key: "key" };
  await up({ tls: { certificates: [certificate], caFile: "ca.pem" } });
  // Secret as a whole, for some of them are.
  const { value: uploads } = registered.get("broker-0")?.inputs["uploads"] as { value: { file: string; permissions?: string }[] };
  // Beside it lies the cookie, in a folder that every image gives to that user.
  const closed = uploads.filter(({ file, permissions = "0644" }) => !file.startsWith("/var/lib/rabbitmq/") && !/4$/.test(permissions));
  expect(uploads.some(({ file }) => file.endsWith("server.key"))).toBe(true);
  expect(closed).toEqual([]);
});
