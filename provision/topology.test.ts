// The component's own decisions: names, order, ends, hooks, secrets, and that a fault stops it before anything is registered.
import * as pulumi from "@pulumi/pulumi";
import * as rabbitmq from "@pulumi/rabbitmq";
import { beforeEach, describe, expect, it } from "vitest";
import type { Topology } from "../topology/model.js";
import type { RabbitTopologyArgs } from "./args.js";
import { RabbitTopology } from "./topology.js";

interface Registered {
  readonly type: string;
  readonly inputs: Record<string, unknown>;
  readonly parent: string;
  readonly dependencies: readonly string[];
  readonly deletedWith: string;
  readonly deleteBeforeReplace: boolean;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly hooks: readonly string[];
  readonly aliases: readonly string[];
}

const registered = new Map<string, Registered>();

/** `urn:...::NAME` */
const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");

/** The mocks show inputs; order and ends are in the requests, and hooks they do not know. */
type Monitor = NonNullable<ReturnType<typeof pulumi.runtime.getMonitor>>;
type Request = Parameters<Monitor["registerResource"]>[0];

function record(request: Request): void {
  const known = registered.get(request.getName());
  if (!known) throw new Error(`${request.getName()} has no inputs`);
  registered.set(request.getName(), {
    ...known,
    parent: nameOf(request.getParent()),
    dependencies: request.getDependenciesList().map(nameOf),
    deletedWith: nameOf(request.getDeletedwith()),
    deleteBeforeReplace: request.getDeletebeforereplace(),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    hooks: request.getHooks()?.getBeforeDeleteList() ?? [],
    aliases: request.getAliasesList().map((alias) => alias.getSpec()?.getType() ?? ""),
  });
}

const plain = {
  parent: "",
  dependencies: [],
  deletedWith: "",
  deleteBeforeReplace: false,
  protect: false,
  retainOnDelete: false,
  hooks: [],
  aliases: [],
};

const mocks: pulumi.runtime.Mocks = {
  newResource({ type, name, inputs }) {
    registered.set(name, { ...plain, type, inputs: inputs as Record<string, unknown> });
    const made = type.endsWith(":Password") ? { password: "generated", passwordHash: "hash of generated" } : {};
    const live = type.endsWith(":User") ? { passwordHash: (inputs as { spec: { passwordHash: string } }).spec.passwordHash } : {};
    return { id: `id of ${name}`, state: { ...(inputs as object), ...made, ...live } };
  },
  call: () => ({}),
};

beforeEach(async () => {
  registered.clear();
  await pulumi.runtime.setMocks(mocks, "project", "dev");
  const monitor = pulumi.runtime.getMonitor() as Monitor;
  const register = monitor.registerResource.bind(monitor) as unknown as (
    request: Request,
    answer: (error: unknown, response: unknown) => void,
  ) => Promise<void>;
  Object.assign(monitor, {
    registerResource: async (request: Request, answer: (error: unknown, response: unknown) => void) => {
      await register(request, (error, response) => {
        if (!error) record(request);
        answer(error, response);
      });
    },
    registerResourceHook: (_request: unknown, answer: (error: unknown, response: unknown) => void) => answer(null, {}),
  });
});

const orders: Topology = {
  name: "orders",
  exchanges: { orders: { type: "topic" }, "orders.dlx": { type: "fanout", settings: "arguments", alternateExchange: "orders" } },
  queues: {
    billing: { type: "quorum", from: { orders: "order.*" }, deadLetterTo: "orders.dlx", maxLength: 1000 },
    "orders.dlq": { type: "quorum", from: { "orders.dlx": "" }, maxLength: 1000, deliveryLimit: -1 },
  },
  messages: { created: { to: "orders", key: "order.{region}" } },
  services: { shop: { publishes: ["created"] }, billing: { consumes: ["billing"] } },
};

const broker = { endpoint: "http://127.0.0.1:1", username: "admin", password: "broker-password" };

/** Until every registration is answered; the SDK has it, and does not declare it. */
const settled = (): Promise<void> => (pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> }).waitForRPCs();

async function up(
  topology: RabbitTopologyArgs["topology"],
  args: Partial<RabbitTopologyArgs> = {},
  options: pulumi.ComponentResourceOptions = {},
): Promise<RabbitTopology> {
  const component = new RabbitTopology("it", { topology, broker, guard: false, ...args }, options);
  await settled();
  return component;
}

const get = (name: string): Registered => {
  const found = registered.get(name);
  if (!found) throw new Error(`${name} is not among ${[...registered.keys()].join(", ")}`);
  return found;
};

const valueOf = <T>(output: pulumi.Output<T>): Promise<{ value: T; secret: boolean }> =>
  new Promise((resolve) => output.apply((value) => void pulumi.isSecret(output).then((secret) => resolve({ value, secret }))));

