import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "./compile/compile.js";
import { explain, explainText, type Departure, type Fate } from "./explain.js";
import type { Queue, Topology } from "./model.js";

const ask = (topology: Omit<Topology, "name">, exchange: string, key = "", headers: Record<string, unknown> = {}) =>
  explain(compile({ name: "t", ...topology }), exchange, key, headers);
const only = (topology: Omit<Topology, "name">, queue: string): Fate => {
  const [fate] = ask(topology, "", queue).fates;
  if (!fate) throw new Error(`nothing gets to ${queue}`);
  return fate;
};
/** A departure in short: `dead-lettered dlx dlq(expires 5 dropped)`. */
const short = (departure: Departure | undefined): string =>
  [
    departure?.effect,
    departure?.because,
    departure?.exchange,
    ...(departure?.stops ?? []).map(
      ({ queue, then, after, next }) => `${queue}(${[then, after, next && short(next)].filter((part) => part !== undefined).join(" ")})`,
    ),
  ]
    .filter((part) => part !== undefined)
    .join(" ");

describe("what becomes of a message", () => {
  const shop: Omit<Topology, "name"> = {
    exchanges: { orders: { type: "topic" }, dlx: { type: "fanout", internal: true } },
    queues: {
      billing: {
        type: "quorum",
        from: { orders: "order.*" },
        messageTtl: "24 hours",
        maxLength: 100_000,
        deadLetterTo: { exchange: "dlx" },
        deliveryLimit: 3,
      },
      "billing.dlq": { type: "quorum", from: { dlx: "" }, messageTtl: "7 days" },
      log: { type: "stream", from: { orders: "#" }, maxAge: "7 days" },
      plain: { type: "classic" },
    },
  };
  const dead = "dead-lettered dlx billing.dlq(expires 604800000 dropped no-dead-letter-exchange)";

  it("is told for every queue that gets it, with the bindings", () => {
    const { version, queues, unroutable, fates, paths } = ask(shop, "orders", "order.new");
    expect({ version, unroutable, queues: [...queues].sort() }).toEqual({ version: 1, unroutable: false, queues: ["billing", "log"] });
    expect(paths).toHaveLength(2);
    expect(fates.find(({ queue }) => queue === "billing")?.paths).toMatchObject([
      [{ exchange: "orders", binding: { routingKey: "order.*" }, to: "billing" }],
    ]);
  });

  it("when it expires, is rejected, is too many, or is returned too often", () => {
    const fate = only(shop, "billing");
    expect(fate.expired?.after).toBe(86_400_000);
    expect(short(fate.expired?.departure)).toBe(dead);
    expect(short(fate.rejected)).toBe(dead);
    expect(fate.overflow).toMatchObject({ maxLength: 100_000, mode: "drop-head", message: "oldest" });
    expect(short(fate.overflow?.departure)).toBe(dead);
    expect(fate.deliveryLimit).toMatchObject({ limit: 3, deliveries: 4, counts: ["reject"] });
    expect(short(fate.deliveryLimit?.departure)).toBe(dead);
    expect(fate.retries).toBeUndefined();
  });

  it("follows the message's own expiration where that is shorter, in the first queue only", () => {
    const plan = compile({ name: "t", ...shop });
    const after = (expiration: number) => explain(plan, "", "billing", {}, { expiration }).fates[0]?.expired?.after;
    expect([after(5), after(1e12)]).toEqual([5, 86_400_000]);
    expect(short(explain(plan, "", "billing", {}, { expiration: 5 }).fates[0]?.expired?.departure)).toBe(dead);
  });

  it("by nack too on brokers before 4.3; without end if there is no limit; twenty times if nothing is said", () => {
    expect(only({ ...shop, brokerVersion: "4.2" }, "billing").deliveryLimit?.counts).toEqual(["reject", "nack"]);
    expect(only({ queues: { a: { type: "quorum", deliveryLimit: -1 } } }, "a").deliveryLimit).toEqual({ limit: -1, counts: ["reject"] });
    expect(only({ queues: { a: { type: "quorum" } } }, "a").deliveryLimit).toMatchObject({ limit: 20, deliveries: 21 });
    const wrong = { ...shop.queues, billing: { type: "quorum", arguments: { "x-delivery-limit": "3" } } } as const;
    expect(only({ queues: wrong }, "billing").deliveryLimit).toMatchObject({ limit: 20 });
    expect(only(shop, "plain").deliveryLimit).toBeUndefined();
  });

  it("in a queue that holds the returned back itself", () => {
    const fate = only({ queues: { a: { type: "quorum", delayedRetry: { type: "failed", min: "1 second", max: "1 minute" } } } }, "a");
    expect(fate.delayedRetry).toEqual({ type: "failed", min: 1000, max: 60_000 });
  });

  it("in a stream: nothing but the end of its retention", () => {
    const fate = only(shop, "log");
    expect(fate).toMatchObject({ type: "stream", retention: { maxAge: "7D" } });
    expect([fate.expired, fate.rejected, fate.overflow, fate.deliveryLimit]).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("under each overflow mode", () => {
    const full = (queue: Partial<Queue>) =>
      only({ queues: { a: { type: "classic", maxLength: 2, ...queue } as Queue, b: { type: "classic" } } }, "a").overflow;
    expect(full({})).toEqual({
      maxLength: 2,
      holds: 2,
      mode: "drop-head",
      message: "oldest",
      departure: { effect: "dropped", because: "no-dead-letter-exchange" },
    });
    expect(full({ overflow: "reject-publish" })).toEqual({ maxLength: 2, holds: 2, mode: "reject-publish", message: "new" });
    // It learns of it one message late.
    expect(full({ type: "quorum", overflow: "reject-publish" })).toMatchObject({ maxLength: 2, holds: 3 });
    const dlx = full({ overflow: "reject-publish-dlx", deadLetterTo: { queue: "b" } });
    expect(dlx).toMatchObject({ mode: "reject-publish-dlx", message: "new" });
    expect(short(dlx?.departure)).toBe("dead-lettered  b(rests)");
  });

  it("when a policy says other than the topology", () => {
    const policies = { all: { pattern: ".*", priority: 99, definition: { "message-ttl": 5 } } };
    const fate = only({ ...shop, policies }, "billing");
    expect(fate.expired?.after).toBe(5);
    expect(short(fate.expired?.departure)).toBe("dropped no-dead-letter-exchange");
    expect(fate.settings).toEqual([{ key: "message-ttl", value: 5, source: 'policy "all"' }]);
  });
});

describe("a ladder", () => {
  const ladder = (more: Partial<Topology> = {}): Fate =>
    only(
      {
        exchanges: { dlx: { type: "fanout" } },
        queues: {
          work: { type: "quorum", retry: ["5 seconds", "1 minute"], deadLetterTo: "dlx" },
          dead: { type: "quorum", from: { dlx: "" } },
        },
        ...more,
      },
      "work",
    );

  it("returns the message from every rung to its queue alone, then it goes to the dead letters", () => {
    const { retries } = ladder();
    expect(retries?.exchange).toBe("work.retry");
    expect(retries?.rungs.map(short)).toEqual([
      "published work.retry work.retry.1(expires 5000 dead-lettered  work(returns))",
      "published work.retry work.retry.2(expires 60000 dead-lettered  work(returns))",
    ]);
    expect(short(retries?.exhausted)).toBe("published dlx dead(rests)");
  });

  it("ends in a refusal where the dead-letter exchange is internal: the worker publishes there, not the broker", () => {
    expect(short(ladder({ exchanges: { dlx: { type: "fanout", internal: true } } }).retries?.exhausted)).toBe(
      "refused internal-exchange dlx",
    );
  });

  it("drops the message at its end if there are no dead letters", () => {
    expect(short(only({ queues: { work: { type: "quorum", retry: ["5 seconds"] } } }, "work").retries?.exhausted)).toBe(
      "dropped no-dead-letter-exchange",
    );
  });
});

describe("dead letters that come round", () => {
  const round: Omit<Topology, "name"> = {
    queues: {
      work: { type: "quorum", messageTtl: "1 minute", deadLetterTo: { queue: "wait" } },
      wait: { type: "quorum", messageTtl: "5 seconds", deadLetterTo: { queue: "work" } },
    },
  };

  it("are dropped unless there was a rejection, with which they go round for ever", () => {
    const fate = only(round, "work");
    expect(short(fate.expired?.departure)).toBe("dead-lettered  wait(expires 5000 dropped cycle  work(cycle))");
    expect(short(fate.deliveryLimit?.departure)).toBe("dead-lettered  wait(expires 5000 dropped cycle  work(cycle))");
    expect(short(fate.rejected)).toBe("dead-lettered  wait(expires 5000 dead-lettered  work(returns))");
  });

  it("stay where they are with at-least-once", () => {
    const strict = { type: "quorum", maxLength: 9, overflow: "reject-publish" } as const;
    const fate = only(
      { queues: { work: { ...strict, messageTtl: "1 minute", deadLetterTo: { queue: "work", strategy: "at-least-once" } } } },
      "work",
    );
    expect(short(fate.expired?.departure)).toBe("kept cycle  work(cycle)");
    // Without reject-publish the broker falls back to at-most-once.
    const lax = only(
      { queues: { work: { type: "quorum", messageTtl: "1 minute", deadLetterTo: { queue: "work", strategy: "at-least-once" } } } },
      "work",
    );
    expect(short(lax.expired?.departure)).toBe("dropped cycle  work(cycle)");
  });
});

describe("dead letters that nobody gets", () => {
  it("say why", () => {
    const to = (deadLetterTo: string) =>
      short(only({ exchanges: { d: { type: "direct" } }, queues: { a: { type: "quorum", deadLetterTo } } }, "a").rejected);
    expect(to("d")).toBe("dropped unroutable d");
    expect(to("none")).toBe("dropped exchange-missing none");
  });
});

it("dead letters carry their deaths, for headers exchanges that ask", () => {
  const by = (reason: string, match: "any-with-x" | "any") => ({ headers: { "x-last-death-reason": reason }, match });
  const fate = only(
    {
      exchanges: { h: { type: "headers" } },
      queues: {
        a: { type: "quorum", messageTtl: "1 second", deadLetterTo: "h" },
        late: { type: "quorum", from: { h: by("expired", "any-with-x") } },
        bad: { type: "quorum", from: { h: by("rejected", "any-with-x") } },
        none: { type: "quorum", from: { h: by("rejected", "any") } },
      },
    },
    "a",
  );
  expect([short(fate.expired?.departure), short(fate.rejected)]).toEqual(["dead-lettered h late(rests)", "dead-lettered h bad(rests)"]);
});

it("ends for any net of dead letters, with no stop beyond a loss or a return", () => {
  const names = ["a", "b", "c", "d"] as const;
  const queue = fc.record({
    ttl: fc.boolean(),
    to: fc.constantFrom("x", "y", undefined, ...names),
    fromX: fc.boolean(),
    fromY: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.tuple(queue, queue, queue, queue), (given) => {
      const queues = Object.fromEntries(
        names.map((name, index): [string, Queue] => {
          const { ttl, to, fromX, fromY } = given[index] ?? given[0];
          const target = to === undefined ? {} : { deadLetterTo: to === "x" || to === "y" ? to : { queue: to } };
          const from = { ...(fromX ? { x: "" } : {}), ...(fromY ? { y: "" } : {}) };
          return [name, { type: "quorum", from, ...(ttl ? { messageTtl: "1 second" as const } : {}), ...target }];
        }),
      );
      const check = (departure: Departure | undefined, seen: readonly string[]): void => {
        for (const { queue, then, next } of departure?.stops ?? []) {
          expect(then === "returns" || then === "cycle" || !seen.includes(queue)).toBe(true);
          if (then === "expires") expect(next).toBeDefined();
          check(next, [...seen, queue]);
        }
      };
      const told = ask({ exchanges: { x: { type: "fanout" }, y: { type: "fanout" } }, queues }, "x");
      for (const { queue, expired, rejected } of told.fates) {
        check(expired?.departure, [queue]);
        check(rejected, [queue]);
      }
      expect(JSON.parse(JSON.stringify(told))).toEqual(told);
      expect(explainText(told)).not.toMatch(/undefined|\[object|NaN/);
    }),
    { numRuns: 300 },
  );
});

describe("as text", () => {
  it("tells a way that several reasons share once", () => {
    const topology: Omit<Topology, "name"> = {
      exchanges: { orders: { type: "topic" }, dlx: { type: "fanout" } },
      queues: {
        billing: {
          type: "quorum",
          from: { orders: "order.*" },
          messageTtl: "24 hours",
          maxLength: 100_000,
          deadLetterTo: "dlx",
          retry: ["5 seconds", "1 minute"],
        },
        dead: { type: "quorum", from: { dlx: "" }, messageTtl: "7 days" },
      },
    };
    expect(explainText(ask(topology, "orders", "order.new"))).toBe(
      [
        'orders "order.new"',
        "One queue gets it.",
        "",
        "billing  (quorum)",
        '  by           orders "order.*"',
        "  expires      after 24 hours: dead-lettered",
        "  rejected     dead-lettered",
        "  overflow     over 100 000 messages the oldest is dead-lettered",
        "  returned     the 21st time (reject; nack does not count): dead-lettered",
        "  dead letter  → dlx → dead, there 7 days, then dropped",
        "  fails        1st: waits 5 seconds in billing.retry.1, then back",
        "               2nd: waits 1 minute in billing.retry.2, then back",
        "               3rd: → dlx → dead, there 7 days, then dropped",
        '  set by       policy "billing"',
      ].join("\n"),
    );
  });

  it("says why nothing gets a message", () => {
    const exchanges = { in: { type: "fanout", internal: true }, out: { type: "fanout" } } as const;
    expect(explainText(ask({ exchanges }, "none"))).toContain('There is no exchange "none"');
    expect(explainText(ask({ exchanges }, "in"))).toContain("in is internal");
    expect(explainText(ask({ exchanges }, "out"))).toContain("No queue gets it");
  });
});
