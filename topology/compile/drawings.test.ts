/** Mermaid and DOT of a flow graph: well formed whatever the names, and nothing of the graph missing. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Topology } from "../model.js";
import { contextiq, debias, stage7, systems } from "../systems/index.js";
import { dot } from "./dot.js";
import { graph } from "./graph.js";
import { mermaid } from "./mermaid.js";
import { picture } from "./picture.js";

const EVIL = [
  '"><script>alert(1)</script>',
  "a`b`\\",
  "end",
  "style x:y#z;",
  "{{x}}|y|",
  "%%{init}%%",
  "-->",
  "\\N \\G \\L",
  "]]>",
  "&amp;",
  "日本 😀",
  "#quot;",
  "\u001b[31m\u0000",
];

const hostile = (names: readonly string[]): Topology => {
  const entries = <T>(value: (name: string) => T): Record<string, T> => Object.fromEntries(names.map((name) => [name, value(name)]));
  return {
    name: names[0] ?? "",
    description: names[1] ?? "",
    exchanges: entries(() => ({ type: "topic" })),
    queues: entries((name) => ({
      type: "quorum",
      from: { [name]: [name, "#"] },
      deadLetterTo: { exchange: name, routingKey: name },
      retry: ["1 second"],
    })),
    messages: entries((name) => ({ to: name, key: name })),
    services: entries((name) => ({ publishes: [name], consumes: [name] })),
  };
};

// A label holds nothing that Mermaid reads: letters, digits, a few harmless signs, entities, line breaks of ours.
const LABEL = /"(?:[\p{L}\p{M}\p{N} _.,*{}()/=+·→-]|#\d+;|<br\/>)+"/u.source;
const NODE = new RegExp(`^ {2,4}n\\d+(?:\\(|>|\\{\\{|\\[|\\(\\[|\\[\\[)${LABEL}(?:\\)|\\]|\\}\\}|\\]\\)|\\]\\]):::[a-z]+$`, "u");
const EDGE = new RegExp(`^ {2}n\\d+ (?:-->|-\\.->)(?:\\|${LABEL}\\|)? n\\d+$`, "u");
const OTHER = new RegExp(
  `^(?:---|title: ".*"|flowchart LR| {2}subgraph t\\d+\\[${LABEL}\\]| {2}end| {2}classDef [a-z]+ [a-z0-9#:,\\- ]+|)$`,
  "u",
);

function strange(text: string): string[] {
  return text.split("\n").filter((line) => !NODE.test(line) && !EDGE.test(line) && !OTHER.test(line));
}

describe("Mermaid", () => {
  test.each(Object.entries(systems))("%s: every line is a node, an edge or a class", (_, topology) => {
    expect(strange(mermaid(graph({ topologies: [topology] })))).toEqual([]);
  });

  test("names cannot leave their labels", () => {
    expect(strange(mermaid(graph({ topologies: [hostile(EVIL), debias] })))).toEqual([]);
    expect(mermaid(graph({ topologies: [hostile(EVIL)] }))).toContain('"#34;#62;#60;script#62;alert(1)#60;/script#62;<br/>topic"');
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: "binary", maxLength: 6 }), { minLength: 2, maxLength: 3 }), (names) => {
        expect(strange(mermaid(graph({ topologies: [hostile(names), debias] })))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test("debias, some of its lines", () => {
    const text = mermaid(graph({ topologies: [debias] }));
    expect(text).toContain('title: "debias: E-commerce events for a graph and a vector database"\n---\nflowchart LR\n');
    expect(text).toContain('["events.neo4j<br/>quorum · TTL 24 h · max 100,000"]:::queue');
    expect(text).toContain('(["retry 5 s → 30 s → 5 min"]):::ladder');
    expect(text).toContain('["events.dlq<br/>quorum · TTL 7 d"]:::dead');
    expect(text).toContain('-.->|"dead letters"|');
  });
});

describe("DOT", () => {
  test("names cannot leave their labels", () => {
    const text = dot(graph({ topologies: [hostile(EVIL)] }));
    expect(text).not.toContain("<script");
    expect(text).toContain("&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;");
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  test("dead letters that go back to the exchange of their own queue do not turn the drawing around", () => {
    const text = dot(graph({ topologies: [systems["fo-analytics"] as Topology] }));
    expect(text).toMatch(/class="dead-letter".*dir=back/);
    expect(dot(graph({ topologies: [debias] }))).not.toContain("dir=back");
  });

  test("a ladder stands in its queue", () => {
    expect(dot(graph({ topologies: [debias] }))).toMatch(/events\.neo4j<\/B>.*retry 5 s → 30 s → 5 min/);
  });
});

describe("picture", () => {
  test("services that do the same are one box", () => {
    const { boxes } = picture(graph({ topologies: [stage7] }));
    const publishers = boxes.filter(({ kind }) => kind === "publisher");
    expect(publishers).toHaveLength(1);
    expect(publishers[0]?.rows.map(({ name }) => name)).toEqual(["post-office", "mission-control", "brain", "agent-set", "librarian"]);
    expect(boxes.find(({ kind }) => kind === "consumer")?.rows[0]).toEqual({ name: "post-office", note: "postoffice-{serviceId}" });
  });

  test("dead letters of many queues share one label on their way to one exchange", () => {
    const { labels } = picture(graph({ topologies: [contextiq] }));
    const dead = labels.filter(({ kind }) => kind === "dead-letter");
    expect(dead).toHaveLength(1);
    expect(dead[0]?.from).toHaveLength(9);
    expect(dead[0]?.keys).toEqual(["dead_letter"]);
  });

  test("no edge is lost", () => {
    for (const topology of Object.values(systems)) {
      const flow = graph({ topologies: [topology] });
      const { boxes, edges, labels } = picture(flow);
      const ids = new Set(boxes.map(({ id }) => id));
      for (const { from, to } of edges) expect(ids.has(from) && ids.has(to)).toBe(true);
      const drawn = edges.length + labels.reduce((sum, { from, to }) => sum + Math.max(from.length, to.length), 0);
      const merged = topology === stage7 ? 4 * 3 + 4 : 0;
      expect(drawn).toBe(flow.edges.length - merged);
    }
  });
});
