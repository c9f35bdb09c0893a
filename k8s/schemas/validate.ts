/** Whether an object has the shape that its API serves, as strictly as `kubectl apply --validate=strict`: an unknown field is a fault. Pure. */
import { keyOf, titleOf, type KubernetesObject } from "../objects.js";

export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly $ref?: string;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
}

export interface Schemas {
  /** By `apps/v1/Deployment`. */
  readonly schemas: Readonly<Record<string, Schema>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

const typeOf = (value: unknown): string => {
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return value === null ? "null" : typeof value;
};
const fits = (type: string, value: unknown): boolean => typeOf(value) === type || (type === "number" && typeOf(value) === "integer");
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeOf(value) === "object";

function* objectFaults(schema: Schema, value: Readonly<Record<string, unknown>>, at: string, all: Schemas): Generator<string> {
  const { properties = {}, required = [], additionalProperties } = schema;
  for (const name of required) if (value[name] === undefined) yield `${at}: ${name} is missing`;
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true || additionalProperties === true;
  // An object of which nothing is said takes anything.
  const shapeless = schema.properties === undefined && additionalProperties === undefined;
  for (const [name, each] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name)
      ? properties[name]
      : typeof additionalProperties === "object"
        ? additionalProperties
        : undefined;
    if (known) yield* faults(known, each, `${at}.${name}`, all);
    else if (!open && !shapeless) yield `${at}: ${name} is unknown`;
  }
}

function* faults(written: Schema, value: unknown, at: string, all: Schemas): Generator<string> {
  const schema: Schema = written.$ref === undefined ? written : { ...all.definitions[written.$ref], ...written };
  if (schema["x-kubernetes-int-or-string"]) {
    if (!["integer", "string"].includes(typeOf(value))) yield `${at}: ${typeOf(value)} is neither a whole number nor a text`;
  } else if (schema.type !== undefined && !fits(schema.type, value)) {
    yield `${at}: ${typeOf(value)} is no ${schema.type}`;
    return;
  }
  if (schema.enum && !schema.enum.includes(value)) yield `${at}: ${JSON.stringify(value)} is none of ${schema.enum.join(", ")}`;
  if (typeof value === "string") {
    if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value))
      yield `${at}: ${JSON.stringify(value)} does not match ${schema.pattern}`;
    if (value.length < (schema.minLength ?? 0) || value.length > (schema.maxLength ?? Infinity))
      yield `${at}: has ${value.length} characters`;
  }
  if (typeof value === "number" && (value < (schema.minimum ?? -Infinity) || value > (schema.maximum ?? Infinity)))
    yield `${at}: ${value} is out of range`;
  if (Array.isArray(value)) {
    if (value.length < (schema.minItems ?? 0) || value.length > (schema.maxItems ?? Infinity)) yield `${at}: has ${value.length} entries`;
    for (const [index, each] of value.entries()) if (schema.items) yield* faults(schema.items, each, `${at}[${index}]`, all);
  }
  if (isObject(value)) yield* objectFaults(schema, value, at, all);
}

/** What is wrong, each with its place; a kind that is not known is a fault. */
export function shapeFaults(object: KubernetesObject, all: Schemas): string[] {
  const kind = `${object.apiVersion}/${object.kind}`;
  const schema = all.schemas[kind];
  const title = `${titleOf(object)} (${keyOf(object)})`;
  if (!schema) return [`${title}: no schema of ${kind}`];
  // As it goes over the wire: what is undefined is not there. The metadata of custom resources is any object to their schemas.
  return [...faults(schema, JSON.parse(JSON.stringify(object)) as unknown, title, all)];
}
