/** Pages: the same for the same topology, with every object in them, and nothing from outside as markup. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { arbitraryInstallation } from "../../testing/arbitrary-topology.js";
import { compileInstallation } from "../compile/compile.js";
import { code, plainTable } from "../markdown.js";
import { jsonSchema } from "../message-schema.js";
import type { Installation, Topology } from "../model.js";
import { systems } from "../systems/index.js";
import { fieldsOf } from "./fields.js";
import { describe, page } from "./index.js";

const pageOf = (installation: Installation): string => page(describe(installation));

/** Every name that the page has to have, as it has it. */
function names(installation: Installation): string[] {
  const { vhosts, global } = compileInstallation(installation);
  return [
    ...vhosts.flatMap((plan) => [
      plan.vhost.name,
      ...plan.exchanges.filter(({ origin }) => !origin.endsWith(".retry")).map(({ name }) => name),
      ...plan.queues.filter(({ role }) => role.kind !== "rung").map(({ name }) => name),
      ...plan.templates.map(({ name }) => name),
      ...plan.users.map(({ name }) => name),
      ...plan.policies.filter(({ generatedFor }) => generatedFor === undefined).map(({ name }) => name),
      ...plan.operatorPolicies.map(({ name }) => name),
      ...plan.parameters.map(({ name }) => name),
    ]),
    ...installation.topologies.flatMap(({ messages = {}, services = {} }) => [...Object.keys(messages), ...Object.keys(services)]),
    ...global.users.map(({ name }) => name),
    ...global.parameters.map(({ name }) => name),
  ].map(code);
}

test("every object is mentioned", () => {
  fc.assert(
    fc.property(arbitraryInstallation(), (installation) => {
      const text = pageOf(installation);
      for (const name of names(installation)) expect(text).toContain(name);
    }),
    { numRuns: 50 },
  );
});

test("the five systems: every object, and both ends of a ladder", () => {
  const installation = { topologies: Object.values(systems) };
  const text = pageOf(installation);
  for (const name of names(installation)) expect(text).toContain(name);
  expect(text).toContain(
    "| `document_processing` | quorum | `fo_analytics`: `document.process` | `document` | `worker` | 1 hour | after 2 seconds, 4 seconds, 8 seconds, then dead-lettered (`document_processing.retry.1` to `document_processing.retry.3`) |",
  );
});

test("the same topology gives the same page, also from JSON, and what is added adds lines", () => {
  const before = systems["debias"] as Topology;
  expect(pageOf({ topologies: [structuredClone({ ...before, messages: {} })] })).toBe(
    pageOf({ topologies: [{ ...before, messages: {} }] }),
  );
  const after: Topology = { ...before, queues: { ...before.queues, "a.queue.with.a.much.longer.name": { type: "classic" } } };
  const lines = (text: string): string[] => text.replace(/```mermaid[^]*?```/g, "").split("\n");
  const old = lines(pageOf({ topologies: [before] }));
  const now = lines(pageOf({ topologies: [after] }));
  expect(now.filter((line) => !old.includes(line))).toEqual([
    expect.stringMatching(/^\| `a\.queue\.with\.a\.much\.longer\.name` \| classic \|/),
  ]);
  expect(old.filter((line) => !now.includes(line))).toEqual([]);
});

test("every row of a table has as many cells as its head", () => {
  fc.assert(
    fc.property(arbitraryInstallation(), (installation) => {
      let width = 0;
      for (const line of pageOf(installation).split("\n")) {
        const cells = line.startsWith("|") ? line.replace(/\\\|/g, "").split("|").length : 0;
        if (width > 0 && cells > 0) expect(cells).toBe(width);
        width = cells;
      }
    }),
    { numRuns: 50 },
  );
});

test("names are no markup, and no secret is on the page", () => {
  expect(code("a|b")).toBe("`a\\|b`");
  expect(code("a``b")).toBe("``` a``b ```");
  expect(code("")).toBe('`""`');
  expect(code("a\nb\u001b[31m")).toBe("`a b [31m`");
  expect(plainTable(["a", "b", "c"], [["1", "", "3"]])).toEqual(["| a | c |", "| --- | --- |", "| 1 | 3 |"]);
  const text = pageOf({
    topologies: [
      {
        name: "<script>x</script>",
        description: "# not a title\n\n```",
        users: { u: { passwordHash: "SECRET-HASH" } },
        federationUpstreams: { up: { uri: "amqp://me:SECRET@elsewhere" } },
        policies: { p: { pattern: "^a", definition: { "federation-upstream": "up" } } },
      },
    ],
    globalParameters: { g: "SECRET-VALUE" },
  });
  expect(text).not.toContain("SECRET");
  const outsideOfCode = text
    .replace(/^(`{3,})[^]*?^\1$/gm, "")
    .replace(/\\./g, "")
    .replace(/`[^`]+`/g, "");
  expect(outsideOfCode).not.toMatch(/<script>|^# not/m);
  expect(text).toContain("# &lt;script&gt;x&lt;/script&gt;");
});

test("fields of a schema", () => {
  const inner: z.ZodType = z.object({ id: z.uuid(), next: z.lazy(() => inner).optional() });
  const schema = z.object({
    count: z.int().min(0).max(9).default(3).describe("how many"),
    kind: z.enum(["a", "b"]),
    tags: z.array(z.string().max(5)).optional(),
    items: z.array(z.object({ price: z.number() })),
    either: z.union([z.string(), z.null()]),
    inner,
  });
  const fields = fieldsOf(jsonSchema(schema));
  expect(fields.slice(0, 8)).toEqual([
    { field: "count", type: "integer", required: false, notes: ["how many", "0 to 9", "3 if left out"] },
    { field: "kind", type: '"a" or "b"', required: true, notes: [] },
    { field: "tags", type: "array of string", required: false, notes: [] },
    { field: "items", type: "array of object", required: true, notes: [] },
    { field: "items[].price", type: "number", required: true, notes: [] },
    { field: "either", type: "string or null", required: true, notes: [] },
    { field: "inner", type: "object", required: true, notes: [] },
    { field: "inner.id", type: "string (uuid)", required: true, notes: [] },
  ]);
  expect(fields.length).toBeLessThan(20);
  expect(fieldsOf(jsonSchema(z.string()))).toEqual([{ field: "(body)", type: "string", required: true, notes: [] }]);
});
