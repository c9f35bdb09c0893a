/** What `warren dlq` and `warren tail` say without a broker: help, refusals, texts. */
import { describe, expect, test } from "vitest";
import type { Requeued } from "../../workers/dead-letters/index.js";
import { run } from "../main.js";
import { filterOf, requireFilter } from "./filter-options.js";
import { bodyJson, letterText, plainValue, requeuedText, stoppedText } from "./text.js";

async function warren(...words: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly error: string }> {
  let [out, error] = ["", ""];
  const console = {
    out: (text: string) => void (out += text),
    error: (text: string) => void (error += text),
    style: (_: unknown, text: string) => text,
  };
  // Nothing listens there: what is refused is refused before the broker is asked.
  const environment = { WARREN_BROKER_URL: "http://a:b@127.0.0.1:1" };
  return { code: await run(words, { ...console, cwd: __dirname, environment }, "1.2.3"), out, error };
}

test.each(["dlq list", "dlq show", "dlq requeue", "dlq purge", "tail"])("%s --help has an example", async (verb) => {
  const { code, out } = await warren(...verb.split(" "), "--help");
  expect(code).toBe(0);
  expect(out).toMatch(new RegExp(`\\n {2}\\$ warren ${verb} `));
  expect(out).toContain("--json");
});

test.each([
  ["dlq purge q --yes", "Without a filter every message would be deleted"],
  ["dlq requeue q --limit 0", '--limit is "0"'],
  ["dlq requeue q --to x", "--to and --key go together"],
  ["dlq show q --younger-than tomorrow", "no length of time"],
  ["dlq show q --header novalue", "no name with a value"],
  ["dlq show q", "cannot be derived"],
  ["dlq show q --amqp http://x", "no such address"],
  ["tail q --offset soon", "--offset is"],
  ["tail q --for 1w", "no length of time"],
  ["dlq lst", "unknown command"],
])("%s: wrong use", async (words, fault) => {
  expect(await warren(...words.split(" "))).toEqual({ code: 2, out: "", error: expect.stringContaining(fault) });
});

test("what deletes has to be limited by something, and by one thing", () => {
  const given = (more: object) => filterOf({ header: {}, ...more });
  expect(() => requireFilter(given({}), undefined, false)).toThrow("Without a filter");
  expect(() => requireFilter(given({ reason: ["x"] }), undefined, true)).toThrow("Both --all and a filter");
  for (const [filter, limit, all] of [
    [given({ header: { a: 1 } }), undefined, false],
    [given({}), 3, false],
    [given({}), undefined, true],
  ] as const)
    expect(() => requireFilter(filter, limit, all)).not.toThrow();
});

describe("texts", () => {
  test("bodies that are no text, and headers that JSON does not have", () => {
    expect(bodyJson(Buffer.from("grün"))).toEqual({ body: "grün" });
    expect(bodyJson(Buffer.from([255, 0]))).toEqual({ bodyBase64: "/wA=" });
    expect(plainValue({ at: { "!": "timestamp", value: 0 }, raw: Buffer.from("x"), list: [1, { deep: null }] })).toEqual({
      at: "1970-01-01T00:00:00.000Z",
      raw: { base64: "eA==" },
      list: [1, { deep: null }],
    });
  });

  test("no control character of a message reaches a terminal, and none makes a line of its own", () => {
    const evil = "\u001b[31m\n\u0007";
    const history = [{ attempt: 1, at: "2026-01-01T00:00:00Z", reason: evil, service: evil }];
    const deaths = [{ queue: evil, reason: evil, count: 1, exchange: evil, keys: [evil], at: 0 }];
    const letter = {
      id: evil,
      name: evil,
      reason: evil,
      from: evil,
      attempt: 1,
      history,
      deaths,
      origin: { exchange: evil, key: evil },
      diedAt: 0,
      requeued: 0,
      mark: undefined,
    };
    const text = letterText(
      { letter, exchange: evil, key: evil, headers: { [evil]: evil }, contentType: evil, bytes: 3, body: Buffer.from(evil) },
      1000,
    );
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
    expect(text.split("\n")).toHaveLength(10);
  });

  const done: Requeued = {
    ...{ taken: 10, total: 10, consumers: 0, removed: 3, run: "r", matched: 8, requeued: 3, cameBack: 1, withoutId: 1, withoutUser: 2 },
    places: [{ exchange: "", key: "work", messages: 3 }],
    stayed: { returned: 1, refused: 2, unknown: 1, nowhere: 1 },
  };

  test("everything that did not go its way is said", () => {
    expect(requeuedText(done, "dead", false)).toBe(
      [
        '3 messages of "dead" put back; 10 taken to look at, 8 matched.',
        '  3  to queue "work"',
        "  1  stay, returned: no queue takes them there",
        "  2  stay, refused by the queue there (it is full)",
        "  1  stay, without the broker's word: they may be there and here",
        "  1  stay, nothing on them says where they came from: name a place by --to and --key",
        "  1 message came back dead meanwhile, not put back again",
        "  1 message has no message id: a duplicate of them could not be told",
        "  2 messages name another user (user-id), which is left out",
      ].join("\n"),
    );
    expect(stoppedText({ kind: "lost", why: "gone" }, "requeue")).toMatch(
      /^The connection was lost \(gone\)\. Nothing was lost.*same message id\.$/,
    );
  });
});
