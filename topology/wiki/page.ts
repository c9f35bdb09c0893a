/** A description as a Markdown page for a team's wiki. */
import { code, codes, fenced, plainTable, prose } from "../markdown.js";
import { exchangeTitle } from "../names.js";
import type { DescribedMessage, DescribedQueue, DescribedSource, DescribedTopology, Description } from "./describe.js";
import type { Field } from "./fields.js";

export interface PageOptions {
  /** Mermaid in the page; or an image: its address, in which `{topology}` is the topology's name; or none. @default mermaid */
  readonly diagram?: "mermaid" | "none" | { readonly image: string };
}

type Block = readonly string[];

/** Blocks with a line between them; empty ones are left out, and a heading with nothing below it. */
const section = (title: string, ...blocks: readonly Block[]): Block => {
  const said = blocks.filter((block) => block.length > 0);
  return said.length === 0 ? [] : [title, ...said.flatMap((block) => ["", ...block])];
};

const exchangeName = (name: string): string => (name === "" ? exchangeTitle(name) : code(name));

function fedBy(sources: readonly DescribedSource[]): string {
  return sources
    .map(({ exchange, keys }) => {
      const said = keys.filter((key) => key !== "");
      return said.length === 0 ? exchangeName(exchange) : `${exchangeName(exchange)}: ${codes(said)}`;
    })
    .join("; ");
}

function diagram({ name, diagram: drawn }: DescribedTopology, { diagram: wanted = "mermaid" }: PageOptions): Block {
  if (wanted === "none") return [];
  if (wanted === "mermaid") return fenced("mermaid", drawn);
  const address = wanted.image
    .replaceAll("{topology}", encodeURIComponent(name))
    .replace(/[\s<>()]/g, (character) => encodeURIComponent(character));
  return [`![The flow of ${prose(name)}](${address})`];
}

function ladder({ retries, rungs }: DescribedQueue): string {
  if (retries === undefined) return "";
  const [first] = rungs;
  const last = rungs.at(-1);
  return `${prose(retries)} (${first === last ? code(first ?? "") : `${code(first ?? "")} to ${code(last ?? "")}`})`;
}

function queueTable(title: string, queues: readonly DescribedQueue[]): Block {
  return plainTable(
    [title, "type", "fed by", "messages", "consumers", "expires after", "holds", "tried again", "dead letters to", "more"],
    queues.map((queue) => [
      code(queue.name),
      queue.type,
      fedBy(queue.from),
      [
        ...(queue.published.length > 0 ? [codes(queue.published)] : []),
        ...(queue.deadLetters.length > 0 ? [`as dead letters: ${codes(queue.deadLetters)}`] : []),
      ].join("; "),
      [
        ...(queue.consumers.length > 0 ? [codes(queue.consumers)] : []),
        ...(queue.managers.length > 0 ? [`managed by ${codes(queue.managers)}`] : []),
      ].join("; "),
      queue.expiry ?? "",
      queue.limit ?? "",
      ladder(queue),
      prose(queue.deadLettersTo ?? ""),
      queue.more.map(prose).join("; "),
    ]),
  );
}

const fieldTable = (fields: readonly Field[]): Block =>
  plainTable(
    ["field", "type", "", "notes"],
    fields.map(({ field, type, required, notes }) => [code(field), code(type), required ? "required" : "", notes.map(prose).join("; ")]),
  );

function message(level: string, described: DescribedMessage): Block {
  const { name, description, exchange, key, headers, persistent, expiration, priority, publishers, queues, fields, reply } = described;
  const properties = [
    ...(persistent ? [] : ["not persistent"]),
    ...(expiration === undefined ? [] : [`expires after ${expiration}`]),
    ...(priority === undefined ? [] : [`priority ${priority}`]),
    ...Object.entries(headers).map(([header, value]) => `header ${code(`${header}=${String(value)}`)}`),
  ];
  return section(
    `${level} ${code(name)}`,
    description === undefined ? [] : [prose(description)],
    [
      `- to ${exchangeName(exchange)}${key === "" ? "" : ` with key ${code(key)}`}${properties.length === 0 ? "" : `, ${properties.join(", ")}`}`,
      `- published by ${publishers.length === 0 ? "no service of this topology" : codes(publishers)}`,
      `- reaches ${queues.length === 0 ? "no queue" : codes(queues)}`,
    ],
    fields ? fieldTable(fields) : ["No schema."],
    ...(reply ? [["The reply:"], fieldTable(reply)] : []),
  );
}

function policies({ policies: all }: DescribedTopology): Block {
  return plainTable(
    ["policy", "", "pattern", "applies to", "priority", "definition"],
    all.map(({ name, operator, pattern, applyTo, priority, definition }) => [
      code(name),
      operator ? "operator policy" : "",
      code(pattern),
      applyTo.replace(/_/g, " "),
      String(priority),
      Object.entries(definition)
        .map(([key, value]) => code(`${key}: ${JSON.stringify(value)}`))
        .join(", "),
    ]),
  );
}

