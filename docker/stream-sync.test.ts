// Whether those that stay have all of a stream.
import { expect, it } from "vitest";
import { behind, promised, type Replica } from "./stream-sync.js";

const replica = (node: string, role: string, offset: Replica["offset"], committed: Replica["offset"]): Replica => ({
  ...{ node, role, offset, committed_offset: committed },
});

it("what counts is what the writer has promised", () => {
  expect(promised([replica("a", "replica", 9, 9), replica("b", "writer", 12, 10)])).toBe(10);
  expect(promised([replica("b", "writer", "undefined", "undefined")])).toBe(-1);
  expect(promised([replica("a", "replica", 9, 9)])).toBeUndefined();
});

it("a replica that has less, or is not there yet, is behind", () => {
  const replicas = [
    replica("a", "writer", 12, 10),
    replica("b", "replica", 10, 10),
    replica("c", "replica", 9, 9),
    replica("d", "replica", null, null),
  ];
  expect(behind(replicas, ["a", "b", "c", "d", "e"], 10)).toEqual(["c", "d", "e"]);
  expect(behind(replicas, ["a", "b"], 10)).toEqual([]);
  expect(behind([replica("a", "writer", -1, -1), replica("b", "replica", "", "")], ["a", "b"], -1)).toEqual([]);
});
