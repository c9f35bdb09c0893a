/** Plain data as a literal of TypeScript, laid out as prettier would: what fits stands on one line. */

/** The name of a constant in a literal's place. */
export class Reference {
  constructor(readonly identifier: string) {}
}

/** The key under which a reference is spread. */
export const SPREAD = "...";

/** Names and indexes that lead to a value. */
export type Steps = readonly (string | number)[];

export interface Layout {
  /** Whether this object stands over several lines, even if it would fit on one. */
  readonly expanded: (steps: Steps) => boolean;
  /** Whether an empty line comes before this entry. */
  readonly spaced: (steps: Steps) => boolean;
  /** Lines above this entry, without their slashes. */
  readonly commentAt: (steps: Steps) => readonly string[];
}

/** In the quotes that need fewer escapes, double ones if both do. */
export function quoted(text: string): string {
  const json = JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g, escaped);
  const [double, single] = [text.split('"').length, text.split("'").length];
  if (double <= single) return json;
  return `'${json.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** An identifier of ES5, whose letters are any of the first plane. */
const IDENTIFIER = /^(?=[\0-\uffff]*$)[\p{L}\p{Nl}$_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}$]*$/u;

/** `__proto__: value` would set the prototype, and no property. */
const key = (name: string): string => (name === "__proto__" ? `["__proto__"]` : IDENTIFIER.test(name) ? name : quoted(name));

/** `1_000_000`, as people write it. */
function number(value: number): string {
  const digits = String(value);
  return /^-?\d{5,}$/.test(digits) ? digits.replace(/\B(?=(\d{3})+$)/g, "_") : digits;
}

type Fields = readonly (readonly [string, unknown])[];

const fieldsOf = (value: object): Fields => Object.entries(value).filter(([, field]) => field !== undefined);
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Reference);
/** `name: value`, or `...name`. */
const head = (name: string, value: unknown): string => (name === SPREAD && value instanceof Reference ? SPREAD : `${key(name)}: `);
const isLarge = (value: unknown): boolean => (isList(value) ? value.length > 1 : isObject(value) && fieldsOf(value).length > 1);

/** Prettier never puts several objects, or several lists, of more than one part each on one line. */
const isBroken = (list: readonly unknown[]): boolean =>
  list.length > 1 && (list.every(isObject) || list.every(isList)) && list.every(isLarge);

export class LiteralPrinter {
  constructor(
    private readonly width: number,
    private readonly layout: Layout,
  ) {}

  /** `column`: how many characters stand before it on its line; `after`: how many follow on its last. */
  print(value: unknown, steps: Steps, indent: number, column: number, after: number): string {
    const flat = this.#flat(value, steps);
    if (flat !== undefined && column + flat.length + after <= this.width) return flat;
    if (isList(value) && value.length > 0) return this.#list(value, steps, indent);
    if (isObject(value)) return this.#object(fieldsOf(value), steps, indent);
    return flat ?? "undefined";
  }

  /** On one line; `undefined` if it cannot be. */
  #flat(value: unknown, steps: Steps): string | undefined {
    if (typeof value === "string") return quoted(value);
    if (typeof value === "number") return number(value);
    if (value instanceof Reference) return value.identifier;
    if (isList(value)) {
      if (isBroken(value)) return undefined;
      const items = value.map((item, index) => this.#flat(item, [...steps, index]));
      return items.includes(undefined) ? undefined : `[${items.join(", ")}]`;
    }
    if (!isObject(value)) return String(value);
    const fields = fieldsOf(value);
    if (fields.length === 0) return "{}";
    if (this.layout.expanded(steps)) return undefined;
    const parts = fields.map(([name, field]) => {
      const at = [...steps, name];
      if (this.layout.commentAt(at).length > 0) return undefined;
      const text = this.#flat(field, at);
      return text === undefined ? undefined : `${head(name, field)}${text}`;
    });
    return parts.includes(undefined) ? undefined : `{ ${parts.join(", ")} }`;
  }

  #list(value: readonly unknown[], steps: Steps, indent: number): string {
    const inner = " ".repeat(indent + 2);
    if (value.every((item) => typeof item === "number")) return this.#numbers(value, indent);
    const items = value.map((item, index) => `${inner}${this.print(item, [...steps, index], indent + 2, indent + 2, 1)},`);
    return `[\n${items.join("\n")}\n${" ".repeat(indent)}]`;
  }

  /** Numbers fill their lines. */
  #numbers(value: readonly number[], indent: number): string {
    const lines: string[] = [];
    for (const text of value.map((one) => `${number(one)},`)) {
      const last = lines.at(-1);
      if (last !== undefined && indent + 2 + last.length + 1 + text.length <= this.width) lines[lines.length - 1] = `${last} ${text}`;
      else lines.push(text);
    }
    return `[\n${lines.map((line) => " ".repeat(indent + 2) + line).join("\n")}\n${" ".repeat(indent)}]`;
  }

  #object(fields: Fields, steps: Steps, indent: number): string {
    const inner = " ".repeat(indent + 2);
    const lines = fields.flatMap(([name, field], index) => {
      const at = [...steps, name];
      const before = `${inner}${head(name, field)}`;
      const text = this.print(field, at, indent + 2, before.length, 1);
      const long = typeof field === "string" && before.length + text.length + 1 > this.width && key(name).length > 2;
      return [
        ...(index > 0 && this.layout.spaced(at) ? [""] : []),
        ...this.layout.commentAt(at).map((comment) => `${inner}// ${comment}`),
        long ? `${before.trimEnd()}\n${inner}  ${text},` : `${before}${text},`,
      ];
    });
    return `{\n${lines.join("\n")}\n${" ".repeat(indent)}}`;
  }
}
