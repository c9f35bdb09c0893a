/** The fields of a message's schema, one line each, for people. */
import type { JsonSchema } from "../message-schema.js";

export interface Field {
  /** `user.id`, `items[].price`; `(body)` for what is no object. */
  readonly field: string;
  readonly type: string;
  readonly required: boolean;
  /** `0 to 1`, `at most 20 characters`, what the schema says about it. */
  readonly notes: readonly string[];
}

const schemas = (value: unknown): readonly JsonSchema[] =>
  (Array.isArray(value) ? (value as unknown[]) : []).filter((each): each is JsonSchema => typeof each === "object" && each !== null);
const schemaOf = (value: unknown): JsonSchema | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonSchema) : undefined;

/** `#/definitions/a` of the whole. */
function resolved(schema: JsonSchema, whole: JsonSchema): JsonSchema {
  const at = schema["$ref"];
  if (typeof at !== "string") return schema;
  const steps = at
    .replace(/^#\/?/, "")
    .split("/")
    .filter(Boolean)
    .map((step) => step.replace(/~1/g, "/").replace(/~0/g, "~"));
  return steps.reduce<JsonSchema>((found, step) => schemaOf(Object.hasOwn(found, step) ? found[step] : undefined) ?? {}, whole);
}

function typeOf(given: JsonSchema, whole: JsonSchema, depth = 0): string {
  const schema = resolved(given, whole);
  if ("const" in schema) return JSON.stringify(schema["const"]);
  if (Array.isArray(schema["enum"])) return schema["enum"].map((value) => JSON.stringify(value)).join(" or ");
  const choices = [...schemas(schema["anyOf"]), ...schemas(schema["oneOf"])];
  if (depth > 3) return "...";
  if (choices.length > 0) return [...new Set(choices.map((choice) => typeOf(choice, whole, depth + 1)))].join(" or ");
  const { type, format } = schema as { readonly type?: unknown; readonly format?: unknown };
  if (type === "array") {
    const items = schemaOf(schema["items"]);
    return items && Object.keys(items).length > 0 ? `array of ${typeOf(items, whole, depth + 1)}` : "array";
  }
  const name = Array.isArray(type) ? type.join(" or ") : typeof type === "string" ? type : "anything";
  return typeof format === "string" ? `${name} (${format})` : name;
}

function notesOf(schema: JsonSchema): string[] {
  const range = (low: unknown, high: unknown, unit: string): string[] => {
    const [from, to] = [low, high].map((value) =>
      typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined,
    );
    if (from === undefined && to === undefined) return [];
    const text =
      from === undefined ? `at most ${to}` : to === undefined ? `at least ${from}` : from === to ? `${from}` : `${from} to ${to}`;
    return [unit === "" ? text : `${text} ${unit}`];
  };
  return [
    ...(typeof schema["description"] === "string" ? [schema["description"]] : []),
    ...range(schema["minimum"], schema["maximum"], ""),
    ...(typeof schema["exclusiveMinimum"] === "number" ? [`more than ${schema["exclusiveMinimum"]}`] : []),
    ...(typeof schema["exclusiveMaximum"] === "number" ? [`less than ${schema["exclusiveMaximum"]}`] : []),
    ...range(schema["minLength"], schema["maxLength"], "characters"),
    ...range(schema["minItems"], schema["maxItems"], "items"),
    ...("default" in schema ? [`${JSON.stringify(schema["default"])} if left out`] : []),
  ];
}

/** How deep objects in objects are told; further ones are `object`. */
const DEPTH = 4;

function below(path: string, given: JsonSchema, whole: JsonSchema, depth: number): Field[] {
  const schema = resolved(given, whole);
  const properties = schemaOf(schema["properties"]);
  const inner = [...schemas(schema["allOf"]), ...schemas(schema["anyOf"]), ...schemas(schema["oneOf"])];
  const required: readonly unknown[] = Array.isArray(schema["required"]) ? schema["required"] : [];
  const fields = Object.entries(properties ?? {}).flatMap(([name, value]): Field[] => {
    const field = resolved(schemaOf(value) ?? {}, whole);
    const at = path === "" ? name : `${path}.${name}`;
    const own: Field = { field: at, type: typeOf(field, whole), required: required.includes(name), notes: notesOf(field) };
    return depth >= DEPTH ? [own] : [own, ...below(at, field, whole, depth + 1)];
  });
  const items = schemaOf(schema["items"]);
  const known = new Set<string>();
  return [
    ...fields,
    ...(items && depth < DEPTH ? below(`${path}[]`, items, whole, depth + 1) : []),
    ...(depth < DEPTH ? inner.flatMap((choice) => below(path, choice, whole, depth + 1)) : []),
  ].filter(({ field }) => !known.has(field) && known.add(field));
}

/** In the order of the schema; objects in objects follow their own line. */
export function fieldsOf(schema: JsonSchema): Field[] {
  const fields = below("", schema, schema, 0);
  if (fields.length > 0) return fields;
  return [{ field: "(body)", type: typeOf(schema, schema), required: true, notes: notesOf(schema) }];
}
