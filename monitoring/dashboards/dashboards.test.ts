/** The dashboards of the five systems: each queue has its row in the flow's order, each query parses, nothing lacks its name. */
import { parser } from "@prometheus-io/lezer-promql";
import type { Dashboard, Panel, RowPanel } from "@grafana/grafana-foundation-sdk/dashboard";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compile } from "../../topology/compile/compile.js";
import type { Topology } from "../../topology/model.js";
import { systems } from "../../topology/systems/index.js";
import { SERIES } from "../series.js";
import { dashboardsOf, flowOrder, queriesOf, type Dashboards } from "./index.js";
import { shortUid } from "./dashboard.js";
import { quoted } from "./promql.js";

const each = Object.entries(systems);
const all: Dashboards = dashboardsOf({ topologies: Object.values(systems) });

const rowsOf = ({ panels = [] }: Dashboard): RowPanel[] => panels.filter((panel): panel is RowPanel => panel.type === "row");
const panelsOf = ({ panels = [] }: Dashboard): Panel[] =>
  panels.flatMap((panel) => (panel.type === "row" ? (panel as RowPanel).panels : [panel as Panel]));

/** The order in which messages of each system go; templates are queues of instances. */
const FLOW: Readonly<Record<string, readonly string[]>> = {
  contextiq: [
    "extraction.requests",
    "consolidation.requests",
    "session.events",
    "memory.events",
    "events.analytics",
    "events.logging",
    "events.webhook",
    "extraction.results",
    "consolidation.results",
    "dead_letter",
  ],
  debias: ["events.neo4j", "events.qdrant", "events.dlq"],
  "fo-analytics": ["document_processing", "document_processing_dlq"],
  cgcg: ["tasks", "control.{workerId}", "direct.{queue}", "tasks.status", "tasks.dead"],
  stage7: ["{serviceType}-{serviceId}", "stage7.dead_letters"],
};

test.each(each)("%s: a row for each queue, in the direction of the flow, dead letters last", (name, topology) => {
  const order = flowOrder(topology);
  const plan = compile(topology);
  const declared = plan.queues
    .filter(({ role }) => role.kind !== "rung")
    .map((queue) => (queue.role.kind === "partition" ? queue.role.of : queue.name));
  expect(order.map((row) => row.name).sort()).toEqual([...new Set(declared), ...plan.templates.map((template) => template.name)].sort());
  const titles = rowsOf(all[`topology-${topology.name}`] as Dashboard).map(({ title }) => title?.replace(/ \(instances\)$/, ""));
  expect(titles).toEqual(order.map((row) => row.name));
  const firstDead = order.findIndex(({ deadLetters }) => deadLetters);
  expect(order.slice(firstDead).every(({ deadLetters }) => deadLetters)).toBe(true);
  expect(titles).toEqual(FLOW[name]);
});

test("a chain of services, in whatever order it is written down, comes out as a chain", () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 2, max: 8 })
        .chain((length) => fc.tuple(fc.constant(length), fc.shuffledSubarray([...Array(length).keys()], { minLength: length }))),
      ([length, order]) => {
        const shuffled = <T>(entry: (at: number) => [string, T]): Record<string, T> => Object.fromEntries(order.map(entry));
        const chain = {
          name: "chain",
          exchanges: { dead: { type: "fanout" } },
          queues: {
            dead: { type: "quorum", from: { dead: "" } },
            ...shuffled((at) => [`q${at}`, { type: "quorum", deadLetterTo: "dead" }]),
          },
          messages: shuffled((at) => [`m${at}`, { to: { queue: `q${at}` } }]),
          services: {
            start: { publishes: ["m0"] },
            ...shuffled((at) => [`s${at}`, { consumes: [`q${at}`], ...(at + 1 < length ? { publishes: [`m${at + 1}`] } : {}) }]),
          },
        } as unknown as Topology;
        expect(flowOrder(chain).map(({ name }) => name)).toEqual([...Array.from({ length }, (_, at) => `q${at}`), "dead"]);
      },
    ),
  );
});

test("a circle of services has an order too: each queue once", () => {
  const circle = {
    name: "circle",
    queues: { a: { type: "quorum" }, b: { type: "quorum" }, alone: { type: "classic" } },
    messages: { ma: { to: { queue: "a" } }, mb: { to: { queue: "b" } } },
    services: { s: { consumes: ["a"], publishes: ["mb"] }, t: { consumes: ["b"], publishes: ["ma"] } },
  } as unknown as Topology;
  expect(
    flowOrder(circle)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(["a", "alone", "b"]);
});

/** The error that PromQL's own grammar finds, and the series that are asked for. */
function parsed(expr: string): { readonly fault: string | undefined; readonly names: readonly string[] } {
  let fault: string | undefined;
  const names: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ type, from, to, node }) => {
      if (type.isError) fault ??= `at ${from}: ${expr.slice(from, to + 20)}`;
      if (type.name === "Identifier" && node.parent?.name === "VectorSelector") names.push(expr.slice(from, to));
    },
  });
  return { fault, names };
}

test("every query is PromQL, and asks for series that somebody exports", () => {
  expect(parsed("sum(rate(a[5m])").fault).toBeDefined();
  const queries = queriesOf(all, { installation: 'de"v' });
  expect(queries.length).toBeGreaterThan(100);
  const asked = new Set<string>();
  for (const { dashboard, panel, expr } of queries) {
    const { fault, names } = parsed(expr);
    expect([dashboard, panel, expr, fault]).toEqual([dashboard, panel, expr, undefined]);
    expect(names.length, expr).toBeGreaterThan(0);
    names.forEach((name) => asked.add(name));
    expect(expr).not.toContain("$");
    // Each selector is of the one installation.
    expect(expr.split('installation="de\\"v"').length - 1, expr).toBe(names.length);
  }
  expect(Object.keys(SERIES)).toEqual(expect.arrayContaining([...asked]));
});

