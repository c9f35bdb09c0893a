// Where members of queues go when nodes come and go: never fewer than asked for while there is room, none on a node that leaves, and no move without need.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changes, type Group } from "./groups.js";

const NODES = ["a", "b", "c", "d", "e"];
const group = (members: readonly string[], asked?: number): Group => ({ vhost: "v", name: "q", type: "quorum", members, asked });

describe("members", () => {
  it.each<[string, Group, string[], string[], object[]]>([
    ["grow to three when nodes come", group(["a"]), ["a", "b", "c"], [], [{ add: ["b", "c"], remove: [] }]],
    ["stay where there are enough", group(["a", "b", "c"]), NODES, [], []],
    ["stay few where few are asked for", group(["a"], 1), NODES, [], []],
    ["leave a node without a successor", group(["a", "b", "c"]), ["a", "b", "c"], ["c"], [{ add: [], remove: ["c"] }]],
    ["are replaced where another node is free", group(["a", "b", "e"]), NODES, ["e"], [{ add: ["c"], remove: ["e"] }]],
  ])("%s", (_what, one, nodes, leaving, expected) => {
    expect(changes([one], nodes, leaving)).toEqual(expected.map((change) => ({ vhost: "v", name: "q", type: "quorum", ...change })));
  });

  it("are as many as asked for, on nodes that stay, after the changes; and then nothing is left to do", () => {
    const groups = fc.array(
      fc.record({ members: fc.subarray(NODES, { minLength: 1 }), asked: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }) }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(groups, fc.subarray(NODES, { maxLength: 4 }), (list, leaving) => {
        const before = list.map(({ members, asked }, index): Group => ({ vhost: "v", name: `q${index}`, type: "quorum", members, asked }));
        const done = changes(before, NODES, leaving);
        const after = before.map((one) => {
          const change = done.find(({ name }) => name === one.name);
          return { ...one, members: [...one.members.filter((node) => !change?.remove.includes(node)), ...(change?.add ?? [])] };
        });
        const staying = NODES.length - leaving.length;
        for (const { members, asked = 3 } of after) {
          expect(members.some((node) => leaving.includes(node))).toBe(false);
          expect(new Set(members).size).toBe(members.length);
          expect(members.length).toBeGreaterThanOrEqual(Math.min(asked, staying));
        }
        expect(changes(after, NODES, leaving)).toEqual([]);
      }),
    );
  });
});
