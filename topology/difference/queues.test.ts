/** What becomes of queues and of the messages in them, by example. */
import { describe, expect, it, test } from "vitest";
import { changes, texts, type Unnamed } from "../../testing/topology-pairs.js";

const q = { type: "quorum" } as const;

describe("queues", () => {
  const of = (more: object): Unnamed => ({
    exchanges: { dlx: { type: "topic" }, dlx2: { type: "fanout" } },
    queues: { work: { ...q, ...more }, dead: { ...q, from: { dlx: "#", dlx2: "" } }, other: q },
  });

  test.each<[string, object, object, string[]]>([
    [
      "expiry",
      { messageTtl: "24 hours", deadLetterTo: "dlx" },
      { messageTtl: "1 hour", deadLetterTo: "dlx" },
      ["breaking: messages in work expire after 1 hour instead of 24 hours"],
    ],
    ["expiry without dead letters", {}, { messageTtl: "1 hour" }, ["loss: messages in work expire after 1 hour; before, never"]],
    ["no expiry", { messageTtl: "1 hour" }, {}, ["notice: messages in work no longer expire; before, they did after 1 hour"]],
    [
      "retries",
      { retry: ["1 second", "5 seconds", "1 minute"] },
      { retry: ["1 second"] },
      ["breaking: a failed message of work is tried again 1 time instead of 3: after 1 second"],
    ],
    [
      "more retries",
      { retry: ["1 second"] },
      { retry: ["1 second", "5 seconds"] },
      ["notice: a failed message of work is tried again 2 times instead of 1: after 1 second, 5 seconds"],
    ],
    ["slower retries", { retry: ["1 second"] }, { retry: ["5 seconds"] }, ["notice: retries of work wait 5 seconds instead of 1 second"]],
    ["no retries", { retry: ["1 second"] }, {}, ["breaking: a failed message of work is no longer tried again; before, 1 time (1 second)"]],
    [
      "overflow",
      { maxLength: 1000 },
      { maxLength: 100 },
      ["loss: work: over 100 messages, the oldest leaves; before: over 1,000 messages, the oldest leaves"],
    ],
    [
      "overflow mode",
      { maxLength: 10 },
      { maxLength: 10, overflow: "reject-publish" },
      ["breaking: work: over 10 messages, new messages are refused; before: over 10 messages, the oldest leaves"],
    ],
    [
      "delivery limit",
      {},
      { deliveryLimit: 5, deadLetterTo: "dlx" },
      [
        "breaking: work delivers a rejected message again 5 times instead of 20 times",
        "notice: dead letters of work go to dead; before, they went nowhere: there is no dead-letter exchange",
      ],
    ],
    [
      "dead letters lost",
      { deadLetterTo: "dlx" },
      {},
      ["loss: dead letters of work are lost: they went to dead, and go nowhere: there is no dead-letter exchange"],
    ],
    [
      "dead letters elsewhere",
      { deadLetterTo: "dlx" },
      { deadLetterTo: { queue: "other" } },
      ["breaking: dead letters of work go to other; before, they went to dead"],
    ],
    [
      "dead letters' key",
      { deadLetterTo: "dlx" },
      { deadLetterTo: { exchange: "dlx", routingKey: "k" } },
      ['notice: dead letters of work have key "k" instead of their own key'],
    ],
    [
      "type",
      {},
      { type: "stream" },
      [
        "loss: queue work is deleted and made again (type): the messages in it are lost",
        "notice: work delivers a rejected message again without end instead of 20 times",
      ],
    ],
    [
      "priority",
      { type: "classic" },
      { type: "classic", maxPriority: 5 },
      [
        'loss: queue work is deleted and made again (arguments["x-max-priority"]): the messages in it are lost',
        "notice: work has priorities 0 to 5; before, none",
      ],
    ],
    ["unused queue", {}, { expires: "1 hour" }, ["loss: work is deleted with its messages after 1 hour unused; before, never"]],
    [
      "delayed retry",
      {},
      { delayedRetry: { type: "failed", min: "1 second" } },
      ["notice: work delivers a returned message again (failed) after 1 second times its deliveries; before: at once"],
    ],
  ])("%s", (_title, before, after, expected) => {
    expect(texts(of(before), of(after))).toEqual(expected);
  });

  it("gone and new", () => {
    const { work: _work, ...queues } = of({}).queues ?? {};
    expect(texts(of({}), { ...of({}), queues })).toEqual(["loss: queue work is gone, and the messages in it with it"]);
    expect(texts({ ...of({}), queues }, of({ retry: ["1 second"] }))).toEqual(["notice: queue work is new"]);
  });

  it("dead letters that a binding of the dead-letter exchange no longer takes", () => {
    const dead = (key: string): Unnamed => ({
      exchanges: { e: { type: "direct" }, dlx: { type: "direct" } },
      queues: { work: { ...q, from: { e: "k" }, deadLetterTo: "dlx" }, dead: { ...q, from: { dlx: key } } },
    });
    expect(changes(dead("k"), dead("j")).filter(({ kind }) => kind === "dead-letters")).toMatchObject([
      {
        severity: "loss",
        queue: "work",
        example: { key: "k" },
        before: { queues: ["dead"] },
        after: { queues: [], because: "unroutable" },
      },
    ]);
  });
});
