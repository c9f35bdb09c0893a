/** Batches: full or late, one outcome for all or one for each. */
import { expect, test, vi } from "vitest";
import { batched } from "./batch.js";
import { park, type Outcome } from "./outcomes.js";

test("a full batch is handled at once, the rest when its time is over", async () => {
  vi.useFakeTimers();
  try {
    const sizes: number[] = [];
    const handle = batched<number>((all) => void sizes.push(all.length), { size: 3, wait: 50 });
    const outcomes = Promise.all([1, 2, 3, 4].map((each) => handle(each)));
    await vi.advanceTimersByTimeAsync(49);
    expect(sizes).toEqual([3]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sizes).toEqual([3, 1]);
    expect((await outcomes).map(({ kind }) => kind)).toEqual(["ack", "ack", "ack", "ack"]);
  } finally {
    vi.useRealTimers();
  }
});

test("a list has an outcome for each; one of another length, like a throw, fails all", async () => {
  const each = batched<number>((all) => all.map((one): Outcome => (one === 2 ? park("two") : { kind: "ack" })), { size: 3 });
  expect((await Promise.all([1, 2, 3].map((one) => each(one)))).map(({ kind }) => kind)).toEqual(["ack", "park", "ack"]);
  const short = batched<number>(() => [{ kind: "ack" }], { size: 2 });
  const results = await Promise.allSettled([1, 2].map((one) => short(one)));
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});
