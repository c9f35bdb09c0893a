/** Who publishes to a queue by its name: shovels by every kind of address, and the default exchange in the broker's statistics. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { Management } from "../broker/management.js";
import type { WireQueue } from "../broker/wire.js";
import { fakeBroker, json } from "../testing/fake-broker.js";
import { publishedByName, shovelsInto, type ShovelParameter } from "./by-name.js";
import { requireNotByName, type SafeArgs } from "./safe.js";

const work = { vhost: "shop", name: "work/1" };
const shovel = (value: object, vhost = "shop"): ShovelParameter => ({ component: "shovel", vhost, name: "in", value });
const finds = (value: object, vhost?: string): boolean => shovelsInto(work, [shovel(value, vhost)]).length > 0;

test.each([
  { "dest-queue": "work/1" },
  { "dest-exchange": "", "dest-exchange-key": "work/1" },
  { "dest-exchange": "amq.default", "dest-exchange-key": "work/1" },
  { "dest-address": "/queues/work%2F1" },
  { "dest-address": "/queue/work/1" },
  { "dest-address": "/amq/queue/work/1" },
  { "dest-address": "work/1" },
])("a shovel feeds the queue: %j", (value) => {
  expect(finds({ ...value, "dest-uri": "amqp:///shop" })).toBe(true);
});

test.each([
  { "src-queue": "work/1", "dest-queue": "far" },
  { "dest-exchange": "orders", "dest-exchange-key": "work/1" },
  { "dest-exchange": "", "dest-exchange-key": "far" },
  { "dest-address": "/queues/work" },
  { "dest-address": "/queues/%" },
  { "dest-address": "/exchanges/orders/work%2F1" },
  {},
])("a shovel feeds something else: %j", (value) => {
  expect(finds({ ...value, "dest-uri": "amqp:///shop" })).toBe(false);
});

test.each([
  ["amqp:///shop", "other", true],
  ["amqp://user:p%40ss@far.example:5672/shop?heartbeat=5", "other", true],
  ["amqp:///sh%6Fp", "other", true],
  ["amqp:///shop%", "other", true],
  ["amqp:///other", "shop", false],
  ["amqp://far.example/%2F", "shop", false],
  // Without a vhost it is "/", or the shovel's own.
  ["amqp://", "shop", true],
  ["amqp://far.example?heartbeat=5", "shop", true],
  ["amqp://far.example/", "other", false],
  ["amqp://far.example:5672?hostname=vhost:shop", "other", true],
  ["amqp://far.example:5672?hostname=vhost:other", "shop", false],
  [["amqp:///other", "amqp:///shop"], "other", true],
  [{ secret: "uri" }, "other", true],
  [undefined, "other", true],
])("a shovel with the address %j in vhost %s: %s", (uri, vhost, reaches) => {
  expect(finds({ "dest-queue": "work/1", "dest-uri": uri }, vhost)).toBe(reaches);
});

test("a shovel of another vhost says so; other parameters are none", () => {
  const value = { "dest-queue": "work/1", "dest-uri": "amqp:///shop" };
  const all = [shovel(value), shovel(value, "b"), { ...shovel(value), component: "federation-upstream" }, shovel([])];
  expect(shovelsInto(work, all)).toEqual(['shovel "in"', 'shovel "in" of vhost "b"']);
});

test("the default exchange among the sources, by either name", () => {
  const of = (name: string, publish: number) => ({ exchange: { name }, stats: { publish } });
  const messages = (...incoming: object[]) => publishedByName({ name: "q", incoming, message_stats: { publish: 99 } } as never, []);
  expect(messages(of("in", 5), of("", 3))).toBe(3);
  expect(messages(of("amq.default", 2))).toBe(2);
  expect(messages(of("in", 5), { exchange: { name: "" }, stats: {} })).toBe(0);
});

test("without sources: what the vhost's exchanges cannot have brought", () => {
  const messages = (publish: number | undefined, ...exchanges: readonly (readonly [string, number?])[]) =>
    publishedByName(
      { name: "q", incoming: [], ...(publish === undefined ? {} : { message_stats: { publish } }) },
      exchanges.map(([name, publish_in]) => ({ name, ...(publish_in === undefined ? {} : { message_stats: { publish_in } }) })),
    );
  expect(messages(12, ["", 10], ["in", 5], ["unused"])).toBe(7);
  expect(messages(12, ["amq.default", 3], ["in", 5], ["other", 20])).toBe(0);
  expect(messages(undefined, ["in", 5])).toBe(0);
});

/** What is asked of a broker that answers so. */
async function refusal(
  parameters: readonly object[],
  queue: object,
  live: object = {},
  publishersStopped = false,
  exchanges: readonly object[] = [],
): Promise<string | undefined> {
  const lists = ["vhosts", "users", "permissions", "topic_permissions", "global_parameters", "policies", "exchanges", "queues", "bindings"];
  const definitions = { rabbitmq_version: "4.3.6", parameters, ...Object.fromEntries(lists.map((key) => [key, []])) };
  const broker = await fakeBroker((request, response) =>
    json(200, request.url === "/api/definitions" ? definitions : request.url?.startsWith("/api/exchanges") ? exchanges : queue)(
      request,
      response,
    ),
  );
  const management = new Management({ endpoint: broker.url, username: "u", password: "p" });
  onTestFinished(() => management.close());
  const args = { management, broker: { vhost: "shop" }, publishersStopped } as unknown as SafeArgs;
  const asked = requireNotByName(args, { name: "work/1", arguments: {}, ...live } as unknown as WireQueue);
  return asked.then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  );
}

test("what the broker knows of is refused with each way by its name, unless nobody publishes", async () => {
  const parameters = [shovel({ "dest-queue": "work/1", "dest-uri": "amqp:///shop" })];
  const queue = {
    name: "work/1",
    incoming: [{ stats: { publish: 12 }, exchange: { name: "", vhost: "shop" } }],
  };
  const live = { policy: "fed", effective_policy_definition: { "federation-upstream-set": "all" } };
  const said = await refusal(parameters, queue, live);
  expect(said).toContain(
    'by shovel "in", its federation (policy fed), publishers to the default exchange (12 messages at least, by the statistics)',
  );
  expect(said).toContain("--publishers-stopped");
  expect(await refusal(parameters, queue, live, true)).toBeUndefined();
});

test("what is not seen is not refused: no statistics, an empty list, other exchanges", async () => {
  for (const incoming of [undefined, [], [{ stats: [], exchange: { name: "" } }], [{ stats: { publish: 3 }, exchange: { name: "in" } }]])
    expect(await refusal([], { name: "work/1", incoming })).toBeUndefined();
});

test("what an exchange brought, and its own figure comes later, is not by name", { timeout: 20_000 }, async () => {
  const queue = { name: "work/1", incoming: [], message_stats: { publish: 12 } };
  const figures = { name: "in", message_stats: { publish_in: 3 } };
  const asked = refusal([], queue, {}, false, [figures]);
  await sleep(1500);
  figures.message_stats.publish_in = 13;
  expect(await asked).toBeUndefined();
  figures.message_stats.publish_in = 5;
  expect(await refusal([], queue, {}, false, [figures])).toContain("(7 messages at least");
});
