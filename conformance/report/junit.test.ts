/** The JUnit report, read back by a strict XML parser. */
import fc from "fast-check";
import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import { hostile } from "./hostile.js";
import { junitReport } from "./junit.js";
import { reportSaying, sampleReport } from "./sample.js";

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

/** Throws where the text is not well-formed XML 1.0. */
function parsed(xml: string): Element {
  const root: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    const element: Element = { name, attributes, children: [], text: "" };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on("text", (text) => ((open.at(-1) ?? root).text += text));
  parser.on("closetag", () => void open.pop());
  parser.write(xml).close();
  return root.children[0] ?? root;
}

const all = (element: Element, name: string): Element[] => [
  ...(element.name === name ? [element] : []),
  ...element.children.flatMap((child) => all(child, name)),
];

describe("the report as JUnit XML", () => {
  const report = sampleReport();
  const root = parsed(junitReport(report));

  test("has a suite for each probe of each topology, and its sums are right", () => {
    const suites = root.children;
    expect(suites.map(({ attributes }) => attributes["name"])).toEqual(report.probes.map(({ vhost, name }) => `${vhost}: ${name}`));
    for (const suite of [root, ...suites]) {
      const cases = all(suite, "testcase");
      expect(suite.attributes["tests"]).toBe(String(cases.length));
      expect(suite.attributes["failures"]).toBe(String(all(suite, "failure").length));
      expect(suite.attributes["skipped"]).toBe(String(all(suite, "skipped").length));
    }
    expect(root.attributes).toMatchObject({ name: "warren conformance", failures: "3", errors: "0", time: "83.400" });
  });

  test("a failure has its whole message, and its evidence beside it", () => {
    const [failed] = all(root, "testcase").filter(({ children }) => children.some(({ name }) => name === "failure"));
    expect(failed?.attributes).toEqual({ name: 'queue "extraction.requests.retry.2"', classname: "contextiq.objects", time: "0.006" });
    const [failure, out] = failed?.children ?? [];
    expect(failure?.attributes["message"]).toBe('Queue "extraction.requests.retry.2" in vhost "contextiq" differs from the topology:');
    expect(failure?.text).toContain('\n  x-queue-type is "classic", and the topology says "quorum"');
    expect(out?.name).toBe("system-out");
    expect(out?.text.split("\n")).toHaveLength(2);
  });

  test("what was not run is skipped with its reason, also a probe without cases", () => {
    const reasons = all(root, "skipped").map(({ attributes }) => attributes["message"]);
    expect(reasons).toContain("the plugin rabbitmq_stream is not enabled on any node");
    expect(reasons.filter((reason) => reason === "not declared: tls")).toHaveLength(2);
  });

  test("what XML cannot hold is shown as an escape; the rest comes back as it was", () => {
    const said = (text: string): string | undefined => all(parsed(junitReport(reportSaying(text))), "testcase")[0]?.attributes["name"];
    expect(said("a\u0000b\u001bc\ufffed\ud800e")).toBe("a\\u0000b\\u001bc\\ufffed\\ud800e");
    expect(said('<a href="&amp;">\'😀\n2')).toBe('<a href="&amp;">\'😀\n2');
  });

  test("whatever is said in it: it stays well-formed, and of the same shape", () => {
    const shape = (text: string): string =>
      JSON.stringify(parsed(junitReport(reportSaying(text))), (key, value: unknown) =>
        key === "text" ? undefined : key === "attributes" ? Object.keys(value as object) : value,
      );
    const usual = shape("x");
    fc.assert(fc.property(hostile, (text) => void expect(shape(text)).toBe(usual)));
  });
});
