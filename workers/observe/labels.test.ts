import { describe, expect, it } from "vitest";
import { stage7 } from "../../topology/systems/stage7.js";
import { contextiq } from "../../topology/systems/contextiq.js";
import { labels, oneOf } from "./labels.js";

describe("labels", () => {
  it("are the names of the topology, and nothing else", () => {
    const names = labels(contextiq);
    expect(names.queue("extraction.requests")).toBe("extraction.requests");
    expect(names.queue("amq.gen-1")).toBe("other");
    expect(names.message("extraction.request")).toBe("extraction.request");
    expect(names.message("toString")).toBe("other");
    expect(names.exchange("contextiq.extraction")).toBe("contextiq.extraction");
    expect(names.exchange("extraction.requests.retry")).toBe("extraction.requests.retry");
    expect(names.exchange("")).toBe("amq.default");
    expect(names.exchange("elsewhere")).toBe("other");
  });

  it("call a queue of an instance by its template", () => {
    const names = labels(stage7);
    expect(names.queue("brain-1")).toBe("inbox");
    expect(names.queue("stage7.dead_letters")).toBe("stage7.dead_letters");
    expect(names.queue("brain.1")).toBe("other");
  });

  it("let the caller name what is not declared", () => {
    const names = labels(stage7, (queue) => (queue.startsWith("brain-") ? "brains" : undefined));
    expect(names.queue("brain-1")).toBe("brains");
    expect(names.queue("librarian-1")).toBe("inbox");
    expect(names.queue("stage7.dead_letters")).toBe("stage7.dead_letters");
  });

  it("call a partition by its super stream", () => {
    const names = labels({
      name: "t",
      queues: { log: { type: "super-stream", partitions: 2 }, eu: { type: "super-stream", partitions: ["a"] } },
    });
    expect([names.queue("log-0"), names.queue("log-1"), names.queue("eu-a"), names.queue("log-2")]).toEqual(["log", "log", "eu", "other"]);
  });

  it("stay right beyond the bound of what is remembered", () => {
    const asked: string[] = [];
    const names = labels(stage7, (queue) => void asked.push(queue));
    for (let at = 0; at < 3_000; at += 1) expect(names.queue(`brain-${at}`)).toBe("inbox");
    asked.length = 0;
    expect([names.queue("brain-0"), names.queue("brain-2999")]).toEqual(["inbox", "inbox"]);
    expect(asked).toEqual(["brain-2999"]);
  });

  it("of closed lists", () => {
    expect(oneOf(["a", "b"], "a")).toBe("a");
    expect(oneOf(["a", "b"], "c")).toBe("other");
  });
});
