/** The HTML report as text: order, policy, and that nothing in it becomes markup. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { topologyDiagrams } from "./diagrams.js";
import { htmlReport } from "./html.js";
import { hostile } from "./hostile.js";
import { reportSaying, sampleInstallation, sampleReport } from "./sample.js";

/** The tags with the names of their attributes: all that a browser could do something with. */
const tags = (page: string): string[] => (page.match(/<[a-zA-Z/!][^>]*>/g) ?? []).map((tag) => tag.replace(/"[^"]*"/g, '""'));

describe("the report as a page", () => {
  const page = htmlReport(sampleReport());

  test("what is broken comes first and is open, the rest is folded", () => {
    const probes = [...page.matchAll(/<(?:details|div) class="probe[^>]*data-result="([a-z-]+)"([^>]*)>/g)].map(([, result, rest]) => ({
      result,
      open: rest?.includes("open"),
    }));
    expect(probes.map(({ result }) => result)).toEqual([
      ...["failure", "failure", "failure", "partial", "not-run"],
      ...["success", "success", "success", ...Array<string>(8).fill("not-run")],
    ]);
    expect(probes.map(({ open }) => open)).toEqual(probes.map(({ result }) => result === "failure"));
    expect(page.match(/data-result="failure"><details open>/g)).toHaveLength(3);
    expect(page).not.toMatch(/data-result="success"><details open>/);
  });

  test("says the result, the broker, the profile and the times", () => {
    for (const text of [
      "<h1>Failure</h1>",
      "3 promises were broken, in 3 of 339 cases.",
      "http://127.0.0.1:15672",
      "4.3.6, 1 node",
      "1 min 23 s",
    ])
      expect(page).toContain(text);
    for (const [result, heading] of [
      ["success", "Success"],
      ["partial", "Partial"],
      ["not-run", "Not run"],
    ] as const)
      expect(htmlReport({ ...sampleReport(), result })).toContain(`<h1>${heading}</h1>`);
  });

  test("asks for nothing from anywhere, and lets only its own script and styles work", async () => {
    const pictures = await topologyDiagrams(sampleInstallation);
    const whole = htmlReport(sampleReport(), pictures);
    expect(whole).not.toMatch(/<(?:link|img|iframe|object|embed|base)\b|\ssrc=|@import|url\(|\sstyle="|\son[a-z]+="/);
    const [, policy = ""] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(whole) ?? [];
    expect(policy).toMatch(/^default-src 'none'; script-src '[^' ]+'; style-src '[^' ]+' '[^' ]+'; base-uri 'none'; form-action 'none'$/);
    const blocks = [...whole.matchAll(/<(style|script)>([\s\S]*?)<\/\1>/g)].map(([, , text = ""]) => text);
    expect(blocks).toHaveLength(4);
    for (const text of blocks) expect(policy).toContain(`'sha256-${createHash("sha256").update(text).digest("base64")}'`);
    expect(whole.match(/<svg[^>]*class="warren-flow"/g)).toHaveLength(2);
    expect(page).toContain("flowchart LR");
  });

  test("a report without a probe is a page too", () => {
    const empty = { ...sampleReport(), result: "not-run" as const, probes: [], counts: { success: 0, failure: 0, "not-run": 0 } };
    expect(htmlReport(empty)).toContain("Nothing was tried, so nothing is known.");
    expect(htmlReport(empty)).not.toContain("NaN");
  });

  test("whatever is said in it stays text", () => {
    const usual = tags(htmlReport(reportSaying("x")));
    fc.assert(fc.property(hostile, (text) => void expect(tags(htmlReport(reportSaying(text)))).toEqual(usual)));
  });

  test("control characters and turns of the direction are shown as escapes", () => {
    const said = htmlReport(reportSaying("a\u202eb\u0000c"));
    expect(said).toContain("a\\u202eb\\u0000c");
    expect(said).not.toMatch(/[\u0000\u202e]/);
  });
});
