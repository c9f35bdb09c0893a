// What runs side by side does not touch the same queues, and everything runs once.
import fc from "fast-check";
import { expect, it } from "vitest";
import { schedule, type Task } from "./schedule.js";

const queues = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { maxLength: 3 });
const touches = fc.oneof(queues, fc.constant("everything" as const), fc.constant(undefined));

/** Task by task, what runs beside it at any moment. */
async function observe(all: readonly Task["touches"][], atATime: number) {
  const running = new Set<number>();
  const met: [number, number][] = [];
  const ended: number[] = [];
  let most = 0;
  await schedule(
    all.map((touched, index) => ({
      touches: touched,
      run: async () => {
        for (const other of running) met.push([other, index]);
        running.add(index);
        most = Math.max(most, running.size);
        for (let turn = 0; turn <= (index * 7) % 4; turn++) await Promise.resolve();
        running.delete(index);
        ended.push(index);
      },
    })),
    atATime,
  );
  return { met, ended, most };
}

it("runs every task once, at most so many at a time, and none beside another one of its queues", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(touches, { maxLength: 20 }), fc.integer({ min: 1, max: 5 }), async (all, atATime) => {
      const { met, ended, most } = await observe(all, atATime);
      expect([...ended].sort((a, b) => a - b)).toEqual(all.map((_, index) => index));
      expect(most).toBeLessThanOrEqual(atATime);
      for (const [one, other] of met) {
        const [a, b] = [all[one] ?? [], all[other] ?? []];
        if (a.length === 0 || b.length === 0) continue;
        expect([a, b]).not.toContain("everything");
        expect((a as readonly string[]).filter((queue) => (b as readonly string[]).includes(queue))).toEqual([]);
      }
    }),
  );
});

it("runs what does not meet side by side", async () => {
  expect((await observe([["a"], ["b"], ["c"]], 3)).most).toBe(3);
  expect((await observe([["a"], ["a"], ["b"]], 3)).met).toContainEqual([0, 2]);
});

it("passes on what a task throws", async () => {
  await expect(schedule([{ run: () => Promise.reject(new Error("no")) }], 1)).rejects.toThrow("no");
});
