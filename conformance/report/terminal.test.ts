/** What a terminal shows of a report. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { styleFor, type Style } from "../../cli/output.js";
import { Report } from "../report.js";
import { hostile } from "./hostile.js";
import { reportSaying, sampleReport } from "./sample.js";
import { terminalReport } from "./terminal.js";
import { elapsed, meaning, moment, untried } from "./words.js";

const plain: Style = (_, text) => text;
const lines = terminalReport(sampleReport(), plain).split("\n");

describe("the report for a terminal", () => {
  test("the samples are reports", () => {
    expect(() => Report.parse(sampleReport())).not.toThrow();
    expect(() => Report.parse(reportSaying("x"))).not.toThrow();
  });

  test("begins with the broker, and ends with the result and what it means", () => {
    expect(lines[0]).toBe(
      "http://127.0.0.1:15672 · RabbitMQ 4.3.6 · 1 node · profile probe (messages on a copy) · 2026-03-14 09:26:53 UTC",
    );
    expect(lines.slice(-3)).toEqual([
      "✗ failure  3 promises were broken, in 3 of 339 cases.",
      "  336 kept, 3 broken, 3 not run (342 cases) in 1 min 23 s",
      "",
    ]);
  });

  test("has a table for each topology", () => {
    const start = lines.indexOf("debias");
    expect(lines.slice(start, start + 6)).toEqual([
      "debias",
      "             probe                          level     kept  broken  not run    time",
      "  ✓ kept     objects                        core        13                    61 ms",
      "  ✓ kept     unroutable                     core         1                    11 ms",
      "  ✗ broken   permissions                    core        35       1           511 ms",
      "  – not run  tls-versions                   extended",
    ]);
  });

  test("shows what was broken with its whole message and its evidence", () => {
    const start = lines.findIndex((line) => line.includes('✗ queue "extraction.requests.retry.2"'));
    expect(lines.slice(start - 1, start + 6)).toEqual([
      "  contextiq · objects  Every declared object exists with exactly its arguments, and nothing else does.",
      '    ✗ queue "extraction.requests.retry.2"  6 ms',
      '      │ Queue "extraction.requests.retry.2" in vhost "contextiq" differs from the topology:',
      '      │   x-queue-type is "classic", and the topology says "quorum"',
      '      │   the policy in effect is "by-hand" (priority 100), and the topology says "extraction.requests.retry.2" (priority 10)',
      "      2 ms  read     GET /api/queues/contextiq/extraction.requests.retry.2",
      '      5 ms  read     type classic, durable, policy "by-hand"',
    ]);
  });

  test("says once why something was not run", () => {
    const start = lines.indexOf("Not run");
    expect(lines.slice(start, start + 7)).toEqual([
      "Not run",
      "  not declared: tls: tls-versions (2×)",
      "  not declared: cluster: cluster-members (2×)",
      "  not part of profile probe: definitions-survive-a-restart (2×)",
      "  the topology promises nothing of the kind: priorities (2×)",
      "  the rung is longer than 30 seconds; --long waits for it: retry-ladder: 2 cases",
      "  the plugin rabbitmq_stream is not enabled on any node: stream-offsets",
    ]);
  });

  test("keeps long evidence short, and says so", () => {
    const report = reportSaying("x");
    const [first] = report.probes[0]?.cases ?? [];
    for (let ms = 0; ms < 50; ms++) first?.evidence.push({ kind: "read", text: `line ${ms}`, ms });
    const text = terminalReport(report, plain);
    expect(text).toContain("(26 earlier lines of evidence: in the JSON and the HTML report)");
    expect(text).toContain("line 49");
    expect(text).not.toContain("line 19\n");
  });

  test("has colours where the style has them", () => {
    const text = terminalReport(sampleReport(), styleFor({ isTTY: true }, {}));
    expect(text).toContain("\u001b[31m✗ failure\u001b[39m");
    expect(text.replace(/\u001b\[\d+m/g, "")).toBe(lines.join("\n"));
  });

  test("whatever is said in it: no control character gets out, and no line is made up", () => {
    const shape = (text: string): number => terminalReport(reportSaying(text), plain).split("\n").length;
    const usual = shape("x");
    fc.assert(
      fc.property(hostile, (text) => {
        const said = terminalReport(reportSaying(text), plain);
        expect(said).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
        // Of the message's lines, each is marked as one.
        expect(shape(text)).toBe(usual + (text.split("\n").length - 1));
        expect(said.split("\n").filter((line) => line.startsWith("      │")).length).toBe(text.split("\n").length);
      }),
    );
  });
});

describe("words", () => {
  test.each([
    [0, "0 ms"],
    [0.0404, "40 ms"],
    [0.9994, "999 ms"],
    [0.9996, "1.0 s"],
    [59.94, "59.9 s"],
    [59.96, "1 min 0 s"],
    [83.4, "1 min 23 s"],
  ])("%s seconds are %s", (seconds, text) => expect(elapsed(seconds)).toBe(text));

  test("a time that is none stays as it is", () =>
    expect([moment("soon"), moment("2026-01-02T03:04:05Z")]).toEqual(["soon", "2026-01-02 03:04:05 UTC"]));

  test("each result says what it means", () => {
    const of = (result: Report["result"]): string => meaning({ ...sampleReport(), result });
    expect(of("success")).toMatch(/was kept/);
    expect(of("partial")).toMatch(/not everything .* was tried/);
    expect(of("not-run")).toMatch(/Nothing was tried/);
    expect(meaning(reportSaying("x"))).toBe("A promise was broken, in 1 of 4 cases.");
  });

  test("a case alone is named where it was not run", () => {
    expect(untried(reportSaying("x").probes.slice(0, 1))).toEqual([{ reason: "x", what: ["x: x"] }]);
  });
});
