/** Where a key leads, as boxes and lines of the page. Pure. */
import type { MessageHeaders } from "../topology/routing.js";
import type { Atlas, Region } from "./atlas.js";
import type { PathAnswer } from "./protocol.js";

const nothing = (verdict: string, fault?: string): PathAnswer => ({
  verdict,
  reaches: false,
  nodes: [],
  edges: [],
  queues: [],
  ...(fault === undefined ? {} : { fault }),
});

/** `x=1 name="two words" flag:=true`: as on the command line, `:=` gives a value its type. A text instead of headers says what is wrong. */
export function parseHeaders(text: string): MessageHeaders | string {
  const headers: Record<string, unknown> = {};
  const word = /\s*([^\s=:]+)(:?=)("(?:[^"\\]|\\.)*"|\S*)/y;
  const trimmed = text.trim();
  while (word.lastIndex < trimmed.length) {
    const at = word.lastIndex;
    const [, name, sign, value = ""] = word.exec(trimmed) ?? [];
    if (name === undefined) return `"${trimmed.slice(at).trim()}" is no header: write name=value, or name:=1 for a number or a boolean`;
    try {
      headers[name] = sign === ":=" || value.startsWith('"') ? (JSON.parse(value) as unknown) : value;
    } catch {
      return `the value of "${name}" is no JSON: ${value}`;
    }
  }
  return headers;
}

const REFUSED = {
  "unknown-exchange": "there is no such exchange in the topology",
  "internal-exchange": "the exchange is internal: no client may publish to it",
} as const;

/** Through the exchanges to the queues, and on to who consumes them. */
export function pathOf(atlas: Atlas, vhost: string, exchange: string, key: string, headers: MessageHeaders): PathAnswer {
  const region =
    atlas.ofVhost(vhost).find(({ exchanges, queues }) => (exchange === "" ? queues.has(key) : exchanges.has(exchange))) ??
    atlas.ofVhost(vhost)[0];
  if (!region) return nothing(`There is no vhost "${vhost}" here.`);
  const route = region.router.route(exchange, key, { headers });
  if (route.refused) return nothing(`Refused: ${REFUSED[route.refused]}.`);

  const nodes = new Set<string>();
  const edges = new Set<string>();
  const start = region.exchanges.get(exchange);
  if (start !== undefined) nodes.add(start);
  const add = (way: { readonly nodes: readonly string[]; readonly edges: readonly string[] } | undefined): void => {
    way?.nodes.forEach((id) => nodes.add(id));
    way?.edges.forEach((id) => edges.add(id));
  };
  for (const step of route.paths.flat()) {
    const from = region.exchanges.get(step.exchange);
    const to = step.toType === "exchange" ? region.exchanges.get(step.to) : nodeOf(region, step.to, step.instanceOf);
    if (to === undefined) continue;
    nodes.add(to);
    if (from !== undefined) add(atlas.way(step.via === "alternate" ? "alternate" : "binding", from, to));
  }
  const queues = [
    ...route.queues.map((name) => ({ name, certain: route.certain.includes(name), node: region.queues.get(name) })),
    ...route.instances.map(({ template, queue }) => ({ name: queue, certain: false, node: nodeOf(region, queue, template) })),
  ];
  for (const { node } of queues) {
    for (const { other, way } of node === undefined ? [] : atlas.linesAt(node, "consumes", "from")) {
      nodes.add(other);
      add(way);
    }
  }
  return {
    verdict: verdictOf(queues.length, route.unroutable, route.mayBeUnroutable, route.choices.length > 0),
    reaches: !route.unroutable,
    nodes: [...nodes],
    edges: [...edges],
    queues: queues.map(({ name, certain, node }) => ({ name, certain, ...(node === undefined ? {} : { node }) })),
  };
}

/** Of an instance's queue the template's: `step.instanceOf` names it by its key in the topology. */
function nodeOf(region: Region, queue: string, template: string | undefined): string | undefined {
  if (template === undefined) return region.queues.get(queue);
  const name = region.plan.templates.find((one) => one.template === template)?.name;
  return region.templates.find((one) => one.name === name)?.node;
}

function verdictOf(queues: number, unroutable: boolean, mayBe: boolean, chosen: boolean): string {
  if (unroutable) return "No queue gets it: published with mandatory it comes back, otherwise it is gone.";
  const count = `${queues} ${queues === 1 ? "queue" : "queues"}`;
  if (chosen) return `Goes to one or some of ${count}: an exchange on the way chooses.`;
  return mayBe ? `May reach ${count}: it depends on what is there.` : `Reaches ${count}.`;
}
