/** Every key of `warren:kubernetes` as a page of documentation, told by the schema that reads them. Pure. */
import { stringify } from "yaml";
import { z } from "zod";
import { prodSettings } from "./settings.js";

/** Of the schema as JSON Schema, with what it says for people. */
interface Shape {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Shape | false;
  /** `title`: what stands for a key that is anybody's. */
  readonly propertyNames?: { readonly title?: string };
  readonly items?: Shape;
  readonly description?: string;
  /** Which values, where the rest does not tell. */
  readonly allowed?: string;
  /** What holds where it is not set. */
  readonly without?: string;
}

export interface SettingRow {
  readonly key: string;
  readonly allowed: string;
  /** What holds where it is not set. */
  readonly initial: string;
  readonly meaning: string;
}

const code = (value: unknown): string => `\`${stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim()}\``;
const isEmpty = (value: unknown): boolean =>
  value === "" || (typeof value === "object" && value !== null && Object.keys(value).length === 0);

function rangeOf({ minimum, maximum = Number.MAX_SAFE_INTEGER }: Shape): string {
  if (minimum === undefined) return "a number";
  return maximum === Number.MAX_SAFE_INTEGER ? `${minimum} or more` : `${minimum} to ${maximum}`;
}

function allowedOf(shape: Shape): string {
  if (shape.allowed !== undefined) return shape.allowed;
  if (shape.enum) return shape.enum.map(code).join(", ");
  switch (shape.type) {
    case "boolean":
      return "`true`, `false`";
    case "integer":
    case "number":
      return rangeOf(shape);
    case "array":
      return `list of: ${allowedOf(shape.items ?? {})}`;
    default:
      return "text";
  }
}

function initialOf({ without, default: initial }: Shape, required: boolean): string {
  if (without !== undefined) return without;
  if (initial === undefined) return required ? "has to be said" : "none";
  return isEmpty(initial) ? "none" : code(initial);
}

function rowsOf(key: string, shape: Shape, required: boolean): SettingRow[] {
  const { properties, additionalProperties, propertyNames, description: meaning = "", without } = shape;
  const inner = (name: string, each: Shape, needed: boolean): SettingRow[] => rowsOf(`${key}.${name}`, each, needed);
  if (shape.allowed === undefined && additionalProperties && propertyNames?.title !== undefined)
    return inner(propertyNames.title, additionalProperties, false);
  if (shape.allowed !== undefined || !properties) return [{ key, allowed: allowedOf(shape), initial: initialOf(shape, required), meaning }];
  // Of a group there is something to say where it may be missing as a whole, or is one of several that have the same keys.
  const own = meaning === "" || !key.includes(".") ? [] : [{ key, allowed: "the keys below", initial: without ?? "", meaning }];
  return [...own, ...Object.entries(properties).flatMap(([name, each]) => inner(name, each, shape.required?.includes(name) ?? false))];
}

/** By the first word of their keys, each with what it says of itself. */
export function settingRows(): ReadonlyMap<string, { readonly meaning: string; readonly rows: readonly SettingRow[] }> {
  const { properties = {} } = z.toJSONSchema(prodSettings, { io: "input", unrepresentable: "any" }) as Shape;
  return new Map(
    Object.entries(properties).map(([name, shape]) => [name, { meaning: shape.description ?? "", rows: rowsOf(name, shape, false) }]),
  );
}

const INTRODUCTION = `# Settings of the prod stack

Every key of \`warren:kubernetes\`, for the stack on [Kubernetes](kubernetes.md). A key that is not here is refused, with its place, before anything is made.

\`\`\`sh
WARREN_STACK=prod npm run pulumi -- config set --path 'warren:kubernetes.cluster.nodes' 5
\`\`\`

<!-- Generated from the schema of the settings: npx tsx docs/kubernetes.gen.ts -->
`;

const cell = (text: string): string => text.replaceAll("|", "\\|");
const HEAD = ["| key | allowed | without it | what it is |", "| --- | --- | --- | --- |"];

/** The page, as it stands in `docs/kubernetes-settings.md`, before it is formatted. */
export function settingsPage(): string {
  const parts = [...settingRows()].map(([name, { meaning, rows }]) => {
    const isGroup = rows.length > 1;
    const lines = rows.map((row) => `| \`${row.key}\` | ${[row.allowed, row.initial, row.meaning].map(cell).join(" | ")} |`);
    return [`## ${name}\n`, ...(isGroup ? [`${meaning}\n`] : []), ...HEAD, ...lines, ""].join("\n");
  });
  return [INTRODUCTION, ...parts].join("\n");
}
