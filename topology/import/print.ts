/** An imported installation as a file of TypeScript. */
import type { Installation, Topology } from "../model.js";
import { path } from "../path.js";
import { SETTINGS } from "../settings.js";
import { identifier } from "./identifiers.js";
import { LiteralPrinter, type Layout } from "./literal.js";
import { share } from "./shared.js";

/** As this project is laid out; an editor that formats otherwise changes nothing but lines. */
const WIDTH = 140;

/** The order in which people read, section by section. */
const SECTIONS = [
  "name",
  "description",
  "vhost",
  "brokerVersion",
  "settings",
  "exchanges",
  "queues",
  "templates",
  "messages",
  "services",
  "users",
  "policies",
  "operatorPolicies",
  "federationUpstreams",
  "shovels",
  "parameters",
  "silence",
] as const satisfies readonly (keyof Topology)[];

/** What a queue is and what feeds it, then how long, how much, and where to. */
const OBJECT = [
  ...["type", "partitions", "durable", "autoDelete", "internal", "from", "alternateExchange"],
  ...SETTINGS.map(({ field }) => field).filter((field) => !field.startsWith("deadLetterTo.")),
  ...["delayedRetry", "deadLetterTo", "retry", "settings", "arguments"],
];
const OF_SERVICE = ["user", "publishes", "consumes", "manages", "declares"];

const HEAD = new Set<string>(["name", "description", "vhost", "brokerVersion", "settings"]);

export interface PrintOptions {
  /** Lines of the comment that begins the file. */
  readonly header: readonly string[];
  /** By topology ("" for what they share) and path in it, lines to stand above an entry. */
  readonly comments: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
}

/** A topology with the name of its constant. */
export interface Identified {
  readonly identifier: string;
  readonly topology: Topology;
}

/** In the order of a list, then what it does not name. */
function ordered(fields: object, order: readonly string[]): object {
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => rank(a) - rank(b)));
}

const byName = (items: object): object => Object.fromEntries(Object.entries(items).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Bindings have no order of their own. */
const orderedKeys = (keys: unknown): unknown =>
  Array.isArray(keys) ? [...(keys as unknown[])].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : keys;

function orderedObject(item: object): object {
  const { deadLetterTo: to, from, ...others } = item as { readonly deadLetterTo?: unknown; readonly from?: object };
  const fields = from
    ? { from: Object.fromEntries(Object.entries(byName(from)).map(([name, keys]) => [name, orderedKeys(keys)])), ...others }
    : others;
  const words = typeof to === "object" && to !== null ? ordered(to, ["exchange", "queue", "routingKey", "strategy"]) : to;
  return ordered(words === undefined ? fields : { ...fields, deadLetterTo: words }, OBJECT);
}

const isFilled = (value: unknown): boolean =>
  value !== undefined && !(typeof value === "object" && value !== null && Object.keys(value).length === 0);

const inEach = (items: object, change: (item: object) => object): object =>
  Object.fromEntries(Object.entries(items).map(([name, item]) => [name, change(item as object)]));

/** The literal of a topology: in order, without what is empty. */
function literalOf(topology: Topology): { [section: string]: unknown } {
  const sections = SECTIONS.flatMap((section) => (isFilled(topology[section]) ? [[section, topology[section]] as const] : []));
  return Object.fromEntries(
    sections.map(([section, value]) => [
      section,
      section === "queues" || section === "exchanges"
        ? inEach(byName(value as object), orderedObject)
        : section === "services"
          ? inEach(value as object, (item) => ordered(item, OF_SERVICE))
          : value,
    ]),
  );
}

/** Sections and what they hold stand over several lines; what one object says, where it has to. */
function layoutOf(comments: ReadonlyMap<string, readonly string[]>): Layout {
  return {
    expanded: ([section, ...rest]) => section === undefined || (rest.length === 0 && section !== "vhost"),
    spaced: (steps) => steps.length === 1 && !HEAD.has(String(steps[0])),
    commentAt: (steps) => comments.get(path(...steps)) ?? [],
  };
}

/** The topologies of an installation, each with the name of a constant of its own. */
export function identified(topologies: readonly Topology[]): Identified[] {
  const taken = new Set<string>();
  return topologies.map((topology) => {
    const name = identifier(topology.name, taken);
    taken.add(name);
    return { identifier: name, topology };
  });
}

/** One line that cannot end its comment. */
const inComment = (line: string): string => line.replace(/\*\//g, "*\\/").replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, " ");

export function printed(installation: Installation, { header, comments }: PrintOptions): string {
  const all = identified(installation.topologies);
  const commentsIn = (topology: string): ReadonlyMap<string, readonly string[]> =>
    new Map([...(comments.get(topology) ?? [])].map(([at, lines]) => [at, lines.map(inComment)]));
  const taken = new Set(all.map(({ identifier: name }) => name));
  const free = (wanted: string): string => {
    const name = identifier(wanted, taken);
    taken.add(name);
    return name;
  };
  const constants = all.flatMap(({ identifier: name, topology }) => {
    const { queues, ...sections } = literalOf(topology);
    const shared = queues === undefined ? undefined : share(queues as NonNullable<Topology["queues"]>, free);
    const literal = Object.fromEntries(
      SECTIONS.flatMap((section) => {
        const value = section === "queues" ? shared?.queues : sections[section];
        return value === undefined ? [] : [[section, value]];
      }),
    );
    const printer = new LiteralPrinter(WIDTH, layoutOf(commentsIn(topology.name)));
    const plain = new LiteralPrinter(WIDTH, { expanded: () => false, spaced: () => false, commentAt: () => [] });
    return [
      ...(shared?.constants ?? []).map(({ identifier: one, value }) => {
        const head = `const ${one} = `;
        return `${head}${plain.print(value, [], 0, head.length, " as const;".length)} as const;\n`;
      }),
      `export const ${name} = topology(${printer.print(literal, [], 0, 0, 2)});\n`,
    ];
  });
  const { users, globalParameters } = installation;
  const shared = { ...(isFilled(users) ? { users } : {}), ...(isFilled(globalParameters) ? { globalParameters } : {}) };
  const isWhole = all.length !== 1 || isFilled(shared);
  if (isWhole) {
    const name = free("messaging");
    const lines = all.length === 0 ? "[]" : list(all.map(({ identifier: one }) => one));
    const printer = new LiteralPrinter(WIDTH, layoutOf(commentsIn("")));
    const rest = printer.print(shared, [], 0, 0, 0);
    const inner = rest === "{}" ? "" : rest.slice(2, -2);
    constants.push(`export const ${name} = installation({\n  topologies: ${lines},\n${inner === "" ? "" : `${inner}\n`}});\n`);
  }
  const words = [...(isWhole ? ["installation"] : []), ...(all.length > 0 ? ["topology"] : [])];
  const comment =
    header.length === 1
      ? `/** ${inComment(header[0] ?? "")} */`
      : ["/**", ...header.map((line) => ` * ${inComment(line)}`.trimEnd()), " */"].join("\n");
  return [`${comment}\nimport { ${words.join(", ")} } from "warren";\n`, ...constants].join("\n");
}

/** Names in brackets, on one line if they fit. */
function list(names: readonly string[]): string {
  const flat = `[${names.join(", ")}]`;
  return "  topologies: ,".length + flat.length <= WIDTH ? flat : `[\n${names.map((name) => `    ${name},`).join("\n")}\n  ]`;
}
