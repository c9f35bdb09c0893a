import fc from "fast-check";
import { expect, test } from "vitest";
import type { LiveQueue } from "../broker/live.js";
import type { PlannedQueue } from "../topology/compile/plan.js";
import { heldFor, standing } from "./stage.js";

const wanted = {
  ...{ name: "work", type: "quorum", durable: true, autoDelete: false, role: "queue", origin: {} },
  arguments: { "x-queue-type": "quorum" },
} as unknown as PlannedQueue;
const live = (type: LiveQueue["type"], args: object = {}): LiveQueue => ({
  ...{ name: "work", type, durable: true, autoDelete: false, arguments: { "x-queue-type": type, ...args } },
});

test("the stage is told by the queue and by what is held", () => {
  expect(standing(undefined, wanted, false).stage).toBe("missing");
  expect(standing(undefined, wanted, true).stage).toBe("declare");
  expect(standing(live("quorum"), wanted, false)).toEqual({ stage: "done", isHeld: false, differences: [] });
  expect(standing(live("quorum"), wanted, true)).toEqual({ stage: "return", isHeld: true, differences: [] });
  for (const isHeld of [false, true]) {
    expect(standing(live("classic"), wanted, isHeld)).toMatchObject({ stage: "change", differences: [{ field: "type" }] });
    expect(standing(live("quorum", { "x-max-length": 5 }), wanted, isHeld).stage).toBe("change");
  }
});

test("the queues that hold are those of one queue, and never the queue itself", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      const names = [...Object.values(heldFor(one)), ...Object.values(heldFor(other))];
      expect(new Set([one, ...names]).size).toBe(one === other ? 3 : 1 + 4 - (names.includes(one) ? 1 : 0));
    }),
  );
});
