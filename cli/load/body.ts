/** A body for a message: given as JSON, from a file or the input, or made up to fit the schema. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { WarrenError } from "../../topology/errors.js";
import { visible, type Console } from "../output.js";

/** What `--body` says: JSON, `@file`, or `-` for the input. Throws a WarrenError (exit code 2). */
export function givenBody(text: string, { cwd }: Pick<Console, "cwd">): unknown {
  const from = text === "-" ? "the input" : text.startsWith("@") ? text.slice(1) : "--body";
  let json = text;
  try {
    if (text === "-") json = readFileSync(0, "utf8");
    else if (text.startsWith("@")) json = readFileSync(resolve(cwd, text.slice(1)), "utf8");
  } catch (error) {
    throw new WarrenError(`"${visible(from)}" cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown fault"}).`, {
      remedy: "name a file that is there: --body @body.json",
      exitCode: 2,
    });
  }
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw new WarrenError(`${visible(from)} is no JSON: ${visible((error as Error).message)}`, {
      remedy: `write it in quotes: --body '{"id": 1}'; or name a file: --body @body.json`,
      exitCode: 2,
    });
  }
}

interface Shape {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly allOf?: readonly Shape[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
}

const FORMATS: Readonly<Record<string, () => string>> = {
  uuid: randomUUID,
  "date-time": () => new Date().toISOString(),
  date: () => new Date().toISOString().slice(0, 10),
  email: () => "someone@example.com",
  uri: () => "https://example.com/",
};

function example(shape: Shape): unknown {
  if ("const" in shape) return shape.const;
  if (shape.enum) return shape.enum[0];
  const [choice] = shape.anyOf ?? shape.oneOf ?? [];
  if (choice) return example(choice);
  if (shape.allOf) return Object.assign({}, ...shape.allOf.map((each) => example(each) as object)) as unknown;
  switch (shape.type) {
    case "object": {
      const required = shape.required ?? [];
      return Object.fromEntries(
        Object.entries(shape.properties ?? {}).flatMap(([name, each]) => (required.includes(name) ? [[name, example(each)]] : [])),
      );
    }
    case "array":
      return Array.from({ length: shape.minItems ?? 0 }, () => example(shape.items ?? {}));
    case "string":
      return FORMATS[shape.format ?? ""]?.() ?? "x".repeat(Math.max(1, shape.minLength ?? 1));
    case "integer":
    case "number":
      return exampleNumber(shape);
    case "boolean":
      return true;
    case "null":
      return null;
    default:
      return {};
  }
}

/** 1 where that is allowed. */
function exampleNumber({ minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity }: Shape): number {
  return Math.min(maximum, Math.max(1, minimum, exclusiveMinimum + 1));
}

/** A body that fits the schema. Throws a WarrenError (exit code 2) where none can be made up. */
export function sampleBody(message: string, schema: z.ZodType | undefined): unknown {
  if (!schema) return {};
  const body = example(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Shape);
  if (schema.safeParse(body).success) return body;
  throw new WarrenError(`No body that fits the schema of "${visible(message)}" can be made up.`, {
    remedy: "give one: --body '{...}', or --body @body.json",
    exitCode: 2,
  });
}

/** The same body with so many bytes as JSON: a text in it is lengthened that the schema lets be longer. Throws a WarrenError (exit code 2). */
export function padded(body: unknown, bytes: number, schema: z.ZodType | undefined): unknown {
  const wrong = (why: string): WarrenError =>
    new WarrenError(`A body of ${bytes} bytes cannot be made: ${why}.`, {
      remedy: "leave --size out, or give the whole body: --body @body.json",
      exitCode: 2,
    });
  const missing = bytes - Buffer.byteLength(JSON.stringify(body));
  if (missing < 0) throw wrong(`it has ${bytes - missing} without padding`);
  if (missing === 0) return body;
  if (typeof body !== "object" || body === null) throw wrong("it is no object");
  const fits = (candidate: unknown): boolean => !schema || schema.safeParse(candidate).success;
  for (const [name, value] of Object.entries<unknown>({ ...body })) {
    if (typeof value !== "string") continue;
    const longer = { ...body, [name]: value + "x".repeat(missing) };
    if (fits(longer)) return longer;
  }
  const overhead = Buffer.byteLength(JSON.stringify({ ...body, padding: "" })) - Buffer.byteLength(JSON.stringify(body));
  const more = { ...body, padding: "x".repeat(Math.max(0, missing - overhead)) };
  if (missing >= overhead && fits(more)) return more;
  throw wrong("the schema has no text that may be longer");
}