function access({ users }: DescribedTopology, level: string): Block {
  const expression = (text: string | undefined): string => (text === undefined || text === "" ? "nothing" : code(text));
  const why = users.flatMap(({ name, why: reasons }) =>
    reasons.length === 0 ? [] : [`- ${code(name)}`, ...reasons.map((reason) => `  - ${prose(reason)}`)],
  );
  return section(
    `${level} Users and permissions`,
    plainTable(
      ["user", "service", "tags", "configure", "write", "read"],
      users.map(({ name, service, tags, permissions }) => [
        code(name),
        service === null ? "" : code(service),
        codes(tags),
        ...(permissions ? [permissions.configure, permissions.write, permissions.read].map(expression) : ["no access", "", ""]),
      ]),
    ),
    plainTable(
      ["user", "topic exchange", "publishes with keys", "binds with keys"],
      users.flatMap(({ name, topicPermissions }) =>
        topicPermissions.map(({ exchange, write, read }) => [code(name), code(exchange), expression(write), expression(read)]),
      ),
    ),
    why.length === 0 ? [] : ["Because a service", "", ...why],
  );
}

function topologyPage(topology: DescribedTopology, depth: number, options: PageOptions): Block {
  const [level, below] = ["#".repeat(depth), "#".repeat(depth + 1)];
  const { name, description, vhost, brokerVersion, services, links, parameters } = topology;
  const [queues, templates] = [
    topology.queues.filter((each) => each.template === undefined),
    topology.queues.filter((each) => each.template !== undefined),
  ];
  return [
    ...section(
      `${level} ${prose(name)}`,
      description === undefined ? [] : [prose(description)],
      [`Vhost ${code(vhost)}, for RabbitMQ ${brokerVersion} or newer.`],
      diagram(topology, options),
    ),
    ...[
      section(
        `${below} Services`,
        plainTable(
          ["service", "publishes", "consumes", "instances' own queues", "manages", "declares", "replicas", "about"],
          services.map((service) => [
            code(service.name),
            codes(service.publishes),
            codes(service.consumes),
            codes(service.instances),
            codes(service.manages),
            codes(service.declares),
            service.replicas ? `${service.replicas.min} to ${service.replicas.max}` : "",
            prose(service.description ?? ""),
          ]),
        ),
      ),
      section(
        `${below} Exchanges`,
        plainTable(
          ["exchange", "type", "fed by", "what no binding matches", "more"],
          topology.exchanges.map(({ name: exchange, type, from, alternate, more }) => [
            code(exchange),
            type,
            fedBy(from),
            alternate === undefined ? "" : `goes to ${exchangeName(alternate)}`,
            more.map(prose).join("; "),
          ]),
        ),
      ),
      section(`${below} Queues`, queueTable("queue", queues)),
      section(`${below} Queues that each instance has`, queueTable("name", templates)),
      section(`${below} Messages`, ...topology.messages.map((each) => message(`${below}#`, each))),
      access(topology, below),
      section(`${below} Policies`, policies(topology)),
      section(
        `${below} Shovels and federation`,
        links.map(
          ({ kind, from, to, key }) => `- ${kind}: ${prose(from)} to ${prose(to)}${key === undefined ? "" : ` with key ${code(key)}`}`,
        ),
      ),
      section(
        `${below} Runtime parameters`,
        parameters.map(({ component, name: parameter }) => `- ${code(component)}: ${code(parameter)}`),
      ),
    ].flatMap((block) => (block.length === 0 ? [] : ["", ...block])),
  ];
}

/** Nothing in it depends on the day or the machine; an object that changes changes its own lines. Ends with a line break. */
export function page({ topologies, users, globalParameters }: Description, options: PageOptions = {}): string {
  const several = topologies.length > 1;
  const lines = [
    "<!-- Written by `warren docs`: change the topology, not this page. -->",
    ...(several ? ["", `# ${topologies.map(({ name }) => prose(name)).join(", ")}`] : []),
    ...topologies.flatMap((topology) => ["", ...topologyPage(topology, several ? 2 : 1, options)]),
    ...[
      section(
        "## Users of several vhosts",
        plainTable(
          ["user", "tags", "vhosts"],
          users.map(({ name, tags, vhosts }) => [code(name), codes(tags), codes(vhosts)]),
        ),
      ),
      section(
        "## Global parameters",
        globalParameters.map((name) => `- ${code(name)}`),
      ),
    ].flatMap((block) => (block.length === 0 ? [] : ["", ...block])),
  ];
  return `${lines.join("\n")}\n`;
}