describe("a topology", () => {
  it("is registered whole, each object once, below its component", async () => {
    await up(orders);
    expect([...registered.keys()].sort()).toEqual(
      [
        "guard/orders",
        "it",
        "orders/binding/orders.dlx/queue/orders.dlq/",
        "orders/binding/orders/queue/billing/order.*",
        "orders/exchange/orders",
        "orders/exchange/orders.dlx",
        "orders/permissions/orders.billing",
        "orders/permissions/orders.shop",
        "orders/policy/billing",
        "orders/policy/orders.dlq",
        "orders/queue/billing",
        "orders/queue/orders.dlq",
        "orders/topic-permissions/orders.shop",
        "orders/vhost-settings/settings",
        "password/orders.billing",
        "password/orders.shop",
        "user/orders.billing",
        "user/orders.shop",
        "vhost/orders",
      ].sort(),
    );
    for (const [name, { parent, type }] of registered) if (name !== "it" || type.startsWith("pulumi:")) expect(parent).toBe("it");
  });

  it("comes in order: vhost, policies, exchanges and queues, bindings; permissions after their user", async () => {
    await up(orders);
    expect(get("orders/policy/billing").dependencies).toContain("vhost/orders");
    expect(get("orders/queue/billing").dependencies).toContain("orders/policy/billing");
    expect(get("orders/queue/billing").dependencies).not.toContain("orders/policy/orders.dlq");
    expect(get("orders/binding/orders/queue/billing/order.*").dependencies).toEqual(
      expect.arrayContaining(["orders/exchange/orders", "orders/queue/billing"]),
    );
    expect(get("orders/permissions/orders.shop").dependencies).toEqual(expect.arrayContaining(["user/orders.shop", "vhost/orders"]));
    expect(get("orders/topic-permissions/orders.shop").dependencies).toEqual(
      expect.arrayContaining(["user/orders.shop", "orders/exchange/orders"]),
    );
    expect(get("user/orders.shop").dependencies).toContain("password/orders.shop");
    // Until it has topic permissions, a user that may write to an exchange may use every key.
    expect(get("orders/permissions/orders.shop").dependencies).toContain("orders/topic-permissions/orders.shop");
    expect(get("orders/permissions/orders.billing").dependencies).not.toContain("orders/topic-permissions/orders.shop");
  });

  it("ends in order: the guard goes first, what is in the vhost goes with it, and messages are asked for", async () => {
    const end = new pulumi.ComponentResource("test:Broker", "the-broker");
    await up(orders, {}, { deletedWith: end });
    const guard = get("guard/orders");
    const others = [...registered.keys()].filter((name) => !["guard/orders", "it", "the-broker"].includes(name));
    expect([...guard.dependencies].sort()).toEqual(expect.arrayContaining(others.sort()));
    for (const [name, { deletedWith }] of registered) {
      if (name.startsWith("orders/")) expect([name, deletedWith]).toEqual([name, "vhost/orders"]);
      else if (name !== "the-broker") expect([name, deletedWith]).toEqual([name, "the-broker"]);
    }
    expect(guard.hooks).toEqual(["warren-guard-delete"]);
    expect(get("vhost/orders").hooks).toEqual(["warren-vhost-delete"]);
    expect(get("orders/queue/billing")).toMatchObject({ hooks: ["warren-queue-delete"], deleteBeforeReplace: true });
  });

  it("waits for what its component waits for", async () => {
    const ready = new rabbitmq.VHost("ready");
    await up(orders, {}, { dependsOn: [ready] });
    expect(get("vhost/orders").dependencies).toContain("ready");
    expect(get("user/orders.shop").dependencies).toContain("ready");
  });

  it("writes every field that the official provider would otherwise fill in wrong", async () => {
    await up(orders);
    expect(get("orders/queue/billing")).toMatchObject({
      type: "rabbitmq:index/queue:Queue",
      inputs: {
        name: "billing",
        vhost: "orders",
        settings: { durable: true, autoDelete: false, argumentsJson: '{"x-queue-type":"quorum"}' },
      },
    });
    expect(get("orders/policy/billing").inputs).toMatchObject({
      policy: { definition: { "max-length": "1000", "dead-letter-exchange": "orders.dlx" } },
    });
    expect(get("orders/exchange/orders.dlx").inputs).toMatchObject({
      settings: { durable: true, arguments: { "alternate-exchange": "orders" } },
    });
  });

  it("keeps the default vhost, which every broker has, and so deletes its objects one by one", async () => {
    await up({ ...orders, vhost: { name: "/" } });
    expect(get("vhost/%2F")).toMatchObject({ retainOnDelete: true });
    expect(get("%2F/queue/billing")).toMatchObject({ deletedWith: "" });
  });

  it("protects a protected vhost, and the guard with it", async () => {
    await up({ ...orders, vhost: { deletionProtection: true } });
    expect(get("vhost/orders").protect).toBe(true);
    expect(get("guard/orders").protect).toBe(true);
    expect(get("orders/vhost-settings/settings").inputs).toMatchObject({ spec: { deletionProtection: true } });
  });

  it("can stand beside another one in a stack, by the prefix of its names", async () => {
    await up(orders, { namePrefix: "west-" });
    expect(registered.has("west-orders/queue/billing")).toBe(true);
    expect(get("west-guard/orders").hooks).toEqual(["warren-guard-delete"]);
  });

  it("lets each kind of child be changed on its way", async () => {
    await up(orders, {
      transform: {
        queue: (args, options, name) => {
          args.vhost = `${name}!`;
          options.protect = true;
        },
        own: (args, _options, name) => {
          if (name === "user/orders.shop") args.spec = { ...args.spec, tags: ["monitoring"] };
        },
      },
    });
    expect(get("orders/queue/billing")).toMatchObject({ protect: true, inputs: { vhost: "orders/queue/billing!" } });
    expect(get("user/orders.shop").inputs).toMatchObject({ spec: { tags: ["monitoring"] } });
  });
});