test("a template's row leaves out queues that are there by name; its dead letters are looked for by its pattern", () => {
  const of = {
    name: "t",
    exchanges: { dead: { type: "fanout" } },
    queues: { "i-main": { type: "quorum", deadLetterTo: "dead" } },
    templates: { i: { name: "i-{n}", type: "quorum", deadLetterTo: "dead" }, d: { name: "d-{n}", type: "quorum", from: { dead: "" } } },
  } as unknown as Topology;
  const made = queriesOf(dashboardsOf({ topologies: [of] }));
  const rowOf = (row: string) => made.filter((query) => query.row === row).map(({ expr }) => expr);
  expect(rowOf("i-{n} (instances)")[0]).toContain('queue=~"i-[^.]+", queue!~"i-main"');
  for (const { expr } of made) expect(expr).not.toMatch(/queue=~?"[^"]*\{n\}/);
});

test("nodes: red from the first that is down", () => {
  const panel = panelsOf(all["overview"] as Dashboard).find(({ title }) => title === "Nodes down");
  expect(panel?.fieldConfig?.defaults.thresholds?.steps).toEqual([
    { value: null, color: "green" },
    { value: 1, color: "red" },
  ]);
});

test("a uid that is too long keeps apart what is apart", () => {
  const long = "warren-topology-".padEnd(60, "x");
  expect(shortUid("warren-overview")).toBe("warren-overview");
  expect(shortUid(`${long}1`)).toHaveLength(40);
  expect(shortUid(`${long}1`)).not.toBe(shortUid(`${long}2`));
});

test.each(Object.entries(all))("%s: titles, descriptions, units, legends, ids, places", (_, dashboard) => {
  expect(dashboard.title).toMatch(/^Warren: /);
  expect(dashboard.uid).toMatch(/^[a-z0-9-]{1,40}$/);
  const ids = [...rowsOf(dashboard), ...panelsOf(dashboard)].map(({ id }) => id);
  expect(ids.every((id) => typeof id === "number" && id > 0)).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  expect(dashboard.templating?.list?.map(({ name }) => name)).toEqual(["datasource", "installation"]);
  const panels = panelsOf(dashboard);
  expect(panels.length).toBeGreaterThan(0);
  for (const panel of panels) {
    expect(panel.title).toMatch(/\S/);
    expect(panel.description).toMatch(/^[A-Z0-9].*\.$/s);
    expect(panel.fieldConfig?.defaults.unit).toMatch(/^\w+$/);
    expect(panel.datasource).toEqual({ type: "prometheus", uid: "${datasource}" });
    const targets = (panel.targets ?? []) as { refId?: string; legendFormat?: string }[];
    expect(targets.length).toBeGreaterThan(0);
    expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    for (const { legendFormat } of targets) expect(legendFormat).toMatch(/\S/);
    const { x = -1, w = 0 } = panel.gridPos ?? {};
    expect(x >= 0 && x + w <= 24).toBe(true);
  }
  // What a folded row holds gets its place when it is opened.
  const groups = rowsOf(dashboard).some(({ collapsed }) => collapsed) ? rowsOf(dashboard).map((row) => row.panels) : [panels];
  for (const group of groups) {
    const boxes = group.flatMap(({ gridPos }) => (gridPos ? [gridPos] : []));
    for (const [at, a] of boxes.entries()) {
      for (const b of boxes.slice(at + 1)) {
        const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
        expect(apart, JSON.stringify([a, b])).toBe(true);
      }
    }
  }
});

test("legends name labels that their query keeps", () => {
  for (const { legend, expr } of queriesOf(all)) {
    const [, grouped] = /^(?:sum|max|min) by \(([^)]*)\)/.exec(expr) ?? [];
    if (grouped === undefined) continue;
    const kept = grouped.split(", ");
    for (const [, label = ""] of legend.matchAll(/\{\{(\w+)\}\}/g)) expect(kept, `${legend} of ${expr}`).toContain(label);
    // Several lines under one name could not be told apart.
    const told = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
    expect(
      kept.filter((label) => !told.includes(label) && !expr.includes(`${label}="`)),
      expr,
    ).toEqual([]);
  }
});

test("overview, one for each topology, workers, dead letters; the same every time; many queues begin folded", () => {
  expect(Object.keys(all)).toEqual([
    "overview",
    ...Object.values(systems).map(({ name }) => `topology-${name}`),
    "workers",
    "dead-letters",
  ]);
  const plain = dashboardsOf({ topologies: Object.values(systems) }, { certificates: false });
  expect(queriesOf(plain).filter(({ expr }) => expr.includes("certificate"))).toEqual([]);
  expect(JSON.stringify(dashboardsOf({ topologies: Object.values(systems) }))).toBe(JSON.stringify(all));
  const alone = { name: "plain", queues: { only: { type: "classic" } } } as unknown as Topology;
  expect(Object.keys(dashboardsOf({ topologies: [alone] }))).toEqual(["overview", "topology-plain"]);
  const queues = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`q${at}`, { type: "classic" }]));
  const many = dashboardsOf({ topologies: [{ name: "many", queues } as unknown as Topology] });
  const rows = rowsOf(many["topology-many"] as Dashboard);
  expect(rows.every(({ collapsed, panels }) => collapsed && panels.length > 0)).toBe(true);
  expect(queriesOf(many).filter(({ dashboard, row }) => dashboard === "topology-many" && row === "q29").length).toBeGreaterThan(0);
});

test("any name can stand in a query", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      const { fault, names } = parsed(`max(a{queue=${quoted(name)}})`);
      expect([fault, names]).toEqual([undefined, ["a"]]);
    }),
  );
});
