/** The JSON Schema of what a message's body may be on the wire: what its publisher hands over, before a consumer's schema fills in or converts. */
import { z } from "zod";

export type JsonSchema = { readonly [key: string]: unknown };

/** Draft 7, without `$schema`. What JSON Schema has no words for (a date object, a refinement) is left open. */
export function jsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: "draft-7", io: "input", unrepresentable: "any" });
  return rest;
}

/** The same schema as a part of a document: its references to itself begin at `at` (a JSON pointer: `#/components/schemas/order`). */
export function embedded(schema: JsonSchema, at: string): JsonSchema {
  const moved = (value: unknown, isSchema: boolean): unknown => {
    if (Array.isArray(value)) return value.map((each) => moved(each, isSchema));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        if (isSchema && key === "$ref" && typeof inner === "string") return [key, inner.startsWith("#") ? `${at}${inner.slice(1)}` : inner];
        // Data, in which a `$ref` is none.
        if (isSchema && DATA.has(key)) return [key, inner];
        // By name: `$ref` may be the name of a property.
        return [key, moved(inner, !(isSchema && NAMED.has(key)))];
      }),
    );
  };
  return moved(schema, true) as JsonSchema;
}

const DATA: ReadonlySet<string> = new Set(["const", "enum", "default", "examples"]);
const NAMED: ReadonlySet<string> = new Set(["properties", "patternProperties", "definitions", "$defs"]);
