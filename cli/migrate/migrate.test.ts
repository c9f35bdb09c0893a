/** What `warren migrate` reads out of a topology, and what it tells of the order. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fakeBroker, holding } from "../../testing/fake-broker.js";
import { warrenCommand, type Said } from "../../testing/warren-command.js";
import { compileInstallation } from "../../topology/compile/compile.js";
import { definitions } from "../../topology/compile/definitions.js";
import type { Installation, Topology } from "../../topology/model.js";
import { retryQueue } from "../../topology/names.js";
import { direct, findPlanned, refuseDirect } from "./planned.js";
import { orderText } from "./report.js";

const shop: Topology = {
  name: "shop",
  queues: { work: { type: "quorum" }, far: { type: "quorum" } },
  messages: { job: { to: { queue: "work" } }, other: { to: { queue: "far" } } },
  shovels: {
    in: { from: { uri: "amqp://remote", queue: "far" }, to: { queue: "work" } },
    out: { from: { queue: "work" }, to: { queue: "far" } },
  },
};
const next: Topology = {
  name: "next",
  shovels: { over: { from: { uri: "amqp://remote", queue: "far" }, to: { uri: { secret: "shop" }, queue: "work" } } },
};

test("messages and shovels of the topology that reach the queue by its name are refused", () => {
  const installation: Installation = { topologies: [shop, next] };
  const plan = compileInstallation(installation);
  const ways = direct(installation, plan, findPlanned(plan, "work", undefined));
  expect(ways).toEqual(['message "job"', 'shovel "in"', 'shovel "over" of vhost "next"']);
  expect(() => refuseDirect(ways, "work")).toThrow(/to "work" past all exchanges: message "job", shovel "in"[^]*--publishers-stopped/);
  expect(() => refuseDirect([], "work")).not.toThrow();
});

/** Without --yes, where of all that the topology says some queues are otherwise: `null` is not there. */
async function look(queues: Readonly<Record<string, object | null>>, ...more: readonly string[]): Promise<Said & { readonly url: string }> {
  const folder = mkdtempSync(join(tmpdir(), "warren-migrate-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const topology: Topology = {
    name: "shop",
    queues: { work: { type: "quorum", retry: ["1 second", "2 seconds"], deadLetterTo: "dead" } },
    exchanges: { dead: { type: "fanout" } },
  };
  writeFileSync(join(folder, "shop.json"), JSON.stringify(topology));
  const whole = definitions(compileInstallation({ topologies: [topology] }));
  const plain = { vhost: "shop", durable: true, auto_delete: false, arguments: {} };
  const others = Object.entries(queues).flatMap(([name, given]) => (given === null ? [] : [{ ...plain, name, ...given }]));
  const { url } = await fakeBroker(
    holding({ ...whole, queues: [...(whole.queues ?? []).filter(({ name }) => !(name in queues)), ...others] }),
  );
  const words = ["migrate", "shop.json", "work", "--broker", url.replace("//", "//u:p@"), ...more];
  return { ...(await warrenCommand(words, { cwd: folder })), url };
}

test("which broker it is, without its credentials", async () => {
  const { code, out, error, url } = await look({}, "--json");
  expect({ code, error }).toEqual({ code: 0, error: `broker: ${url} (--broker)\n` });
  expect(JSON.parse(out)).toMatchObject({ version: 1, broker: { endpoint: url }, stage: "done", done: null });
});

test("0 is a queue that is as the topology says: one that is not there is not", async () => {
  const classic = { arguments: { "x-queue-type": "classic" } };
  const [old, rung] = ["warren.migrate.old.work", retryQueue("work", 1)];
  expect(await look({})).toMatchObject({ code: 0, out: "work in vhost shop is as the topology says" });
  expect(await look({ work: null })).toMatchObject({ code: 1, out: "work in vhost shop is not there\n  npm run up makes it" });
  expect(await look({ work: classic })).toMatchObject({ code: 1, out: expect.stringMatching(/made again[^]*with --yes it is/) as string });
  // An earlier run was ended while the queue was gone, and when it was there again.
  const held = { [old]: { arguments: { "x-queue-type": "quorum" } } };
  const ended = expect.stringMatching(/messages are held: an earlier run was ended[^]*with --yes it is/) as string;
  for (const queues of [held, { work: null, ...held }]) expect(await look(queues)).toMatchObject({ code: 1, out: ended });
  // A rung that is missing is npm run up's; one that is otherwise is made again with the queue.
  expect(await look({ [rung]: null })).toMatchObject({ code: 0 });
  expect(await look({ [rung]: classic })).toMatchObject({
    ...{ code: 1, out: expect.stringContaining(`The rungs of its ladder have to be made again too: ${rung}`) as string },
  });
});

test("the order is said to be kept only where it is", () => {
  const of = (besideConsumers: number, overtaken: number, resumed = false): string => orderText({ resumed, besideConsumers, overtaken });
  expect(of(0, 0)).toBe("Their order is kept.");
  expect(of(0, 2)).toBe("Their order is kept, but for the last 2: newer ones may have come before them.");
  expect(of(500, 0)).toBe(
    "Their order is not kept: newer ones may have come before the 500 messages moved out while consumers took from the queue too.",
  );
  expect(of(1, 2)).toMatch(/before the 1 message moved out while .* too, and before the last 2\.$/);
  expect(of(500, 2, true)).toMatch(/^An earlier run was ended/);
});
