import { describe, expect, it } from "vitest";
import { compile } from "../compile/compile.js";
import { explain, explainRejections } from "../explain.js";
import type { Topology } from "../model.js";
import { withoutBcc } from "./x-death.js";

const ask = (topology: Omit<Topology, "name">, ...more: [exchange: string, key: string, options?: Parameters<typeof explain>[4]]) =>
  explain(compile({ name: "t", ...topology }), more[0], more[1], {}, more[2]);

describe("the x-death header of a dead letter", () => {
  const topology: Omit<Topology, "name"> = {
    exchanges: { in: { type: "fanout" }, dlx: { type: "fanout" } },
    queues: {
      work: { type: "quorum", from: { in: "" }, deadLetterTo: { exchange: "dlx", routingKey: "dead" } },
      wait: { type: "quorum", from: { dlx: "" }, messageTtl: "1 second", deadLetterTo: { queue: "dlq" } },
      dlq: { type: "quorum" },
    },
  };

  it("holds where it was, why it left, and with which keys: CC, not BCC", () => {
    const [fate] = ask(topology, "in", "k", { cc: ["copy"], bcc: ["secret"], expiration: 5 }).fates;
    const first = {
      queue: "work",
      reason: "rejected",
      count: 1,
      exchange: "in",
      "routing-keys": ["k", "copy"],
      "original-expiration": "5",
    };
    expect(fate?.rejected?.deaths).toEqual([first]);
    expect(fate?.expired?.departure.deaths).toEqual([{ ...first, reason: "expired" }]);
    // The latest first; the expiration is gone with the first death.
    expect(fate?.rejected?.stops?.[0]?.next?.deaths).toEqual([
      { queue: "wait", reason: "expired", count: 1, exchange: "dlx", "routing-keys": ["dead"] },
      first,
    ]);
  });

  it("takes each key of BCC away once", () => {
    expect(withoutBcc(["a", "b", "a"], ["a", "c"])).toEqual(["b", "a"]);
  });
});

describe("a message that is rejected each time that it is back", () => {
  const round: Omit<Topology, "name"> = {
    queues: {
      work: { type: "quorum", deadLetterTo: { queue: "wait" } },
      wait: { type: "quorum", messageTtl: "5 seconds", deadLetterTo: { queue: "work" } },
      once: { type: "quorum", deadLetterTo: { queue: "rest" } },
      rest: { type: "quorum" },
    },
  };
  const times = (queue: string, count: number) =>
    explainRejections(compile({ name: "t", ...round }), "", queue, {}, { queue, times: count }).map(({ deaths = [] }) =>
      deaths.map((death) => `${death.queue} ${death.reason} ${death.count} ${death.exchange} ${death["routing-keys"].join()}`),
    );

  it("is counted, with exchange and keys of the first time", () => {
    expect(times("work", 3)).toEqual([
      ["work rejected 1  work"],
      ["work rejected 2  work", "wait expired 1  wait"],
      ["work rejected 3  work", "wait expired 2  wait"],
    ]);
  });

  it("follows the copy that is back first", () => {
    const twice: Omit<Topology, "name"> = {
      exchanges: { dlx: { type: "fanout" } },
      queues: {
        long: { type: "quorum", from: { dlx: "" }, messageTtl: "1 hour", deadLetterTo: { queue: "work" } },
        work: { type: "quorum", from: { dlx: "" }, deadLetterTo: "dlx" },
      },
    };
    const [, second] = explainRejections(compile({ name: "t", ...twice }), "", "work", {}, { queue: "work", times: 2 });
    expect(second?.deaths?.map(({ queue, count }) => `${queue} ${count}`)).toEqual(["work 2"]);
  });

  it("ends where it does not come back", () => {
    expect(times("once", 3)).toEqual([["once rejected 1  once"]]);
    expect(explainRejections(compile({ name: "t", ...round }), "", "work", {}, { queue: "rest", times: 1 })).toEqual([]);
  });
});

it("headers exchanges see CC", () => {
  const topology: Omit<Topology, "name"> = {
    exchanges: { h: { type: "headers" } },
    queues: { copied: { type: "quorum", from: { h: { arguments: { CC: null } } } } },
  };
  expect(ask(topology, "h", "k", { cc: ["c"] }).queues).toEqual(["copied"]);
  expect(ask(topology, "h", "k", { bcc: ["c"] }).queues).toEqual([]);
});

describe("a queue that holds nothing", () => {
  const to = (overflow: "drop-head" | "reject-publish" | "reject-publish-dlx") =>
    ask(
      {
        queues: {
          first: { type: "classic", deadLetterTo: { queue: "none" } },
          none: { type: "classic", maxLength: 0, overflow, deadLetterTo: { queue: "last" } },
          last: { type: "classic" },
        },
      },
      "",
      "first",
    ).fates[0]?.rejected?.stops?.[0];

  it("passes a dead letter on, or loses it", () => {
    for (const mode of ["drop-head", "reject-publish-dlx"] as const)
      expect(to(mode)).toMatchObject({ then: "overflows", next: { effect: "dead-lettered", stops: [{ queue: "last", then: "rests" }] } });
    expect(to("reject-publish")).toMatchObject({ then: "overflows", next: { effect: "dropped", because: "full" } });
  });
});
