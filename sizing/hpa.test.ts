/** The HPA's algorithm: what it asks for, how it holds back, how fast it goes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Hpa, replicasForUtilization, replicasForValue, type Behavior } from "./hpa.js";

describe("one metric", () => {
  test.each([
    [250, 100, 1, 3],
    [500, 100, 5, 5],
    // Within a tenth nothing changes.
    [549, 100, 5, 5],
    [551, 100, 5, 6],
    [451, 100, 5, 5],
    [440, 100, 5, 5],
    [399, 100, 5, 4],
    [0, 100, 5, 0],
  ])("%d messages at %d each, %d pods: %d", (usage, target, pods, wanted) => {
    expect(replicasForValue(usage, target, pods, 0.1)).toBe(wanted);
  });

  test("CPU: the ratio times the ready ones; those that start count as idle on the way up", () => {
    expect(replicasForUtilization([90, 90], 0, 70, 2, 0.1)).toBe(3);
    expect(replicasForUtilization([75, 75], 0, 70, 2, 0.1)).toBe(2);
    expect(replicasForUtilization([20, 20, 20], 0, 70, 3, 0.1)).toBe(1);
    // 200 of three is 66: no change, where two alone would ask for three more.
    expect(replicasForUtilization([100, 100], 1, 70, 3, 0.1)).toBe(3);
    expect(replicasForUtilization([100, 100, 100], 1, 60, 4, 0.1)).toBe(5);
    expect(replicasForUtilization([], 2, 70, 2, 0.1)).toBe(2);
  });
});

const plain = { min: 2, max: 20, tolerance: 0.1 };

describe("without a behavior", () => {
  test("doubles, or four in one go", () => {
    const hpa = new Hpa(plain);
    expect(hpa.sync(0, 2, [20])).toBe(4);
    expect(hpa.sync(15, 4, [20])).toBe(8);
    expect(hpa.sync(30, 8, [20])).toBe(16);
    expect(hpa.sync(45, 16, [20, 3])).toBe(20);
  });

  test("goes down to what the last five minutes asked for, and no lower than the least", () => {
    const hpa = new Hpa(plain);
    hpa.sync(0, 10, [10]);
    for (let now = 15; now < 300; now += 15) expect(hpa.sync(now, 10, [1])).toBe(10);
    expect(hpa.sync(300, 10, [1])).toBe(2);
  });

  test("brings what is outside its bounds back into them, and leaves nothing at nothing", () => {
    expect(new Hpa(plain).sync(0, 25, [10])).toBe(20);
    expect(new Hpa(plain).sync(0, 1, [10])).toBe(2);
    expect(new Hpa(plain).sync(0, 0, [10])).toBe(0);
  });
});

describe("with a behavior", () => {
  const behavior: Behavior = {
    scaleUp: { stabilizationWindowSeconds: 30, policies: [{ type: "Pods", value: 2, periodSeconds: 60 }] },
    scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 50, periodSeconds: 60 }] },
  };

  test("waits its window, and goes no faster than its policies from where the period began", () => {
    const hpa = new Hpa({ ...plain, behavior });
    expect(hpa.sync(0, 4, [4])).toBe(4);
    expect(hpa.sync(15, 4, [12])).toBe(4);
    expect(hpa.sync(30, 4, [12])).toBe(6);
    expect(hpa.sync(45, 6, [12])).toBe(6);
    expect(hpa.sync(95, 6, [12])).toBe(8);
  });

  test("down by half in a minute", () => {
    const hpa = new Hpa({ ...plain, behavior });
    expect(hpa.sync(0, 16, [16])).toBe(16);
    expect(hpa.sync(1, 16, [1])).toBe(8);
    expect(hpa.sync(15, 8, [1])).toBe(8);
    expect(hpa.sync(62, 8, [1])).toBe(4);
  });

  test("Min takes the smaller step, Disabled none; what is left out is the API's default", () => {
    const policies = [
      { type: "Pods", value: 1, periodSeconds: 15 },
      { type: "Percent", value: 100, periodSeconds: 15 },
    ] as const;
    expect(new Hpa({ ...plain, behavior: { scaleUp: { selectPolicy: "Min", policies } } }).sync(0, 8, [20])).toBe(8 + 1);
    expect(new Hpa({ ...plain, behavior: { scaleUp: { selectPolicy: "Disabled" } } }).sync(0, 8, [20])).toBe(8);
    expect(new Hpa({ ...plain, behavior: {} }).sync(0, 2, [20])).toBe(6);
  });
});

test("stays within its bounds, whatever it is asked for", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100), { minLength: 1, maxLength: 60 }), fc.boolean(), (asked, behaved) => {
      const hpa = new Hpa({ ...plain, ...(behaved ? { behavior: {} } : {}) });
      let current = 2;
      asked.forEach((value, index) => {
        current = hpa.sync(index * 15, current, [value]);
        expect(current).toBeGreaterThanOrEqual(2);
        expect(current).toBeLessThanOrEqual(20);
      });
    }),
  );
});