describe("what changes between official and own", () => {
  it("is known by both types, and goes before it comes", async () => {
    await up({
      ...orders,
      exchanges: { ...orders.exchanges, inside: { type: "fanout", internal: true, from: { orders: "#" } } },
      silence: [],
    });
    expect(get("orders/exchange/orders")).toMatchObject({
      type: "rabbitmq:index/exchange:Exchange",
      aliases: ["pulumi-nodejs:dynamic/warren:Exchange"],
      deleteBeforeReplace: true,
    });
    expect(get("orders/exchange/inside")).toMatchObject({
      type: "pulumi-nodejs:dynamic/warren:Exchange",
      aliases: ["rabbitmq:index/exchange:Exchange"],
      deleteBeforeReplace: true,
    });
  });
});

/** As the SDK marks a secret on its way to the engine; the mocks move a mark up to the outermost object. */
const isMarked = (value: unknown): boolean =>
  (value as Record<string, unknown>)["4dabf18193072939515e22adb298388d"] === "1b47061264138c4ac30d75fd1eb44270";

describe("secrets", () => {
  it("are secret wherever they go, and a password goes no further than its hash", async () => {
    const topology: Topology = {
      ...orders,
      users: { person: { password: { secret: "of-person" } } },
      federationUpstreams: { up: { uri: { secret: "uri" } } },
    };
    const component = await up(topology, {
      secrets: { "of-person": "sekret", uri: "amqp://u:sekret@host" },
      passwords: { "orders.shop": "given" },
    });
    const all = JSON.stringify([...registered.values()].map(({ inputs }) => inputs));
    expect(all).not.toContain('"sekret"');
    expect(all).not.toContain('"given"');
    expect(registered.has("password/orders.shop")).toBe(false);
    expect(await valueOf(component.passwords)).toEqual({
      secret: true,
      value: { person: "sekret", "orders.shop": "given", "orders.billing": "generated" },
    });
    expect(isMarked(get("orders/parameter/federation-upstream/up").inputs["spec"])).toBe(true);
    expect(isMarked(get("user/orders.shop").inputs["connection"])).toBe(true);
    expect(isMarked(get("user/orders.shop").inputs["spec"])).toBe(true);
  });

  it("that are missing are named, with what to do", async () => {
    const topology: Topology = { ...orders, users: { person: { password: { secret: "of-person" } } } };
    await expect(up(topology)).rejects.toThrow(/password of user "person" needs the secret "of-person".*\n.*pulumi config set --secret/s);
    expect([...registered.keys()]).toEqual([]);
  });

  it("of an unchanged password make the same hash in every run", async () => {
    await up(orders, { passwords: { "orders.shop": "given" } });
    const first = get("user/orders.shop").inputs;
    registered.clear();
    await up(orders, { passwords: { "orders.shop": "given" }, namePrefix: "again-" });
    expect(get("again-user/orders.shop").inputs).toEqual(first);
  });

  it("do not stand in the code that the state keeps", async () => {
    await up(orders);
    const code = get("user/orders.shop").inputs["__provider"];
    expect(code).toMatch(/^exports\.handler = \(\) => .*warren\/own-resources/);
    expect(new Set([...registered.values()].flatMap(({ inputs }) => inputs["__provider"] ?? []))).toEqual(new Set([code]));
  });
});

describe("a fault", () => {
  it("stops it with all its findings before anything is registered", async () => {
    const topology = {
      ...orders,
      queues: { billing: { type: "quorum", deadLetterTo: "nowhere" }, q: { type: "stream", from: { nothing: "" } } },
    };
    await expect(up(topology)).rejects.toThrow(/nowhere[^]*nothing/);
    expect([...registered.keys()]).toEqual([]);
  });

  it("in its form too", async () => {
    await expect(up({ name: "x", ques: {}, exchanges: { a: { type: "tropic" } } })).rejects.toThrow(/ques[^]*tropic|tropic[^]*ques/);
    expect([...registered.keys()]).toEqual([]);
  });

  it("of a missing broker says what to give", () => {
    expect(() => new RabbitTopology("it", { topology: orders })).toThrow(/does not know where its broker is/);
  });
});
