/** JSON Schemas of messages: what goes over the wire, and how they move into another document. */
import { expect, test } from "vitest";
import { z } from "zod";
import { embedded, jsonSchema } from "./message-schema.js";

test("what is published: before defaults and conversions", () => {
  const schema = z.object({ at: z.string().transform((text) => text.length), retries: z.int().default(3) });
  expect(jsonSchema(schema)).toMatchObject({ type: "object", properties: { at: { type: "string" } }, required: ["at"] });
  expect(jsonSchema(schema)).not.toHaveProperty("$schema");
  expect(jsonSchema(z.object({ at: z.date() }))).toMatchObject({ properties: { at: {} } });
});

test("references move, data and properties of the same name do not", () => {
  const schema = {
    definitions: { a: { $ref: "#/definitions/a" } },
    properties: { $ref: { $ref: "#" }, const: { properties: { x: { $ref: "#/definitions/a" } } } },
    const: { $ref: "#/definitions/a" },
    anyOf: [{ $ref: "https://example.org/x" }],
  };
  expect(embedded(schema, "#/components/schemas/m")).toEqual({
    definitions: { a: { $ref: "#/components/schemas/m/definitions/a" } },
    properties: {
      $ref: { $ref: "#/components/schemas/m" },
      const: { properties: { x: { $ref: "#/components/schemas/m/definitions/a" } } },
    },
    const: { $ref: "#/definitions/a" },
    anyOf: [{ $ref: "https://example.org/x" }],
  });
});
