/** The text format of metrics, with names that need escapes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseMetrics } from "./metrics.js";

const escaped = (value: string): string => value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");

test("comments and empty lines are no metrics", () => {
  expect(parseMetrics('# HELP a b\n\na 1\nb{c="d"} NaN\n')).toEqual([
    { name: "a", labels: {}, value: "1" },
    { name: "b", labels: { c: "d" }, value: "NaN" },
  ]);
});

test("labels are read whatever stands in them", () => {
  const text = fc.string({ unit: fc.constantFrom("a", '"', "\\", "\n", "}", "{", ",", "=", " ", "ü") });
  fc.assert(
    fc.property(text, text, (queue, vhost) => {
      const line = `rabbitmq_queue{queue="${escaped(queue)}",vhost="${escaped(vhost)}"} 5`;
      expect(parseMetrics(line)).toEqual([{ name: "rabbitmq_queue", labels: { queue, vhost }, value: "5" }]);
    }),
  );
});
