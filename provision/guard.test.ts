// What an update is refused for by the look at the broker before it, as the program calls it; and what it only tells.
import { expect, it } from "vitest";
import { plannedItems } from "../broker/items.js";
import type { Managed } from "../broker/losses.js";
import { standingBroker, type Standing } from "../testing/standing-broker.js";
import { compileInstallation } from "../topology/compile/compile.js";
import { definitions } from "../topology/compile/definitions.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import type { Topology } from "../topology/model.js";
import { guard, type GuardOptions } from "./guard.js";

const planOf = (...topologies: Topology[]): InstallationPlan => compileInstallation({ topologies });

const before = planOf(
  { name: "shop", queues: { work: { type: "classic" }, gone: { type: "classic" }, same: { type: "classic" } } },
  { name: "old", queues: { x: { type: "classic" } } },
);
const managed: Managed = { vhosts: ["shop", "old"], objects: new Set(plannedItems(before).map(({ id }) => id)) };
/** Not the stack's. */
const THEIRS = { vhost: "shop", name: "theirs", type: "classic", durable: true, auto_delete: true, arguments: {} };

const work = { type: "quorum" } as const;
const same = { type: "classic" } as const;
const other = { name: "old", queues: { x: { type: "classic" } } } as const;
const replaced = planOf({ name: "shop", queues: { work, gone: same, same } }, other);
const leftOut = planOf({ name: "shop", queues: { work: same, same } }, other);
const vhostGone = planOf({ name: "shop", queues: { work: same, gone: same, same } });

type Found = Pick<Standing, "messages" | "consumers">;

/** What the look throws, or tells. */
async function look(plan: InstallationPlan, found: Found, options: Partial<GuardOptions> = {}): Promise<string> {
  const { queues = [], ...exported } = definitions(before);
  const endpoint = await standingBroker({ definitions: { ...exported, queues: [...queues, THEIRS] }, ...found });
  const told: string[] = [];
  const connection = { endpoint, username: "u", password: "p" };
  await guard({ connection, plan, managed, onWarn: (text) => told.push(text), ...options });
  return told.join("\n");
}

const used: Found = { messages: 0, consumers: ["shop/work", "shop/work", "shop/gone", "shop/same", "shop/theirs", "old/x"] };

it.each([
  [
    "made anew",
    replaced,
    /take 1 queue away from 2 consumers[^]*replace: classic queue "work".*has 2 consumers\n +to do: +make it anew.*migrate/,
  ],
  ["left out", leftOut, /take 1 queue away from 1 consumer;[^]*delete: classic queue "gone".*has 1 consumer\n +to do: +stop the consumers/],
])("a queue with consumers that is %s is refused, alone", async (_, plan, says) => {
  await expect(look(plan, used)).rejects.toThrow(says);
  await expect(look(plan, used)).rejects.not.toThrow(/"same"|"theirs"|"x"/);
});

it("one without consumers may go, while others consume from what stays", async () => {
  expect(await look(leftOut, { messages: 0, consumers: ["shop/work", "shop/same", "shop/theirs"] })).toBe("");
});

it("of a queue with messages and consumers both are told", async () => {
  await expect(look(leftOut, { ...used, messages: 3 })).rejects.toThrow(
    /would lose 3 messages in 1 queue[^]*take 1 queue away from 1 consumer/,
  );
});

it("consumers of a vhost that goes are told, and of what is lost on purpose", async () => {
  expect(await look(vhostGone, used)).toMatch(
    /consumers of 1 queue that will be deleted:\n +delete with vhost: classic queue "x".*1 consumer/,
  );
  expect(await look(replaced, { ...used, messages: 3 }, { allowDataLoss: true })).toMatch(/replace: classic queue "work".*2 consumers/);
});

it("where the stack goes down, messages alone count", async () => {
  await look(replaced, used, { down: true });
  await expect(look(replaced, { ...used, messages: 3 }, { down: true })).rejects.toThrow(
    /^down would lose 3 messages[^]*npm run down -- --discard/,
  );
});

it("where nobody knows what the stack has made, a queue outside of the plan may be anybody's", async () => {
  const alone = { messages: 0, consumers: ["shop/theirs"] };
  expect(await look(before, alone, { managed: undefined })).toBe("");
  await expect(look(replaced, used, { managed: undefined })).rejects.toThrow(/"work"/);
});

it("a limit below what a queue holds is refused, and told of where it moves messages only", async () => {
  const limited = planOf({ name: "shop", queues: { work: { ...same, maxLength: 2 }, gone: same, same } }, other);
  await expect(look(limited, { messages: 3, consumers: [] })).rejects.toThrow(
    /lose messages of 1 queue by a smaller limit[^]*"work".*holds 3 messages/,
  );
  expect(await look(limited, { messages: 2, consumers: [] })).toBe("");
  expect(await look(limited, { messages: 3, consumers: [] }, { allowDataLoss: true })).toBe("");
  const dead = { ...same, maxLength: 2, deadLetterTo: { exchange: "dead" } } as const;
  const kept = planOf({ name: "shop", exchanges: { dead: { type: "fanout" } }, queues: { work: dead, gone: same, same } }, other);
  expect(await look(kept, { messages: 3, consumers: [] })).toMatch(/dead-lettered by this update:\n.*"work"/);
});
