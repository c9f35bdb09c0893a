import { describe, expect, it, vi } from "vitest";
import { all, combine } from "./combine.js";
import { type Observer, silent } from "./observer.js";

const events = Object.keys(silent).filter((name) => !name.startsWith("trace")) as Exclude<
  keyof Observer,
  "tracePublish" | "traceProcess"
>[];
type Anything = Record<string, (...parameters: unknown[]) => unknown>;

describe("all", () => {
  it("tells each event to every observer, with all that is known", () => {
    const heard: unknown[] = [];
    const listener = (who: string) =>
      Object.fromEntries(events.map((event) => [event, (...parameters: unknown[]) => heard.push([who, event, ...parameters])]));
    const both = all(listener("one"), listener("two")) as unknown as Anything;
    for (const event of events) {
      heard.length = 0;
      both[event]?.(1, 2, 3, 4, 5, 6);
      expect(heard).toEqual([
        ["one", event, 1, 2, 3, 4, 5, 6],
        ["two", event, 1, 2, 3, 4, 5, 6],
      ]);
    }
  });

  it("costs nothing where nobody listens", () => {
    const none = Object.entries(all({ ...silent }, { connection: () => undefined }));
    expect(none.filter(([event, method]) => method !== silent[event as keyof Observer]).map(([event]) => event)).toEqual(["connection"]);
    expect(all()).toEqual(silent);
  });

  it("keeps `this` of an observer that is a class", () => {
    class Counting {
      count = 0;
      republished(): void {
        this.count += 1;
      }
    }
    const counting = new Counting();
    all(counting).republished("m");
    expect(counting.count).toBe(1);
  });
});

describe("an observer that throws", () => {
  it("is named once, and the others hear everything", () => {
    const report = vi.fn();
    const republished = vi.fn();
    const broken = () => {
      throw new Error("broken");
    };
    const observer = combine([{ republished: broken, buffered: broken }, { republished }], report);
    observer.republished("a");
    observer.republished("b");
    observer.buffered(1, 2);
    expect(republished).toHaveBeenCalledTimes(2);
    expect(report).toHaveBeenCalledOnce();
    expect(report.mock.calls[0]?.[0]).toBe("republished");
  });

  it("is named in a process warning", async () => {
    const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
    all({
      republished: () => {
        throw new Error("broken");
      },
    }).republished("a");
    expect((await warned).message).toMatch(/republished\(\).*broken/);
  });

  it("may fail in its report too", () => {
    const observer = combine(
      [
        {
          republished: () => {
            throw new Error("broken");
          },
        },
      ],
      () => {
        throw new Error("so is the report");
      },
    );
    expect(() => observer.republished("a")).not.toThrow();
  });
});

describe("observers around the work", () => {
  const tracer = (traceProcess: Observer["traceProcess"]): Partial<Observer> => ({ traceProcess });

  it("nest in order, and hand the result through as it is", () => {
    const order: string[] = [];
    const around = (name: string) =>
      tracer((_queue, _message, _headers, work) => {
        order.push(`${name} begins`);
        const result = work();
        order.push(`${name} ends`);
        return result;
      });
    const promise = Promise.resolve(1);
    expect(all(around("one"), around("two")).traceProcess("q", "m", {}, () => promise)).toBe(promise);
    expect(order).toEqual(["one begins", "two begins", "two ends", "one ends"]);
  });

  const faults: [string, Observer["traceProcess"]][] = [
    [
      "before the work",
      () => {
        throw new Error("broken");
      },
    ],
    [
      "after the work",
      (_queue, _message, _headers, work) => {
        work();
        throw new Error("broken");
      },
    ],
    ["by never doing the work", () => undefined as never],
    [
      "by doing it twice",
      (_queue, _message, _headers, work) => {
        work();
        return work();
      },
    ],
  ];
  it.each(faults)("that fail %s change nothing: the work runs once", (_when, traceProcess) => {
    const work = vi.fn(() => 42);
    expect(combine([tracer(traceProcess)], () => undefined).traceProcess("q", "m", {}, work)).toBe(42);
    expect(work).toHaveBeenCalledOnce();
  });

  it.each(faults)("that fail %s leave the work's own error", (_when, traceProcess) => {
    const own = new Error("of the work");
    const work = vi.fn(() => {
      throw own;
    });
    expect(() => combine([tracer(traceProcess)], () => undefined).traceProcess("q", "m", {}, work)).toThrow(own);
    expect(work).toHaveBeenCalledOnce();
  });

  it("with a promise of their own that fails: reported, the work's own failure is not", async () => {
    const report = vi.fn();
    const late = combine(
      [
        tracer(((_queue: string, _message: string, _headers: object, work: () => Promise<unknown>) =>
          work().then(() => {
            throw new Error("broken");
          })) as never),
      ],
      report,
    );
    await expect(late.traceProcess("q", "m", {}, () => Promise.resolve("fine"))).resolves.toBe("fine");
    await vi.waitFor(() => expect(report).toHaveBeenCalledOnce());

    const waits = combine(
      [tracer((async (_queue: string, _message: string, _headers: object, work: () => unknown) => await work()) as never)],
      report,
    );
    await expect(waits.traceProcess("q", "m", {}, () => Promise.reject(new Error("of the work")))).rejects.toThrow("of the work");
    const throwing = () => {
      throw new Error("of the work, at once");
    };
    expect(() => waits.traceProcess("q", "m", {}, throwing)).toThrow("at once");
    await new Promise((resolve) => setImmediate(resolve));
    expect(report).toHaveBeenCalledOnce();
  });
});
